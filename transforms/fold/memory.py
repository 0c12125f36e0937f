"""The memory of one fold shard, and the one decision about each article that comes.

It has no Beam in it. `decide` takes an article with its fingerprint and says what to write; `load` and `journal` are
how a stage keeps and rebuilds it. All times are whole seconds UTC.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable

from transforms.fold import content
from transforms.fold.book import Book, Clock
from transforms.fold.decision import Decision, told
from transforms.fold.facts import slots
from transforms.fold.furniture import heading_of, host_of
from transforms.fold.heap import return_large_blocks
from transforms.fold.links import Links
from transforms.fold.members import HOT, Members, Story
from transforms.fold.placement import UNNAMED, Names
from transforms.fold.prints import Print
from transforms.fold.shingles import Hashes
from transforms.fold.stories import Member, own_rank
from transforms.records import SUMMARY, Article, Json, Source, Write

AHEAD_S = 3600


class Memory:
    """All that one shard knows. Not thread-safe: a keyed stage calls it for one element at a time. `names` are what
    agencies are called, by slug: for reasons in words."""

    def __init__(self, ttl_s: int, epoch: int, names: Names = UNNAMED) -> None:
        return_large_blocks()
        self.ttl_s = ttl_s
        self.clock = Clock(epoch)
        self.links = Links(ttl_s)
        self.book = Book(self.links, self.clock, names)
        self.forgotten: set[str] = set()
        self._unplaced: set[str] = set()

    @property
    def members(self) -> Members:
        """All that is remembered, by article id."""
        return self.links.members

    @property
    def stories(self) -> dict[str, Story]:
        """All stories, by id: for who looks at the whole, as it makes objects of all that is remembered."""
        return self.members.thawed()

    @property
    def changed(self) -> dict[str, Member]:
        """What changed and was not yet put into state."""
        return self.book.changed

    def decide(
        self, article: Article, hashes: Hashes, agency: str | None, candidates: Iterable[str] | None = None
    ) -> Decision:
        """Place `article`, whose text has the fingerprint `hashes`; `agency` is the slug whose own article it is.

        `candidates` are ids that other shards found; None: they are looked up here.
        """
        if article.id in self.forgotten:
            return Decision(article, "forgotten")
        self._cool()
        member = self.members.get(article.id)
        if member is None:
            member = self._member(article, hashes, agency)
            return self._taken(member, article, hashes, "new", candidates)
        text = content.text_hash(article.title, article.body)
        if not content.replaces(article, hashes, text, member):
            return self._seen_again(member, article, agency)
        before = self.links.unlink(member)
        # Else the journal would bring back the links that were cut.
        self.changed.update({other.id: other for other in before})
        self._revise(member, article, hashes, agency, text)
        return self._taken(member, article, hashes, "revision", candidates, before)

    def _member(self, article: Article, hashes: Hashes, agency: str | None) -> Member:
        first_seen = article.arrived
        given = first_seen if article.published is None else article.published
        return Member(
            id=article.id,
            published=min(max(given, first_seen - self.ttl_s), first_seen + AHEAD_S),
            first_seen=first_seen,
            given=article.published,
            rank=own_rank(agency, article.wire["agencies"]),
            agency=agency,
            credits=tuple(article.wire["agencies"]),
            sources=_united((), (article.source,)),
            texts=(content.text_hash(article.title, article.body),),
            read=article.origin,
            partial=article.method == SUMMARY,
            print=Print.of(hashes),
            slots=slots(article.body or article.title),
            host=host_of(article.url),
            heading=heading_of(article.title),
        )

    def _revise(self, member: Member, article: Article, hashes: Hashes, agency: str | None, text: str) -> None:
        member.complete = True
        member.made_of = ()
        former = [known for known in member.texts if known != text]
        member.texts = (*former[1 - content.TEXTS_KEPT :], text)
        member.read, member.partial = article.origin, article.method == SUMMARY
        member.revision += 1
        member.print, member.slots = Print.of(hashes), slots(article.body or article.title)
        member.heading = heading_of(article.title)
        member.credits = tuple(article.wire["agencies"])
        member.agency = member.agency or agency
        member.rank = own_rank(member.agency, member.credits)
        member.sources = _united(member.sources, (article.source,))

    def _taken(
        self,
        member: Member,
        article: Article,
        hashes: Hashes,
        outcome: str,
        candidates: Iterable[str] | None,
        before: Iterable[Member] = (),
    ) -> Decision:
        """A text that is new under its id: link it, file it, place it."""
        member.content_version = self.clock.next()
        self.links.link(member, candidates)
        self.links.file(member)
        again, self.links.judged = self.links.judged, {}
        self.changed.update({member.id: member, **again})
        writes = content.writes(member, article, hashes)
        if outcome == "new" and not again:
            writes += self.book.arrange(member)
        else:
            writes += self.book.rearrange([member, *before, *again.values()])
        return self._decision(article, outcome, writes, member)

    def _seen_again(self, member: Member, article: Article, agency: str | None) -> Decision:
        outcome, writes = "known", []
        sources = _united(member.sources, (article.source,))
        if sources != member.sources:
            outcome, member.sources = "sighting", sources
            self.changed[member.id] = member
            writes.append(content.sources(member, self.clock.next()))
        # It is an agency's own also where another's feed told it first.
        owned = member.agency is None and agency is not None
        if owned:
            member.agency, member.rank = agency, own_rank(agency, member.credits)
        if owned or not member.checked:
            # After a start: this record was not acknowledged before, so its story may be half written.
            writes += self.book.rearrange([member])
        return self._decision(article, outcome, writes, member)

    def _decision(self, article: Article, outcome: str, writes: list[Write], member: Member) -> Decision:
        story, touched = told(self.book, member, outcome)
        if not member.checked:
            # All that it is in was formed anew and told whole: not once more for each of its articles.
            for one in self.book.stories[member.story].group.members:
                one.checked = True
        return Decision(article, outcome, tuple(writes), story, touched)

    def forget(self, ids: Iterable[str]) -> list[Write]:
        """Remove articles for good and place anew what was linked to them."""
        writes: list[Write] = []
        for name in ids:
            self.forgotten.add(name)
            member = self.members.get(name)
            if member is None:
                continue
            story = self.book.stories[member.story]
            left = [m for m in story.group.members if m is not member]
            left += [other for other in self.links.neighbours(member) if other not in left]
            self.book.remove([member])
            writes += self.book.rearrange(left) if left else []
        self.links.sweep()
        return [write for write in writes if write.id not in self.forgotten]

    def heal(self, ids: Iterable[str]) -> list[Write]:
        """Place anew the members named, and those loaded without a placement, with all that is linked to them: what
        they were placed by is gone for good."""
        names, self._unplaced = sorted({*ids, *self._unplaced}), set()
        start = [self.members[name] for name in names if name in self.members]
        return self.book.rearrange(start) if start else []

    def judge(self, entries: Iterable[Json]) -> list[Write]:
        """Learn what people judged (entries of the index's log), and place anew what that is about. All that an entry
        names should be in memory, as far as the index has it."""
        touched = self.book.judgements.add(entries)
        return self.heal(touched)

    def expire(self, watermark: int) -> int:
        """Free what no article arriving from now on can be folded with; returns how many articles went.

        An article that arrives at t has a `published_effective` of at least t - ttl, so one with `published + 2 ttl <
        t` is out of reach. Linked stories go together, when all of them are out of reach; until then their old
        members lose only their fingerprints. Links that are missing are looked up before, but nobody is placed by them.
        """
        told = [(name, has) for name, at, has in self.members.published() if at + 2 * self.ttl_s < watermark]
        old = {name for name, _ in told}
        self.links.complete(self.members[name] for name, has in told if has)
        gone: list[Member] = []
        seen: set[str] = set()
        for name in old:
            if name in seen:
                continue
            whole = self.book.whole([self.members[name]])
            seen.update(m.id for m in whole)
            if all(m.id in old for m in whole):
                gone += whole
        self.book.remove(gone)
        faded = [self.members[name] for name, has in told if has and name in self.members]
        self.links.fade(faded)
        if gone or faded:
            self.links.sweep()
        self._cool()
        self.members.trim()
        return len(gone)

    def _cool(self) -> None:
        """Between two decisions: put away what nothing is done with, once that is much."""
        if self.members.hot > HOT:
            self.members.cool(self.changed, HOT // 2)

    def load(self, members: Iterable[Member], whole: bool = False) -> None:
        """Take in members from state or a seed; of each field group the higher version wins. Where they are not `whole`
        stories, the rest of these is looked for among all that is put away."""
        fresh: dict[str, Member] = {}
        for member in members:
            self.clock.past(member.content_version, member.story_version)
            if member.id in self.forgotten:
                continue
            member.sources = _united((), member.sources)
            if member.story and not member.placed:
                self._unplaced.add(member.id)
            known = self.members.get(member.id)
            if known is None:
                self.links.file(member)
                fresh[member.id] = member
                continue
            self.book.leave(known)
            fresh[member.id] = self._merge(known, member)
        if not whole:
            self.members.thaw({member.story for member in fresh.values()})
        self.book.read(fresh.values())
        fresh.clear()
        self._cool()

    def _merge(self, known: Member, member: Member) -> Member:
        """The newer of two states of one article, which takes the place of the other."""
        sources = known.sources
        known.sources = member.sources = _united(sources, member.sources)
        # What the index has beyond the state was written by an attempt that was not acknowledged.
        more = len(known.sources) > len(sources) or member.story_version > known.story_version
        if member.story_version > known.story_version:
            _place_as(known, member)
        if member.content_version > known.content_version:
            _place_as(member, known)
            self.links.remove([known])
            self.links.file(member)
            return member
        known.checked &= not more
        if member.content_version == known.content_version and len(known.print) < len(member.print):
            # Its fingerprint had been let go of, and with it all that had not been looked up by then.
            known.print, known.complete = member.print, False
            self.links.file(known)
        return known


def _united(known: tuple[Source, ...], more: tuple[Source, ...]) -> tuple[Source, ...]:
    ids = {source.id for source in known}
    return (*known, *(_same(source) for source in more if source.id not in ids))


@functools.lru_cache(maxsize=10_000)
def _same(source: Source) -> Source:
    """One object for all that are equal: each article brings its own, of 250 bytes."""
    return source


def _place_as(member: Member, other: Member) -> None:
    member.story, member.merged_from = other.story, other.merged_from
    member.placed, member.story_version = other.placed, other.story_version
