"""What the asker may decide by right now, for showing it and for filtering lists."""

from collections.abc import Collection

from daytwo_actions.voices import Human, Voter
from daytwo_api.asker import Asker
from daytwo_store import on_call
from daytwo_store.approval_pages import Reader, Right
from daytwo_store.engine import Session, Store
from daytwo_store.tables import ApprovalRow
from daytwo_workflows.life.people import Somebody, voter


async def voter_of(store: Store, session: Session, by: Asker, rows: Collection[ApprovalRow] | None = None) -> Voter:
    """For these approvals; None: for all that are pending. What the asker belongs to was looked up for this request."""
    if rows is None:
        entries = await on_call.asked_for(session)
    else:
        entries = frozenset(entry for row in rows for entry in row.needed_from)
    return await voter_for(store, session, by, entries)


async def voter_for(store: Store, session: Session, by: Asker, entries: Collection[str]) -> Voter:
    """For whatever is asked of these: groups, people, roles, and places that say who is on call."""
    who = Somebody(id=by.principal, ref=by.ref, name=by.name)
    return await voter(session, who, entries=entries, now=await store.clock.now(session), belongs=by.belongs)


def reader_of(who: Voter) -> Reader:
    return Reader(own=_right(who.own), lent=[_right(one.by, one.approval) for one in who.lent])


def _right(human: Human, approval: str | None = None) -> Right:
    return Right(
        principal=human.principal,
        human=human.key,
        belongs=human.belongs,
        never_for=frozenset({human.key, *human.bound}),
        approval=approval,
    )
