"""The plan of an emergency: the stages of its approval are passed over, and a second person confirms in their place."""

from typing import Final

from daytwo_actions.definitions.model import Action
from daytwo_actions.plan.facts import Facts
from daytwo_actions.plan.model import PlannedApproval, PlannedBreakGlass, PlannedStage
from daytwo_store.errors import Rejected

NO_GLASS: Final = (
    "{title} does not go past approval: its definition has no `break_glass`. Nothing was started. Ask for an ordinary "
    "run, and those who approve it to hurry."
)


def broken_glass(
    action: Action, asked: PlannedApproval | None, facts: Facts
) -> tuple[PlannedApproval | None, PlannedBreakGlass]:
    """What is asked in place of `asked`, and what is passed over. Raises `Rejected` where the glass does not break.

    No rule approves in place of the second person, and no other stage follows.
    """
    glass = action.spec.break_glass
    if glass is None:
        raise Rejected(NO_GLASS.format(title=action.metadata.title))
    past = _stages(asked, facts)
    if glass.second == "none":
        return None, PlannedBreakGlass(second=None, past=past)
    second = facts.owner if glass.second == "owner" else glass.second
    if second is None:
        raise Rejected(
            f"The owner of {facts.entity} confirms this, and it has none. Nothing was started. "
            "Give it an owner in the catalog."
        )
    confirmed = PlannedApproval(needed_from=[second], count=1, expires_at=facts.now + glass.expires)
    return confirmed, PlannedBreakGlass(second=second, past=past)


def _stages(asked: PlannedApproval | None, facts: Facts) -> list[PlannedStage]:
    if asked is None:
        return []
    first = PlannedStage(
        id=asked.id,
        needed_from=asked.needed_from,
        count=asked.count,
        expires_in=int((asked.expires_at - facts.now).total_seconds()),
        rule=asked.rule,
    )
    return [first, *(stage.model_copy(update={"form": {}}) for stage in asked.then)]
