"""Four eyes on freezes that people made: whoever has a run that one holds neither changes nor ends it.

Asked before the door of freezes is taken, because every seal waits behind that: of a run that is asked for in between,
as of one that is asked for afterwards, the audit tells who ended what held it, and the owners of the freeze are told.
"""

from datetime import datetime
from typing import Final

from daytwo_actions.freezes import HORIZON, FreezeVersion
from daytwo_actions.voices import Human
from daytwo_store import freezes, principals
from daytwo_store.engine import Session
from daytwo_store.errors import Forbidden
from daytwo_store.ids import PrincipalId
from daytwo_store.tables import FreezeRow, RunRow
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.people import voter
from daytwo_workflows.life.standing import key
from daytwo_workflows.life.window import subject_of_run

_LOOKED_AT: Final = 100  # runs of one person: who waits with more of them asks somebody else in any case


async def must_hold_none_of_theirs(life: Life, freeze: str, by: PrincipalId) -> None:
    """Raises `Forbidden`, and `NotFound` where there is no such freeze."""
    async with life.store.read() as session:
        why = await why_not_change(life, session, await freezes.get(session, freeze), by)
    if why is not None:
        raise Forbidden(f"{why} Nothing was changed. {_ASK}")


async def why_not_change(life: Life, session: Session, row: FreezeRow, by: PrincipalId) -> str | None:
    """Why this person may not change or end the freeze: it holds a run of theirs."""
    if row.source is not None:
        return None  # nobody changes one of a file here
    now = await life.store.clock.now(session)
    who = (await voter(session, (await principals.by_ids(session, [by]))[by], entries=(), now=now)).own
    theirs = await freezes.unsent_of(session, {who.key, *who.bound}, limit=_LOOKED_AT + 1)
    version = life.frozen.parsed(row)
    for run in theirs[:_LOOKED_AT]:
        if await _holds(life, session, version, run, now):
            return await _why(session, run, who)
    if len(theirs) > _LOOKED_AT:
        return f"More than {_LOOKED_AT} runs of yours wait, which a freeze may be about."
    return None


async def _holds(life: Life, session: Session, version: FreezeVersion, run: RunRow, now: datetime) -> bool:
    """Does it hold the run now, or will it from its next window on? What cannot be worked out is held."""
    subject = await subject_of_run(life, session, run)
    if subject is None:
        return False  # it cannot be planned any more, so it is refused at its seal
    if version.held(subject, now) is not None:
        return True
    try:
        later = [one.start for one in version.periods(now, now + HORIZON) if one.start > now]
    except (ValueError, OverflowError):
        return True
    return any(version.held(subject, moment) is not None for moment in later[:1])


async def _why(session: Session, run: RunRow, who: Human) -> str:
    """Never the id of somebody else's run, which this person may not see."""
    people = await principals.by_ids(session, [run.requester])
    asker = key(people, run.requester)
    if asker == who.key:
        return f"This freeze is about run {run.id}, which you asked for (four eyes)."
    name = people[run.requester].name
    return f"This freeze is about a run that {name} asked for, who {who.bound[asker]} (four eyes)."


_ASK: Final = "Ask another operator or administrator, who has no such run, or ask for an exception for the run."
