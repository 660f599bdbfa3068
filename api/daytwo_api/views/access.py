"""The question whether somebody may do something."""

from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from daytwo_actions.roles import Permission
from daytwo_api.views.common import Request, ShortText

DO_TO_RUN: Final = ("cancel", "withdraw", "undo", "resolve")
_WORDS: Final = (*DO_TO_RUN, *Permission)


class MayRequest(Request):
    """`do` is a permission (`read`, `run`, `decide`, `locks.force` …), or one of cancel, withdraw, undo, resolve."""

    do: Annotated[str, Field(max_length=50)]
    action: ShortText | None = Field(default=None, description="with `run`: which action")
    entity: ShortText | None = Field(default=None, description="… and on which entity")
    run: ShortText | None = Field(default=None, description="with cancel, withdraw, undo, resolve: which run")
    approval: ShortText | None = Field(default=None, description="with `decide`: which approval")

    @model_validator(mode="after")
    def _is_known(self) -> Self:
        if self.do not in _WORDS:
            raise ValueError(f"`do` is one of {', '.join(_WORDS)}")
        return self

    @property
    def permission(self) -> Permission:
        """What it takes besides the object's own rules."""
        return Permission.RUN if self.do in DO_TO_RUN else Permission(self.do)
