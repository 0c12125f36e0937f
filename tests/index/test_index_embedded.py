"""What is the embedded index's own: its file, its processes, its speed at counting."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from index_samples import BLOG, NOON, WIRE, alert, content, sources, story, tags, whole

from transforms.index import embedded
from transforms.index.embedded import EmbeddedIndex
from transforms.index.interface import WRITTEN, Query
from transforms.index.open import open_index
from transforms.index.schema import APPLICATION_ID, MIGRATIONS, IndexFileError, IndexInUse
from transforms.records import Version, Write

HERE = Path(__file__).parent


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "news.db")


@pytest.fixture
def index(path: str) -> Iterator[EmbeddedIndex]:
    opened = EmbeddedIndex(path)
    yield opened
    opened.close()


@contextlib.contextmanager
def child(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, str(HERE / "index_child.py"), *arguments]
    places = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parents[1])])}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=places) as process:
        try:
            yield process
        finally:
            process.kill()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def recount(path: str) -> dict[str, int]:
    """The counters, counted."""
    questions = {
        "articles": "SELECT count(*) FROM content", "revisions": "SELECT count(*) FROM revision",
        "stories": "SELECT count(DISTINCT story) FROM article WHERE live = 1",
        "reposts": "SELECT count(*) FROM article WHERE live = 1 AND role = 'repost'",
        "alerts": "SELECT count(*) FROM alert WHERE live = 1",
    }  # fmt: skip
    with contextlib.closing(sqlite3.connect(path)) as db:
        return {name: db.execute(question).fetchone()[0] for name, question in questions.items()}


def check_full_text(index: EmbeddedIndex) -> None:
    """Full text holds exactly what it would if it were written anew."""
    with index._db.write() as db:
        terms = "SELECT term, doc, col, offset FROM v ORDER BY 1, 2, 3, 4"
        db.execute("CREATE VIRTUAL TABLE temp.v USING fts5vocab('main', 'fts', 'instance')")
        before = db.execute(terms).fetchall()
        embedded._rewrite_full_text(db)
        assert db.execute(terms).fetchall() == before
        db.execute("DROP TABLE temp.v")


class TestFile:
    def test_a_file_of_version_1_becomes_current(self, path: str) -> None:
        with contextlib.closing(sqlite3.connect(path)) as old:
            old.executescript((HERE / "cases/schema_1.sql").read_text(encoding="utf-8"))
        index = EmbeddedIndex(path)
        assert [found["id"] for found in index.search(Query("عقوبات"))] == ["a"]
        assert [found["id"] for found in index.search(Query("rules"))] == []
        assert [found["revision"] for found in index.export(all_revisions=True)] == [0, 0, 1]
        assert index.story("s1")["reposts"] == 1
        assert [found["id"] for found in index.search(Query(topic="sanctions", source="blog.example"))] == ["b"]
        assert index.article("b")["source"]["id"] == "blog"
        assert index.start_epoch() == 3
        assert index.forgotten()[1] == ["gone"]
        assert index.feeds()["feed:x"] == {"etag": "e", "requested_ms": 7, "batch": 8}
        assert index.parcels(NOON)[0].alert["id"] == "r-s1"
        assert index.counts() | recount(path) == index.counts()
        index.close()
        assert sqlite3.connect(path).execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS)

    def test_a_later_migration_runs_once_and_only_with_nobody_else_there(self, path: str) -> None:
        first = EmbeddedIndex(path)
        first.apply(whole("a", "s1"))
        later = (*MIGRATIONS, lambda db: db.execute("ALTER TABLE article ADD COLUMN mood TEXT"))
        with pytest.raises(IndexInUse, match="in use"):
            EmbeddedIndex(path, migrations=later)
        first.close()
        for _ in range(2):
            index = EmbeddedIndex(path, migrations=later)
            assert index.article("a")["id"] == "a"
            index.close()
        with pytest.raises(
            IndexFileError, match=f"version {len(later)}, this program knows {len(MIGRATIONS)}; upgrade"
        ):
            EmbeddedIndex(path)

    def test_a_failing_migration_changes_nothing(self, path: str) -> None:
        EmbeddedIndex(path).close()

        def broken(db: sqlite3.Connection) -> None:
            db.execute("DROP TABLE feed")
            raise RuntimeError("half way")

        with pytest.raises(RuntimeError, match="half way"):
            EmbeddedIndex(path, migrations=(*MIGRATIONS, broken))
        index = EmbeddedIndex(path)
        assert index.feeds() == {}

    def test_another_programs_file_is_refused(self, path: str) -> None:
        with contextlib.closing(sqlite3.connect(path)) as db:
            db.execute("CREATE TABLE t (x)")
        with pytest.raises(IndexFileError, match="another program"):
            EmbeddedIndex(path)

    def test_what_is_no_database_is_refused(self, path: str) -> None:
        Path(path).write_bytes(b"a text file, and a long one " * 1000)
        with pytest.raises(IndexFileError, match="not an index"):
            EmbeddedIndex(path)

    def test_a_missing_one_is_made_only_where_that_is_wanted(self, tmp_path: Path) -> None:
        with pytest.raises(IndexFileError, match="no index yet"):
            EmbeddedIndex(str(tmp_path / "x/news.db"), create=False)
        assert not (tmp_path / "x").exists()
        EmbeddedIndex(str(tmp_path / "x/news.db")).close()
        EmbeddedIndex(str(tmp_path / "x/news.db"), create=False).close()

    def test_other_rules_of_folding_write_the_full_text_anew(self, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
        index = EmbeddedIndex(path)
        index.apply(whole("a", "s1", body="needle"))
        with index._db.write() as db:
            db.execute("INSERT INTO fts(fts) VALUES ('delete-all')")
        assert index.search(Query("needle")) == []
        index.close()
        monkeypatch.setattr(embedded, "RULES", "others")
        index = EmbeddedIndex(path)
        assert [found["id"] for found in index.search(Query("needle"))] == ["a"]
        assert [found["id"] for found in index.search(Query(entity="россия"))] == ["a"]

    def test_any_sqlite_tool_may_read_it(self, index: EmbeddedIndex, path: str) -> None:
        index.apply(whole("a", "s1"))
        with contextlib.closing(sqlite3.connect(path)) as db:
            assert db.execute("SELECT url FROM article").fetchall() == [("https://www.wire.example/a",)]
            assert db.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


class TestInStep:
    def test_after_a_thousand_random_writes_all_that_is_derived_is_right(self, index: EmbeddedIndex, path: str) -> None:
        dice = random.Random(7)
        for round_ in range(60):
            index.apply([self._write(dice) for _ in range(20)])
            if round_ % 5 == 4:
                index.raise_alert(alert(f"s{dice.randrange(6)}", f"a{dice.randrange(40)}"), ["log"])
                index.forget([f"a{dice.randrange(40)}"])
        counts = index.counts()
        assert counts["articles"] > 10
        assert counts["revisions"] > 10
        assert {name: counts[name] for name in recount(path)} == recount(path)
        with contextlib.closing(sqlite3.connect(path)) as db:
            members = dict(db.execute("SELECT story, count(*) FROM article WHERE live = 1 AND story > '' GROUP BY 1"))
            assert dict(db.execute("SELECT id, members FROM story")) == members
            db.execute("CREATE VIRTUAL TABLE temp.v USING fts5vocab('main', 'label', 'instance')")
            labelled = {n for (n,) in db.execute("SELECT doc FROM v")}
            assert labelled <= {n for (n,) in db.execute("SELECT n FROM article")}
        for source in (WIRE, BLOG):
            seen = {d["id"] for d in index.export() if source in (d["source"], *d["sources"])}
            assert {d["id"] for d in index.search(Query(source=source["id"], limit=100))} == seen
        for topic in ("t0", "t1", "t2"):
            tagged = {d["id"] for d in index.export() if any(found["id"] == topic for found in d["topics"])}
            assert {d["id"] for d in index.search(Query(topic=topic, limit=100))} == tagged
        check_full_text(index)

    def _write(self, dice: random.Random) -> Write:
        key, version = f"a{dice.randrange(40)}", dice.randrange(100)
        kind = dice.choice(["content", "tags", "story", "sources"])
        if kind == "sources":
            return sources(key, *dice.sample([WIRE, BLOG], dice.randrange(3)), version=version)
        if kind == "tags":
            return tags(key, version, topics=[{"id": f"t{dice.randrange(3)}"} for _ in range(2)])
        if kind == "story":
            role = dice.choice(["repost", "original", "unique"])
            return story(key, f"s{dice.randrange(6)}", role, version, (f"s{dice.randrange(6)}",))
        text = f"text {dice.randrange(9)} والكلمة"
        return content(key, version, body=text, revision=version // 20, source=dice.choice([WIRE, BLOG]))

    def test_counting_costs_nothing(self, index: EmbeddedIndex) -> None:
        index.apply([one for number in range(2000) for one in whole(f"a{number}", f"s{number}")])
        start = time.perf_counter()
        for _ in range(20):
            index.counts()
        assert (time.perf_counter() - start) / 20 < 0.005

    def test_a_failing_batch_leaves_nothing(self, index: EmbeddedIndex, path: str) -> None:
        with pytest.raises(ValueError, match="no field group"):
            index.apply([*whole("a", "s1"), Write("b", "nonsense", Version(1, 1), {})])
        assert index.counts()["articles"] == 0
        assert index.apply(whole("a", "s1")) == [WRITTEN] * 4
        assert [found["id"] for found in index.search(Query(entity="россия"))] == ["a"]

    def test_forgotten_words_are_wiped_from_the_file(self, index: EmbeddedIndex, path: str) -> None:
        index.apply([*whole("a", "s1", body="zanzibarquay was here"), content("b")])
        index.forget(["a"])
        index.compact()
        index.close()
        assert b"zanzibarquay" not in Path(path).read_bytes()
        assert not Path(f"{path}-wal").exists()


class TestProcesses:
    def test_two_write_while_two_read(self, path: str) -> None:
        EmbeddedIndex(path).close()
        with child("write", path, "x") as one, child("write", path, "y") as other:
            said(one), said(other)
            with child("read", path) as third, child("read", path) as fourth:
                assert said(third) == said(fourth) == "read"
            written = int(said(one)), int(said(other))
        index = EmbeddedIndex(path)
        assert index.counts()["articles"] >= sum(written)
        assert index.counts() | recount(path) == index.counts()
        check_full_text(index)

    def test_many_processes_may_be_the_first(self, path: str) -> None:
        with contextlib.ExitStack() as stack:
            children = [stack.enter_context(child("hold", path)) for _ in range(4)]
            assert [said(one) for one in children] == ["open"] * 4

    def test_kill_9_between_batches_loses_nothing_that_was_reported(self, path: str) -> None:
        for attempt in range(3):
            with child("write", path, f"k{attempt}-") as writer:
                reported = [said(writer) for _ in range(3)]
                time.sleep(0.01 * attempt)
                os.kill(writer.pid, signal.SIGKILL)
                reported += [line for line in writer.stdout.read().split() if line.isdigit()]  # type: ignore[union-attr]
            index = EmbeddedIndex(path)
            survived = [d["id"] for d in index.export() if d["id"].startswith(f"k{attempt}-")]
            assert len(survived) >= int(reported[-1])
            assert len(survived) % 10 == 0
            assert index.counts() | recount(path) == index.counts()
            check_full_text(index)
            index.close()

    def test_kill_9_inside_a_transaction_leaves_nothing_of_it(self, path: str) -> None:
        index = EmbeddedIndex(path)
        index.apply(whole("a", "s1"))
        with child("torn", path) as writer:
            assert said(writer) == "inside"
            assert index.counts()["articles"] == 1  # readers are not held up
            os.kill(writer.pid, signal.SIGKILL)
            writer.wait()
        assert index.apply(whole("b", "s2")) == [WRITTEN] * 4
        assert index.counts() | recount(path) == index.counts()
        assert index.search(Query("torn")) == []
        check_full_text(index)

    def test_threads(self, index: EmbeddedIndex) -> None:
        errors: list[BaseException] = []

        def work(name: str) -> None:
            try:
                for number in range(15):
                    index.apply(whole(f"{name}{number}", f"s{number}"))
                    assert index.article(f"{name}{number}")
                    index.search(Query("dalmar"))
                    next(index.seed(0))
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=work, args=(name,)) for name in "abcdef"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not errors
        assert index.counts()["articles"] == 90

    @pytest.mark.filterwarnings("ignore::DeprecationWarning")
    def test_a_forked_child_uses_a_connection_of_its_own(self, index: EmbeddedIndex) -> None:
        index.apply(whole("a", "s1"))
        reading = index.export()
        next(reading)
        process = multiprocessing.get_context("fork").Process(target=lambda: index.apply(whole("b", "s2")))
        process.start()
        process.join(30)
        assert process.exitcode == 0
        reading.close()
        assert index.apply(whole("c", "s3")) == [WRITTEN] * 4
        assert index.counts()["articles"] == 3

    def test_a_stream_sees_one_moment_while_others_write(self, index: EmbeddedIndex) -> None:
        index.apply([content(f"a{number:03}", at=NOON + number) for number in range(300)])
        stream = index.seed(0)
        next(stream)
        index.apply([content("late", at=NOON + 1000)])
        assert sum(1 for _ in stream) == 299


class TestOpening:
    def test_one_object_for_the_process_until_it_is_closed(self, path: str) -> None:
        index = open_index("embedded", path=path)
        assert open_index("embedded", path=os.path.join(os.path.dirname(path), ".", "news.db")) is index
        assert pickle.loads(pickle.dumps(index)) is index
        index.close()
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            index.counts()
        again = open_index("embedded", path=path)
        assert again is not index
        assert again.counts()["articles"] == 0
        again.close()

    def test_an_unknown_kind(self) -> None:
        with pytest.raises(ValueError, match="no index kind 'sqlite'"):
            open_index("sqlite", path="x")


class TestBackup:
    def test_a_backup_while_writing_is_whole(self, index: EmbeddedIndex, path: str, tmp_path: Path) -> None:
        with child("write", path, "x") as writer:
            said(writer)
            index.backup(str(tmp_path / "copies/one.db"))
            said(writer)
        copy = EmbeddedIndex(str(tmp_path / "copies/one.db"))
        assert copy.counts()["articles"] % 10 == 0
        assert copy.counts() | recount(copy.path) == copy.counts()
        check_full_text(copy)
        assert os.listdir(tmp_path / "copies") != []
        copy.close()

    def test_restored_as_it_was(self, index: EmbeddedIndex, path: str, tmp_path: Path) -> None:
        backup = str(tmp_path / "one.db")
        index.start_epoch()
        index.apply([*whole("a", "s1"), *whole("b", "s1"), *whole("c", "s3")])
        index.raise_alert(alert("s1", "a", "b"), ["log"])
        before = list(index.export())
        index.backup(backup)
        index.apply([content("a", 9, title="changed"), *whole("d", "s4")])
        index.restore(backup)
        assert list(index.export()) == before
        assert len(index.parcels(NOON)) == 1
        assert index.apply(whole("d", "s4")) == [WRITTEN] * 4
        assert [found["id"] for found in index.search(Query(entity="россия", source="wire"))] == ["a", "b", "c", "d"]

    def test_a_restore_gives_no_epoch_twice_and_brings_nothing_back(self, index: EmbeddedIndex, tmp_path: Path) -> None:
        backup = str(tmp_path / "one.db")
        index.apply([*whole("a", "s1"), *whole("b", "s2")])
        index.forget(["old"])
        index.backup(backup)
        index.forget(["a", "x"])
        epochs = [index.start_epoch() for _ in range(3)]
        position, _ = index.forgotten()
        index.restore(backup)
        assert [document["id"] for document in index.export()] == ["b"]
        assert index.start_epoch() > epochs[-1]
        assert sorted(index.forgotten()[1]) == ["a", "old", "x"]
        assert sorted(index.forgotten(position)[1]) == ["a", "x"]  # who followed the list learns it again
        assert [found["id"] for found in index.search(Query("title"))] == ["b"]

    def test_refused_while_another_process_has_it_open(self, index: EmbeddedIndex, path: str, tmp_path: Path) -> None:
        backup = str(tmp_path / "one.db")
        index.apply(whole("a", "s1"))
        index.backup(backup)
        with child("hold", path) as other:
            said(other)
            with pytest.raises(IndexInUse, match="stop it first"):
                index.restore(backup)
        assert index.counts()["articles"] == 1
        index.restore(backup)

    def test_refused_while_it_is_being_read(self, index: EmbeddedIndex, tmp_path: Path) -> None:
        backup = str(tmp_path / "one.db")
        index.apply(whole("a", "s1"))
        index.backup(backup)
        stream = index.export()
        next(stream)
        with pytest.raises(IndexInUse, match="being read"):
            index.restore(backup)
        stream.close()
        index.restore(backup)

    def test_what_is_no_sound_backup_is_refused_and_changes_nothing(self, index: EmbeddedIndex, tmp_path: Path) -> None:
        index.apply([content(f"a{number}") for number in range(200)])
        backup, other = tmp_path / "one.db", tmp_path / "other.db"
        index.backup(str(backup))
        torn = bytearray(backup.read_bytes())
        torn[8192 * 3 : 8192 * 9] = b"\x07" * 8192 * 6
        (tmp_path / "torn.db").write_bytes(torn)
        (tmp_path / "half.db").write_bytes(backup.read_bytes()[: 8192 * 4])
        (tmp_path / "empty.db").touch()
        sqlite3.connect(other).execute("CREATE TABLE t (x)")
        for name, problem in (
            ("missing.db", "does not exist"), ("torn.db", "damaged"), ("half.db", "damaged"), ("empty.db", "is empty"),
            ("other.db", "another program"),
        ):  # fmt: skip
            with pytest.raises(IndexFileError, match=problem):
                index.restore(str(tmp_path / name))
        with pytest.raises(IndexFileError, match="the index itself"):
            index.backup(index.path)
        assert index.counts()["articles"] == 200
