"""Who somebody is right now: looked up whenever it decides something, never remembered."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from daytwo_actions.roles import Permission, granted
from daytwo_actions.voices import Human, Lent, Voter
from daytwo_store import belonging, delegations, on_call
from daytwo_store.engine import Session
from daytwo_store.ids import PrincipalId
from daytwo_store.tables import DelegationRow, PrincipalRow

Rows = Sequence[tuple[DelegationRow, PrincipalRow]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Somebody:
    """A principal whose row need not be read for this."""

    id: PrincipalId
    ref: str | None
    name: str


async def belongings(session: Session, person: str | None) -> frozenset[str]:
    """A person's groups, own ref and roles (`role:operator`); nothing for a principal without an entity, and for
    whoever has left the catalog."""
    found = await belonging.of_present(session, person) if person is not None else None
    return found.all if found is not None else frozenset()


async def entitled_by(
    session: Session, person: str | None, entries: Collection[str], known: frozenset[str] | None = None
) -> frozenset[str]:
    """The same, or what is known of it already, with those of the entries that name this person as being on call."""
    belongs = known if known is not None else await belongings(session, person)
    return belongs | await on_call.held_by(session, belongs, entries)


async def voter(
    session: Session,
    who: PrincipalRow | Somebody,
    *,
    entries: Collection[str],
    now: datetime,
    approval: str | None = None,
    belongs: frozenset[str] | None = None,
) -> Voter:
    """All that somebody may decide by right now: their own right, and what is lent to them.

    `belongs` is what they belong to, where that was looked up just now: for showing it, never for deciding.
    """
    refs = [who.ref] if who.ref is not None else []
    rows = await delegations.in_force(session, refs=refs, now=now, approval=approval)
    own = Human(
        principal=PrincipalId(who.id),
        ref=who.ref,
        name=who.name,
        belongs=await entitled_by(session, who.ref, entries, belongs),
        bound=_bound(who, rows),
    )
    if not own.belongs:
        return Voter(own=own)  # who has left the catalog decides for nobody
    lenders = [(row, by) for row, by in rows if row.delegate == who.ref and by.id != who.id]
    theirs = await delegations.in_force(session, refs={by.ref for _, by in lenders if by.ref}, now=now)
    lent = [
        Lent(
            id=row.id,
            approval=row.approval_id,
            by=Human(
                principal=PrincipalId(by.id),
                ref=by.ref,
                name=by.name,
                belongs=await entitled_by(session, by.ref, entries),
                bound=_bound(by, theirs),
            ),
        )
        for row, by in lenders
    ]
    return Voter(own=own, lent=[one for one in lent if Permission.DECIDE in granted(one.by.belongs)])


def _bound(who: PrincipalRow | Somebody, rows: Rows) -> Mapping[str, str]:
    """Who is one person with somebody where either asks for a run: those they decide for, and who decide for them."""
    bound: dict[str, str] = {}
    for row, by in rows:
        if row.approval_id is not None:
            continue
        until = f"until {row.ends_at.astimezone(UTC):%d %b %Y %H:%M} UTC"
        if row.delegate == who.ref:
            bound[by.ref or by.id] = f"lets you decide for them {until}"
        elif by.id == who.id or (by.ref is not None and by.ref == who.ref):
            bound[row.delegate] = f"decides for you {until}"
    return bound
