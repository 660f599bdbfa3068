"""Verification of the audit: recompute every hash, compare with signed checkpoints, and the words that stand beside
entries with the digests in them. Constant memory, entry by entry.

Whoever can write the database can compute the whole chain anew; only checkpoints that stand elsewhere show that. What
they show is the stretch between the last one that holds and the first that does not.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, text

from daytwo_store import audit_cut, checkpoints
from daytwo_store.audit import GENESIS, Entry, digest_of, joined
from daytwo_store.audit_cut import Cut
from daytwo_store.audit_words import first_rewritten
from daytwo_store.checkpoints import Checkpoint
from daytwo_store.engine import Session
from daytwo_store.signing import KeyRing, Verdict

_PAGE: Final = 5000
_NO_KEYS: Final = KeyRing({})
_REWRITTEN: Final = "the words that belong to it are not those that were said: somebody rewrote them, or took them away"


@dataclass(frozen=True, slots=True)
class Broken:
    """Where the chain does not hold, and how it shows."""

    n: int
    what: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Whole:
    """The chain holds."""

    first: int  # the first entry that is still there; 1 unless the audit was cut
    last: int  # 0: there is no entry
    checkpoints: int  # that were compared
    outside: int  # of them, those that came from outside the database
    sealed: int  # the last entry that a checkpoint covers
    unchecked: int  # checkpoints of the database by keys that were not given


@dataclass(slots=True)
class _Signed:
    """Checkpoints by entry, and what has been compared so far."""

    by_entry: dict[int, list[Checkpoint]]
    outside: frozenset[Checkpoint]
    unchecked: int
    compared: set[Checkpoint] = field(default_factory=set)
    holds: int = 0

    def compare(self, n: int, hash_: str) -> Broken | None:
        for one in self.by_entry.pop(n, ()):
            if one.hash != hash_:
                return Broken(
                    n,
                    f"the chain is not the one that was signed on {_at(one.at)}: an entry of {self.holds + 1} to {n} "
                    "was changed, put in or taken out, and the hashes were computed anew",
                )
            self.compared.add(one)
            self.holds = n
        return None

    def beyond(self, last: int) -> Broken | None:
        ahead = [one for n, several in self.by_entry.items() if n > last for one in several]
        if not ahead:
            return None
        first = min(ahead, key=lambda one: one.n)
        return Broken(
            last + 1,
            f"the end was cut off: {first.n} entries were signed on {_at(first.at)}, and {last} are there",
        )


Progress = Callable[[int], None]


async def verify(
    session: Session,
    *,
    keys: KeyRing = _NO_KEYS,
    outside: Iterable[Checkpoint] = (),
    progress: Progress = lambda _: None,
    page: int = _PAGE,
) -> Broken | Whole:
    """Walk the whole chain: that it holds, or the first place where it does not.

    `outside` are checkpoints from a file or a log; the database's own are compared, too. `keys` are those that may have
    signed. Entries that are appended meanwhile are walked, too. `page`: how many are hashed at a time, in which the
    event loop does nothing else; `progress` is told the last one of each.
    """
    cut = await audit_cut.newest(session, keys)
    if isinstance(cut, str):
        return Broken(1, cut)
    signed = _gathered(list(outside), await of_database(session), keys, cut)
    if isinstance(signed, Broken):
        return signed
    walked = await _walk(session, cut, signed, progress, page)
    if isinstance(walked, Broken):
        return walked
    if (missing := signed.beyond(walked)) is not None:
        return missing
    return Whole(
        first=cut.n + 1 if cut else 1,
        last=walked,
        checkpoints=len(signed.compared),
        outside=len(signed.compared & signed.outside),
        sealed=signed.holds,
        unchecked=signed.unchecked,
    )


async def _walk(session: Session, cut: Cut | None, signed: _Signed, progress: Progress, size: int) -> Broken | int:
    before, last = (cut.hash, cut.n) if cut else (GENESIS, 0)
    if cut and (broken := signed.compare(last, before)) is not None:
        return broken
    while True:
        async with contextlib.aclosing(_pages(session, last, size)) as pages:
            async for page in pages:
                walked = _follow(page.entries, before, last, signed)
                if isinstance(walked, Broken):
                    return walked
                if page.rewritten is not None:
                    return Broken(page.rewritten, _REWRITTEN)
                before, last = walked
                progress(last)
        head = (await session.execute(text("SELECT n, hash FROM audit_head WHERE id = 1"))).one_or_none()
        if head is None:
            return Broken(last + 1, "the head of the chain is missing")
        if head.n == last and head.hash == before:
            return last
        if head.n <= last or await _none_after(session, last):  # else something was appended meanwhile
            return Broken(
                min(head.n, last) + 1, f"the head names entry {head.n} as the last, and {last} is: cut off or replaced"
            )


def _follow(page: Sequence[Any], before: str, last: int, signed: _Signed) -> Broken | tuple[str, int]:
    """The hash and number after this page, which begins after entry `last`."""
    for n, at, actor, action, subject, facts, hash_ in page:
        if n != last + 1:
            return Broken(last + 1, "the entry is missing")
        before, last = joined(before, digest_of(n, at, actor, action, subject, facts)), n
        if before != hash_:
            return Broken(n, "the entry is not what was written")
        if n in signed.by_entry and (broken := signed.compare(n, before)) is not None:
            return broken
    return before, last


def _gathered(
    outside: Sequence[Checkpoint], inside: Sequence[Checkpoint], keys: KeyRing, cut: Cut | None
) -> _Signed | Broken:
    """By entry. A bad signature is a finding; a key that nobody gave is one only for what was handed in."""
    by_entry: dict[int, list[Checkpoint]] = defaultdict(list)
    unchecked = 0
    for one in dict.fromkeys([*outside, *inside]):
        verdict = one.check(keys)
        if verdict is Verdict.WRONG:
            return Broken(one.n, f"the checkpoint of {_at(one.at)} has no valid signature: somebody changed it")
        if verdict is Verdict.UNKNOWN_KEY:
            if one in outside:
                return Broken(
                    one.n, f"the checkpoint of {_at(one.at)} is signed by key {one.key}, which is not among those given"
                )
            unchecked += 1
        elif cut is None or one.n >= cut.n:
            by_entry[one.n].append(one)
    return _Signed(dict(by_entry), frozenset(outside), unchecked)


async def of_database(session: Session, *, page: int = _PAGE) -> list[Checkpoint]:
    """The checkpoints of the database itself."""
    found: list[Checkpoint] = []
    while more := await checkpoints.page(session, after=found[-1] if found else None, limit=page):
        found += more
    return found


@dataclass(frozen=True, slots=True)
class _Page:
    entries: Sequence[Row[Any]]
    rewritten: int | None  # the first of them whose words are others now


async def _pages(session: Session, after: int, size: int) -> AsyncGenerator[_Page, None]:
    """Entries in order; the database reads the next page while this one is hashed."""
    page = await _page(session, after, size)
    while page.entries:
        following = asyncio.create_task(_page(session, page.entries[-1].n, size))
        await asyncio.sleep(0)  # lets the question go out
        try:
            yield page
        finally:
            page = await following


async def _page(session: Session, after: int, size: int) -> _Page:
    read = text("SELECT n, at, actor, action, subject, facts, hash FROM audit WHERE n > :n ORDER BY n LIMIT :page")
    entries = (await session.execute(read, {"n": after, "page": size})).all()
    return _Page(entries, await first_rewritten(session, entries))


async def _none_after(session: Session, n: int) -> bool:
    return not await session.scalar(text("SELECT EXISTS (SELECT 1 FROM audit WHERE n > :n)"), {"n": n})


def entry_of(row: Row[Any]) -> Entry:
    facts: Mapping[str, str] = row.facts
    return Entry(at=row.at, actor=row.actor, action=row.action, subject=row.subject, facts=facts)


def known_keys(several: Collection[KeyRing]) -> KeyRing:
    """All of them as one."""
    return KeyRing({name: key for ring in several for name, key in ring.keys.items()})


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
