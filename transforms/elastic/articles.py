"""Writing articles: field groups in, one outcome each. Nothing is lost, and nothing stored twice, whatever fails.

An article is read as it stands, the groups that are not newer are dropped, the others merged, and the whole document is
created, or replaced on condition that it is still the same. Whatever goes wrong in between (it was changed by others,
the server was too busy or away, an answer did not come) ends in reading it again and deciding again. A write that was
applied though its answer was lost is known by the versions that are then stored.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from transforms.elastic import forget
from transforms.elastic.bulk import ASTRAY, CONFLICT, DONE, FAULT, LATER, REFUSED, Bulk, Item, Result
from transforms.elastic.client import Lost, Patience
from transforms.elastic.document import GROUPS, Merged, finished, former_document, merge
from transforms.elastic.homes import Busy, Homes, Recent, Stored
from transforms.elastic.keeper import Keeper
from transforms.elastic.meta import Forgotten
from transforms.elastic.names import LONGEST_ID, sound
from transforms.elastic.operations import Operation, done
from transforms.elastic.reach import Reach
from transforms.index.encode import UNSTORABLE, mend, mend_text
from transforms.index.interface import FORGOTTEN, WRITTEN, Rejection
from transforms.records import Json, Write, replace

_CONTESTED = 5  # times in a row that others changed it, after which there is a pause before the next try
_FAULTS = 6  # times that the server may fail at one document before it counts as refused


@dataclass(slots=True)
class Task:
    """One article of a batch: its writes, and how far they are."""

    id: str
    writes: list[Write] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)
    sent: dict[str, list[int]] = field(default_factory=dict)  # group: version, as last sent
    merged: Merged | None = None
    stored: Stored | None = None
    again: bool = False  # it was sent, and not taken as far as is known
    faults: int = 0
    conflicts: int = 0
    mended: bool = False
    changed: bool = False  # by us


class Articles:
    """Writes the articles of one index. Thread-safe: no two threads work on one article at the same time."""

    def __init__(self, reach: Reach, homes: Homes, gone: Forgotten, keeper: Keeper) -> None:
        self._reach, self._homes, self._gone, self._keeper = reach, homes, gone, keeper
        self._bulk = Bulk(reach.server)
        self._busy = Busy()
        self._origins: Recent[str, str] = Recent()  # article: the source it was first seen in

    def apply(self, writes: Sequence[Write]) -> list[str]:
        """As `Index.apply`."""
        for write in writes:
            if write.group not in GROUPS:
                raise ValueError(f"no field group {write.group!r}; one of {', '.join(GROUPS)}")
        tasks: dict[str, Task] = {}
        ids = [mend_text(write.id) for write in writes]
        for key, write in zip(ids, writes, strict=True):
            if key not in tasks:
                tasks[key] = Task(key)
            tasks[key].writes.append(write)
        with self._busy.hold(tasks), self._keeper.writing():
            self._apply(list(tasks.values()))
        outcomes = {key: iter(task.outcomes) for key, task in tasks.items()}
        return [next(outcomes[key]) for key in ids]

    def _apply(self, tasks: list[Task]) -> None:
        gone = self._gone.among(task.id for task in tasks)
        for task in tasks:
            if task.id in gone:
                task.outcomes = [FORGOTTEN] * len(task.writes)
            elif not sound(task.id):
                task.outcomes = [Rejection(f"an id may be 1 to {LONGEST_ID} bytes long")] * len(task.writes)
                self._reach.server.count(rejected=1)
        todo = [task for task in tasks if not task.outcomes]
        stories: set[str] = set()
        with self._reach.patience() as patience:
            while todo:
                planned = self._planned(todo)
                for task in todo:
                    stories |= task.merged.stories if task.merged else set()
                todo = self._written(planned, patience)
        changed = {task.id: task for task in tasks if task.changed}
        # One may have been forgotten after it was looked for, and removed before it was written.
        if changed and (late := self._gone.among(changed)):
            forget.remove_articles(self._reach, sorted(late))
            for key in late:
                changed[key].outcomes = [FORGOTTEN] * len(changed[key].writes)
        self._keeper.touch(stories)

    def _planned(self, tasks: list[Task]) -> list[tuple[Task, Item]]:
        """What is to be sent, after a look at what is stored; tasks of which nothing is left to be sent drop out."""
        stored = self._homes.read(task.id for task in tasks)
        open_tasks = [task for task in tasks if self._decided(task, stored.get(task.id))]
        self._learn_origins(open_tasks)
        now = int(time.time())
        items = [(task, self._item(task, now)) for task in open_tasks]
        self._keep_former(open_tasks, now)
        return items

    def _decided(self, task: Task, stored: Stored | None) -> bool:
        """Merge what is stored; whether anything is left to write. What stands there by an earlier try of ours was
        written by us."""
        source = stored.source if stored else None
        merged, told = self._merged(task, source), task.outcomes
        versions = source["news"].get("versions") or {} if source else {}
        applied = {group for group, version in task.sent.items() if versions.get(group) == version}
        if applied:
            task.changed = True
            self._reach.server.count(written=1)
        task.outcomes = [
            before if write.group in applied else outcome
            for write, before, outcome in zip(task.writes, told or merged.outcomes, merged.outcomes, strict=True)
        ]
        task.merged, task.stored = merged, stored
        task.sent = {write.group: merged.source["news"]["versions"][write.group] for write in _new(task, merged)}
        self._learn(task.id, merged.source)
        return bool(task.sent)

    def _merged(self, task: Task, source: Json | None) -> Merged:
        try:
            return merge(source, task.id, task.writes)
        except UNSTORABLE:
            if task.mended:
                raise
            self._mend(task)
            return merge(source, task.id, task.writes)

    def _item(self, task: Task, now: int) -> Item:
        try:
            return self._encoded(task, now)
        except UNSTORABLE:
            if task.mended:
                raise
            self._mend(task)
            task.merged = merge(task.stored.source if task.stored else None, task.id, task.writes)
            return self._encoded(task, now)

    def _mend(self, task: Task) -> None:
        task.mended = True
        task.writes = [replace(write, fields=mend(write.fields)) for write in task.writes]

    def _encoded(self, task: Task, now: int) -> Item:
        assert task.merged is not None
        source, stored = task.merged.source, task.stored
        told = finished(source, now, self._origin(task.merged))
        if stored is None:
            return Item.of(self._homes.settle(task.id), task.id, told)
        return Item.of(stored.index, task.id, told, stored.seq_no, stored.term)

    def _learn(self, key: str, source: Json) -> None:
        if origin := (source["news"].get("source") or {}).get("id"):
            self._origins.set(key, str(origin))

    def _learn_origins(self, tasks: Iterable[Task]) -> None:
        """The sources of the originals that placements name: of those not met lately, from what is stored."""
        wanted = {key for task in tasks if task.merged and task.merged.placed if (key := _original(task.merged.source))}
        unknown = [key for key in wanted if self._origins.get(key) is None]
        if unknown:
            for key, stored in self._homes.read(unknown, ["news.source.id"]).items():
                self._learn(key, stored.source if "news" in stored.source else {"news": {}})

    def _origin(self, merged: Merged) -> str | None:
        news = merged.source["news"]
        original = _original(merged.source)
        known = self._origins.get(original) if original else None
        return known if known or merged.placed else (news.get("copied") or {}).get("source")

    def _keep_former(self, tasks: Iterable[Task], now: int) -> None:
        former = [document for task in tasks if task.merged for document in task.merged.former]
        done(
            self._reach,
            [
                Operation("index", self._reach.revisions, f"{one['id']}:{one['revision']}", former_document(one, now))
                for one in former
            ],
        )

    def _written(self, planned: list[tuple[Task, Item]], patience: Patience) -> list[Task]:
        """Send them; the tasks that are to be looked at again, after such a pause as they need."""
        if not planned:
            return []
        server = self._reach.server
        server.count(retries=sum(task.again for task, _ in planned))
        results, lost = self._bulk.send([item for _, item in planned])
        pairs = [(task, result) for (task, _), result in zip(planned, results, strict=True)]
        todo = [task for task, result in pairs if not self._settled(task, result)]
        if lost is None:
            later = next((result for _, result in pairs if result.kind in (LATER, FAULT)), None)
            lost = Lost(f"it takes no more now: {later.reason}", refused=True) if later and todo else None
        contested = max((task.conflicts for task in todo), default=0)
        if lost is not None:
            patience.pause(lost)
        elif contested > _CONTESTED:
            patience.pause(Lost("others change the same articles all the time", refused=True))
        elif todo:
            time.sleep(random.random() * 0.01 * contested)
        else:
            patience.through()
        return todo

    def _settled(self, task: Task, result: Result) -> bool:
        """Whether the task is done; notes what the next try must know."""
        task.again = result.kind in (LATER, FAULT)
        if result.kind == DONE:
            task.changed = True
            self._reach.server.count(written=1)
            return True
        if result.kind == CONFLICT:
            task.conflicts += 1
            self._reach.server.count(conflicts=1)
        elif result.kind == ASTRAY:
            task.conflicts += 1
            self._homes.look_again()
        elif result.kind == FAULT:
            task.faults += 1
        if result.kind == REFUSED or task.faults >= _FAULTS:
            refused = Rejection(result.reason)
            task.outcomes = [refused if outcome == WRITTEN else outcome for outcome in task.outcomes]
            self._reach.server.count(rejected=1)
            return True
        return False


def _new(task: Task, merged: Merged) -> list[Write]:
    return [write for write, outcome in zip(task.writes, merged.outcomes, strict=True) if outcome == WRITTEN]


def _original(source: Json) -> str | None:
    story = source["news"].get("story") or {}
    return story.get("original_id") if story.get("role") == "repost" else None
