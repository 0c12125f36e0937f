"""`story` shows which passages are copied, and why we think so: for machines by offsets, for people in marks."""

from __future__ import annotations

from pathlib import Path

from tests.graph.test_commands import ran, record
from tests.running import answer, command, exported
from transforms.text import fold

ROAD = (
    "أعلنت سلطات أرديليا يوم الثلاثاء إعادة فتح الطريق الجبلي بعد أن أغلقته فيضانات الربيع. وقال الوزير إن كلفة "
    "الجسرين الجديدين ستقسم بين البلدين، وإن لجنة مشتركة ستجتمع كل شهر في بلدة ليرنا الحدودية."
)
OWN = "كتب مراسلنا في الميناء أن المزارعين خرجوا إلى الشوارع فرحا بعودة الشاحنات إلى الجنوب. "
RECORDS = [
    record("https://reuters.com/a", f"ليرنا (رويترز) - {ROAD}", hour=2, source={"id": "r", "domain": "reuters.com"}),
    record("https://paper.example/b", f"{OWN}ليرنا (رويترز) - {ROAD.replace('أ', 'ا')}", hour=3,
           author="رويترز",
           source={"id": "paper", "name": "صحيفة المرفأ", "domain": "paper.example"}),
    record("https://early.example/c", ROAD, hour=1, source={"id": "early", "domain": "early.example"}),
]  # fmt: skip


def test_the_passages_of_a_repost_by_offsets_and_in_marks(tmp_path: Path) -> None:
    config = ran(tmp_path, RECORDS)
    (story,) = answer(config, "story", "https://paper.example/b")
    members = {member["url"][-1]: member for member in story["members"]}
    bodies = {key: document["body"] for key, document in exported(config).items()}
    original = members["a"]["id"]
    assert [members["a"]["matched"], story["original_id"]] == [[], original]
    (passage,) = members["b"]["matched"]
    assert (passage["of"], passage["field"]) == (original, "body")
    shown = bodies[members["b"]["id"]][passage["start"] : passage["end"]]
    assert shown.startswith("ليرنا (رويترز)")
    assert fold(shown) in fold(bodies[original])
    reasons = {key: member["story"]["verdict"]["text"] for key, member in members.items()}
    assert reasons["a"] == "Reuters' own article, though a repost is dated 1 hour earlier"
    assert reasons["b"].startswith("credits Reuters; Reuters' own article came 1 hour earlier; ")
    assert reasons["c"].startswith("credits nobody; Reuters' own article is the original, though dated 1 hour later")

    told = command(config, "story", original, env={"COLUMNS": "70"}).stdout
    assert "1 passage, " in told
    marked = [line for line in told.splitlines() if "⟦" in line]
    assert len(marked) == 2
    assert any("الشوارع فرحا" not in line and "الجنوب" in line and "⟦ليرنا" in line for line in marked)
    for line in told.splitlines():
        assert line.count("\u2068") == line.count("\u2069"), line
