"""`undo:` of a step: what takes back what the step has done. A deed of its own, of one of the kinds that change things.

It has no id, no condition and no place in the order: it belongs to its step, and runs when that is undone.
"""

from typing import Annotated, ClassVar

from pydantic import BaseModel, Discriminator, Tag, field_validator

from daytwo_actions.definitions.steps.catalog import CatalogStep
from daytwo_actions.definitions.steps.dispatch import DispatchStep
from daytwo_actions.definitions.steps.http import HttpStep

UNDO_KINDS = frozenset({"catalog", "http"})  # besides the names of connections


_UNDO_NOTHING = frozenset({"action", "approval", "check", "foreach", "input", "notify", "task", "temporary", "wait"})


class _Undo(BaseModel):
    """Common fields of a step that an undo does not have: nobody writes them, and they have their usual values."""

    id: ClassVar[str] = "undo"
    if_: ClassVar[None] = None
    needs: ClassVar[None] = None
    on_error: ClassVar[str] = "fail"
    outputs: ClassVar[dict[str, object]] = {}
    undo: ClassVar[None] = None
    secrets: ClassVar[list[str]] = []
    protected: ClassVar[bool] = False


class UndoDispatch(_Undo, DispatchStep):
    """Starts a pipeline that takes back what the step has done."""

    @field_validator("uses")
    @classmethod
    def _is_no_other_kind(cls, value: str) -> str:
        if value in _UNDO_NOTHING:
            can = ", ".join(sorted(UNDO_KINDS))
            raise ValueError(f"A step of the kind `{value}` undoes nothing; {can} do, and the names of connections")
        return value


class UndoHttp(_Undo, HttpStep):
    """A request that takes it back."""


class UndoCatalog(_Undo, CatalogStep):
    """Writes into the catalog what was there before."""


def undo_kind(value: object) -> str:
    """Which of them is meant: the name of a union's member."""
    uses = value.get("uses") if isinstance(value, dict) else getattr(value, "uses", None)
    return f"({uses})" if isinstance(uses, str) and uses in UNDO_KINDS else "(dispatch)"


Undoing = Annotated[
    Annotated[UndoDispatch, Tag("(dispatch)")]
    | Annotated[UndoHttp, Tag("(http)")]
    | Annotated[UndoCatalog, Tag("(catalog)")],
    Discriminator(undo_kind),
]
