"""Every open run has somebody, or something, that it waits for, a time, and a workflow. This finds those that have not.

The database says which runs are open, Temporal which of them it drives. What is found is told with what mends it; only
what is harmless is done here, and only when it is asked for: a run is driven, which asks the database what is next.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

from daytwo_store import open_runs, reachable
from daytwo_store.engine import Session, Store
from daytwo_store.ids import RunId
from daytwo_store.open_runs import OpenRun
from daytwo_store.settings import Windows
from daytwo_store.states import RunState
from daytwo_workflows.life.wanted import wanted

_AT_ONCE: Final = 16


class Trouble(StrEnum):
    NO_WORKFLOW = "no_workflow"  # Temporal drives it no more
    OVERDUE = "overdue"  # something was due, and nothing happened
    NO_NEXT_EVENT = "no_next_event"  # nothing says when anything is due
    NO_OWNER = "no_owner"  # who is asked is not there, nobody is in the group, or nobody but those who may not
    NEEDS_A_PERSON = "needs_a_person"  # somebody has to say what became of it


MENDED_BY_DRIVING: Final = frozenset({Trouble.NO_WORKFLOW, Trouble.OVERDUE, Trouble.NO_NEXT_EVENT})
MENDS: Final = {
    Trouble.NO_WORKFLOW: "Its workflow is started again; the database says where it goes on.",
    Trouble.OVERDUE: "Its workflow is told to look; the database says where it goes on.",
    Trouble.NO_NEXT_EVENT: "Its workflow is told to look; the database says where it goes on.",
    Trouble.NO_OWNER: "Put somebody into the group, delegate the approval, or withdraw the run.",
    Trouble.NEEDS_A_PERSON: "Say what became of it (`daytwo resolve`), or end it as lost (`daytwo cancel --force`).",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    run: OpenRun
    trouble: Trouble
    detail: str

    @property
    def mend(self) -> str:
        return MENDS[self.trouble]


class Drives(Protocol):
    """What is asked of Temporal."""

    async def has_workflow(self, run: RunId) -> bool | None:
        """None: it does not answer."""

    async def drive(self, run: RunId) -> bool: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Examined:
    """`asked_temporal` is False when Temporal does not answer: then nothing is known of workflows."""

    open: int
    found: Sequence[Found]
    asked_temporal: bool


async def examine(store: Store, driver: Drives, windows: Windows) -> Examined:
    """Look at every open run; nothing is changed."""
    async with store.read() as session:
        now = await store.clock.now(session)
        every = await open_runs.open_runs(session)
        lonely = await _lonely(session)
    there = await _with_workflow(driver, every)
    found: list[Found] = []
    for run in every:
        young = now - run.progress_at < windows.stale_after
        if there.get(run.id) is False and not young:
            found.append(Found(run=run, trouble=Trouble.NO_WORKFLOW, detail="Temporal has no open workflow of it."))
        elif (wrong := _time(run, now, windows)) is not None:
            found.append(wrong)
        if run.id in lonely:
            found.append(Found(run=run, trouble=Trouble.NO_OWNER, detail=lonely[run.id]))
        if run.state == RunState.NEEDS_ATTENTION:
            found.append(Found(run=run, trouble=Trouble.NEEDS_A_PERSON, detail="What became of it is not known."))
    return Examined(open=len(every), found=found, asked_temporal=None not in there.values())


async def _lonely(session: Session) -> dict[RunId, str]:
    """The runs that wait for somebody who is not there, in a sentence each."""
    found: dict[RunId, str] = {}
    people: dict[frozenset[str], frozenset[str]] = {}
    for one in await wanted(session):
        entries = frozenset(one.entries)
        if entries not in people:
            people[entries] = await reachable.reached(session, entries)
        if entries and not reachable.besides(people[entries], one.never):
            who = ", ".join(one.entries)
            why = "nobody there may do it, with four eyes" if people[entries] else "there is nobody"
            found.setdefault(one.run, f"It waits for {who}: {why}.")
    return found


async def mend(driver: Drives, found: Sequence[Found]) -> list[RunId]:
    """Drive those that driving mends; the runs that Temporal has taken."""
    runs = dict.fromkeys(one.run.id for one in found if one.trouble in MENDED_BY_DRIVING)
    return [run for run in runs if await driver.drive(run)]


def _time(run: OpenRun, now: datetime, windows: Windows) -> Found | None:
    late = now - windows.stale_after
    if run.next_at is None and run.progress_at < late:
        return Found(run=run, trouble=Trouble.NO_NEXT_EVENT, detail=f"Since {run.progress_at:%d %b %Y %H:%M} UTC.")
    if run.next_at is not None and run.next_at < late:
        return Found(run=run, trouble=Trouble.OVERDUE, detail=f"It was due at {run.next_at:%d %b %Y %H:%M} UTC.")
    return None


async def _with_workflow(driver: Drives, every: Sequence[OpenRun]) -> dict[RunId, bool | None]:
    there: dict[RunId, bool | None] = {}
    for at in range(0, len(every), _AT_ONCE):
        some = every[at : at + _AT_ONCE]
        answers = await asyncio.gather(*(driver.has_workflow(run.id) for run in some))
        there |= dict(zip((run.id for run in some), answers, strict=True))
        if None in answers:  # it does not answer: the others are not asked
            break
    return there
