"""What an action's file says of who is asked and what is done, as it is written: nothing has been asked for yet."""

from collections.abc import Mapping

from daytwo_actions.definitions.approval_stage import ALL, ApprovalStage
from daytwo_actions.definitions.approvers import AskedFor, OnCall, OwnerOf, People
from daytwo_actions.definitions.model import Spec
from daytwo_actions.definitions.steps.dispatch import DispatchStep
from daytwo_actions.definitions.steps.kinds import AnyStep
from daytwo_api.views.actions import ActionStage, ActionStep


def stages(spec: Spec) -> list[ActionStage]:
    kind = spec.target.kind if spec.target else "entity"
    return [
        ActionStage(
            who=_who(stage, kind),
            when=stage.when if isinstance(stage.when, str) else None,
            rule=stage.auto,
            expires_in=stage.expires.total_seconds(),
        )
        for stage in spec.approval
        if stage.when is not False
    ]


def _who(stage: ApprovalStage, kind: str) -> str:
    names = [_asked(one, kind) for one in stage.from_]
    if stage.count == ALL:
        return f"each of {' and '.join(names)}"
    if stage.count == 1 and len(names) == 1 and not names[0].startswith("group:"):
        return names[0]
    return f"{'one' if stage.count == 1 else stage.count} of {' or '.join(names)}"


def _asked(one: AskedFor, kind: str) -> str:
    match one:
        case OnCall():
            return f"whoever is named by {one.on_call}"
        case OwnerOf():
            return f"the owner of {one.owner_of}"
        case People():
            return f"people with {', '.join(f'{name} {value}' for name, value in one.people.items())}"
        case _:
            return f"the owner of the {kind}" if one == "owner" else one


def steps(spec: Spec, backends: Mapping[str, str]) -> list[ActionStep]:
    """`backends`: the CI system of each connection, as people call it."""
    return [_step(one, backends) for one in spec.steps]


def _step(one: AnyStep, backends: Mapping[str, str]) -> ActionStep:
    if not isinstance(one, DispatchStep):
        return ActionStep(step=one.id, uses=one.uses, backend=None, project=None, pipeline=None, ref=None)
    return ActionStep(
        step=one.id,
        uses=one.uses,
        backend=backends.get(one.uses),
        project=one.what.project,
        pipeline=one.what.pipeline or None,
        ref=one.what.ref or None,
    )
