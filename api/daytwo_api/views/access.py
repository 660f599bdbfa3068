"""The question whether somebody may do something."""

from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from daytwo_actions.roles import Permission
from daytwo_api.views.common import Request, ShortText

DO_TO_RUN: Final = ("cancel", "withdraw", "undo", "rerun", "resume", "choose", "resolve", "evidence")
_WORDS: Final = (*DO_TO_RUN, *Permission)


class MayRequest(Request):
    """`do` is a permission (`read`, `run`, `decide`, `locks.force` …), or what is done to a run: cancel, withdraw,
    undo, rerun, resume, choose (what becomes of an undo), resolve, evidence. While everything is stopped,
    `stop.global` is about lifting the stop.
    """

    do: Annotated[str, Field(max_length=50)]
    action: ShortText | None = Field(default=None, description="with `run`: which action")
    entity: ShortText | None = Field(default=None, description="… and on which entity")
    run: ShortText | None = Field(default=None, description="with what is done to a run: which one")
    approval: ShortText | None = Field(default=None, description="with `decide`: which approval")
    lock: ShortText | None = Field(default=None, description="with `locks.force`: the key of which lock")
    freeze: ShortText | None = Field(default=None, description="with `freezes.manage`: which freeze is to be changed")

    @model_validator(mode="after")
    def _is_known(self) -> Self:
        if self.do not in _WORDS:
            raise ValueError(f"`do` is one of {', '.join(_WORDS)}")
        return self

    @property
    def permission(self) -> Permission:
        """What it takes besides the object's own rules."""
        if self.do == "evidence":
            return Permission.AUDIT_READ
        return Permission.RUN if self.do in DO_TO_RUN else Permission(self.do)
