"""What else holds for a stage of an approval, besides who decides: sealed with the plan, kept beside the stage."""

from collections.abc import Sequence
from typing import Final, Literal

from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass

from daytwo_store.tables.base import Json


@dataclass(frozen=True, kw_only=True, slots=True)
class Escalation:
    """Others are asked as well when a stage has been open for so long."""

    after: int  # seconds
    to: Sequence[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    self_approval: bool = False  # may the requester and who filled in values, and who is one person with them, decide?
    editor_approval: bool = False  # may who last changed the action's file decide?
    reason: Sequence[Literal["approve", "reject"]] = ("reject",)  # verdicts that need a reason
    remind: Sequence[int] = ()  # seconds after it has opened, ascending
    escalate: Escalation | None = None


DEFAULT: Final = Terms()
TERMS: Final = TypeAdapter(Terms)


def terms_of(stored: Json) -> Terms:
    """From the column; a stage of the time before there were any has the defaults."""
    return TERMS.validate_python(stored)
