"""The pictures: well formed, with every panel, and with strangers' text made harmless."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from deploy.kibana import charts, svg
from deploy.kibana.draw import pictures
from deploy.kibana.request import Row
from deploy.kibana.source import Panel, load
from tests.kibana.asking import Newsroom

SVG = "{http://www.w3.org/2000/svg}"
BOX = svg.Box(0, 0, 400, 200)


def words(picture: str) -> list[str]:
    return [node.text or "" for node in ElementTree.fromstring(picture).iter(f"{SVG}text")]


@pytest.mark.servers
def test_each_dashboard_has_a_picture_with_all_its_panels(newsroom: Newsroom) -> None:
    source = load()
    made = pictures(source, newsroom.url, newsroom.prefix)
    assert set(made) == {board.id for board in source.boards}
    for board in source.boards:
        shown = words(made[board.id])
        assert {board.title, *(panel.title for panel in board.panels)} <= set(shown)
        assert shown.count("Nothing.") == 0


def test_text_of_strangers_is_harmless() -> None:
    drawn = svg.text((0, 0), "<script>x</script> & \x1b[2J\u202e\ud800", room=900)
    assert ElementTree.fromstring(svg.picture((10, 10), [drawn], 'a "b"'))[0].text == "<script>x</script> & [2J"


def test_right_to_left_text_begins_at_the_right_end_of_its_room() -> None:
    read = ElementTree.fromstring(svg.text((10, 0), "عقوبات", room=100))
    assert (read.get("direction"), read.get("x"), read.get("text-anchor")) == ("rtl", "110.0", "start")
    read = ElementTree.fromstring(svg.text((10, 0), "sanctions", room=100))
    assert (read.get("direction"), read.get("x")) == (None, "10.0")


def test_text_is_cut_to_its_room() -> None:
    assert svg.cut("short", 10, 100) == "short"
    cut = svg.cut("a very long title that has no room", 10, 60)
    assert cut.endswith("…")
    assert svg.width(cut, 10) <= 60


def panel(kind: str, **more: object) -> Panel:
    raw = {"title": "t", "kind": kind, "size": (24, 10), "data": "articles", "values": [{"label": "Articles"}], **more}
    return Panel.model_validate(raw)


def drawn(panel: Panel, rows: list[Row]) -> str:
    return svg.picture((400, 200), charts.CHARTS[panel.kind](panel, rows, BOX), "t")


def test_bars_are_as_long_as_their_figures() -> None:
    rows = [Row(("a",), (10,), 10), Row(("b",), (5,), 5)]
    read = ElementTree.fromstring(drawn(panel("bars", x={"field": "f"}), rows))
    widths = [float(bar.get("width") or 0) for bar in read.iter(f"{SVG}rect")]
    assert widths[0] == pytest.approx(2 * widths[1], rel=0.01)


def test_a_line_is_where_its_figures_are() -> None:
    timed = panel("line", x={"time": "@timestamp"})
    rows = [Row((60.0 * i,), (figure,), 1) for i, figure in enumerate((0, 10, None, 5))]
    read = ElementTree.fromstring(drawn(timed, rows))
    points = [line.get("points", "").split() for line in read.iter(f"{SVG}polyline")][-1]
    assert len(points) == 3
    lows = [float(point.split(",")[1]) for point in points]
    assert lows[1] < lows[2] < lows[0]


def test_figures_are_written_as_kibana_would() -> None:
    source = load()
    values = {value.form: value for board in source.boards for one in board.panels for value in one.values}
    assert charts.shown(12345, values["number"]) == "12,345"
    assert charts.shown(0.834, values["percent"]) == "83 %"
    assert charts.shown(90, values["minutes"]) == "1.5 min"
    assert charts.shown(1_764_000_000_000, values["date"]) == "24 Nov, 16:00"
    assert charts.shown(None, values["number"]) == "–"
