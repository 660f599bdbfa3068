"""A run with something temporary takes it back at its end: what people cannot do to that, above all who has asked."""

from daytwo_actions.plan.model import Plan
from daytwo_store import principals
from daytwo_store.engine import Session
from daytwo_store.errors import Forbidden
from daytwo_store.ids import PrincipalId
from daytwo_store.tables import RunRow


def lasts(plan: Plan) -> bool:
    """Has it a step of the kind `temporary`?"""
    return any(step.kind == "temporary" for step in plan.steps)


def is_lease(run: RunRow) -> bool:
    return lasts(Plan.model_validate_json(run.plan))


async def has_asked(session: Session, run: RunRow, by: PrincipalId) -> bool:
    """Is it who asked for the run, by this account or by another one?"""
    people = await principals.by_ids(session, {run.requester, by})
    ref = people[by].ref if by in people else None
    return by == run.requester or (ref is not None and ref == people[run.requester].ref)


async def must_be_another_operator(session: Session, run: RunRow, by: PrincipalId, *, operator: bool) -> None:
    """Whoever lets something temporary stand is an operator, and not who got it. Raises `Forbidden`."""
    if operator and not await has_asked(session, run, by):
        return
    raise Forbidden(
        "What this run has done for a time is taken back when it ends, and this would leave it as it is. Nothing was "
        "changed. Stop the run without force; if it has to be left, ask an operator who has not asked for the run."
    )


async def must_not_have_asked(session: Session, run: RunRow, by: PrincipalId) -> None:
    """Raises `Forbidden` when who asked for something temporary wants it to stay."""
    if await has_asked(session, run, by):
        raise Forbidden(
            "Who asked for something temporary does not say that it stays. Nothing was changed. Try it again, or ask "
            "somebody else who may stop the run."
        )
