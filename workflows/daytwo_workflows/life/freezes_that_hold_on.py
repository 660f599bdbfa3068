"""Four eyes on ending a freeze early: whoever changed or ended it does not use that for runs of their own.

They cannot do it while a run of theirs waits (`freeze_eyes`). Nor does it help to ask afterwards: as it was, it holds
the runs that they ask for on, and those of whom they decide for. Somebody else asks for the run, and it goes.
"""

from datetime import datetime

from daytwo_actions.freezes import FreezeVersion
from daytwo_store import freezes, principals
from daytwo_store.engine import Session, Tx
from daytwo_store.ids import PrincipalId
from daytwo_store.tables import FreezeRow
from daytwo_workflows.life.frozen import Frozen
from daytwo_workflows.life.people import voter


async def hold_on(tx: Tx, row: FreezeRow, *, by: PrincipalId) -> None:
    """Before `by` changes or ends it."""
    name = (await principals.by_ids(tx.session, [by]))[by].name
    title = f"{row.title} (ended early by {name}, whose own runs it still holds; somebody else may ask for this)"
    await freezes.hold_on(tx, row, by=by, title=title)


async def holding_on(frozen: Frozen, session: Session, requester: str, now: datetime) -> list[FreezeVersion]:
    """Those that hold a run of this person, although for everybody else they are over."""
    ended = await freezes.held_on(session, now)
    if not ended:
        return []
    row = (await principals.by_ids(session, [requester]))[requester]
    own = (await voter(session, row, entries=(), now=now)).own
    return [frozen.parsed(one) for one, by in ended if (by.ref or by.id) in {own.key, *own.bound}]
