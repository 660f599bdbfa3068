"""Places where expressions are worked out, and what may be named there."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Scope(StrEnum):
    """A place where expressions are worked out, in words for messages."""

    FORM = "in the form"
    FILLED = "in the form of a stage"
    ASKED = "in the form of a step"
    ALLOW = "in `allow.run`"
    SEE = "in `allow.see`"
    APPROVAL = "in `approval`"
    LOCK = "in `lock`"
    STEP = "in a step"
    INPUTS = "in the inputs of a dispatch"
    ANSWER = "where an answer is judged"
    SENT = "in what is sent to a service"
    ITEM = "where it is about one of many"
    TARGETS = "in `targets`"
    TARGET = "where it is about one of `targets`"
    CATALOG = "in `catalog`"
    UNDO = "in `undo`"


_STEP: Final = ("inputs", "entity", "user", "run", "steps")

NAMES: Final[Mapping[Scope, tuple[str, ...]]] = MappingProxyType(
    {
        Scope.FORM: ("form", "entity", "user"),
        Scope.FILLED: ("form", "inputs", "entity", "user", "run"),  # `user` is who fills it in
        Scope.ASKED: ("form", *_STEP),  # likewise
        Scope.ALLOW: ("inputs", "entity", "user", "run"),
        Scope.SEE: ("entity", "user"),
        Scope.APPROVAL: ("inputs", "entity", "user", "run"),
        Scope.LOCK: ("inputs", "entity"),  # a key with the user or the run in it would lock nobody out
        Scope.STEP: _STEP,
        Scope.INPUTS: (*_STEP, "approvals"),
        Scope.ANSWER: (*_STEP, "response"),
        Scope.SENT: (*_STEP, "secrets"),
        Scope.ITEM: (*_STEP, "item"),
        Scope.TARGETS: ("inputs", "entity", "user"),  # sealed with the plan, as what each of them gets
        Scope.TARGET: ("inputs", "entity", "user", "run", "item"),
        Scope.CATALOG: ("inputs", "entity", "user", "run"),
        Scope.UNDO: ("previous", "inputs", "entity", "user"),
    }
)
