"""The kinds of step that there are. To add one: docs/decisions/0029."""

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import Discriminator, Tag

from daytwo_actions.definitions.steps.action import ActionStep
from daytwo_actions.definitions.steps.approval import ApprovalStep
from daytwo_actions.definitions.steps.catalog import CatalogStep
from daytwo_actions.definitions.steps.check import CheckStep
from daytwo_actions.definitions.steps.common import StepBase
from daytwo_actions.definitions.steps.dispatch import DispatchStep
from daytwo_actions.definitions.steps.foreach import ForeachStep
from daytwo_actions.definitions.steps.http import HttpStep
from daytwo_actions.definitions.steps.input import InputStep
from daytwo_actions.definitions.steps.notify import NotifyStep
from daytwo_actions.definitions.steps.task import TaskStep
from daytwo_actions.definitions.steps.temporary import TemporaryStep
from daytwo_actions.definitions.steps.undo import Undoing
from daytwo_actions.definitions.steps.wait import WaitStep

DISPATCH: Final = "dispatch"  # the kind of a step that names a connection; no reserved word of `uses`
KINDS: Final[Mapping[str, type[StepBase]]] = {
    "action": ActionStep,
    "approval": ApprovalStep,
    "catalog": CatalogStep,
    "check": CheckStep,
    "foreach": ForeachStep,
    "http": HttpStep,
    "input": InputStep,
    "notify": NotifyStep,
    "task": TaskStep,
    "temporary": TemporaryStep,
    "wait": WaitStep,
}


_MODELS: Final[tuple[type[StepBase], ...]] = (DispatchStep, *KINDS.values())
for _model in _MODELS:
    _model.model_rebuild(force=True, _types_namespace={"Undoing": Undoing})


def step_kind(value: object) -> str:
    """Which kind of step a document, or a model that is written back, is: the name of a union's member."""
    uses = value.get("uses") if isinstance(value, dict) else getattr(value, "uses", None)
    return f"({uses})" if isinstance(uses, str) and uses in KINDS else f"({DISPATCH})"


AnyStep = Annotated[
    Annotated[DispatchStep, Tag("(dispatch)")]
    | Annotated[ActionStep, Tag("(action)")]
    | Annotated[ApprovalStep, Tag("(approval)")]
    | Annotated[CatalogStep, Tag("(catalog)")]
    | Annotated[CheckStep, Tag("(check)")]
    | Annotated[ForeachStep, Tag("(foreach)")]
    | Annotated[HttpStep, Tag("(http)")]
    | Annotated[InputStep, Tag("(input)")]
    | Annotated[NotifyStep, Tag("(notify)")]
    | Annotated[TaskStep, Tag("(task)")]
    | Annotated[TemporaryStep, Tag("(temporary)")]
    | Annotated[WaitStep, Tag("(wait)")],
    Discriminator(step_kind),
]


def kind_of(step: StepBase) -> str:
    return step_kind(step).strip("()")
