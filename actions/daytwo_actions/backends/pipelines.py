"""What can be dispatched in a project of a CI system, which inputs it takes, and names for a form's choices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pydantic import JsonValue

PACK: Final = "daytwo_inputs"  # the one input that carries, as JSON, what a pipeline does not declare by name
_OURS: Final = "daytwo_"


def is_ours(name: str) -> bool:
    """Whether an input carries what we hand over ourselves: the marker, a token, the packed inputs."""
    return name.lower().startswith(_OURS)


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusing:
    """A text may hold what this vendor's input cannot take; then nothing is sent, and whoever typed it is told so."""

    what: str  # as the end of a sentence: "holds quotes"
    advice: str  # what else to do, for who writes the action


class InputType(StrEnum):
    """Types of a pipeline's input, over all kinds of CI system."""

    STRING = "string"
    NUMBER = "number"
    BOOLEAN = "boolean"
    CHOICE = "choice"  # one of `options`
    ENVIRONMENT = "environment"  # GitHub: the name of an environment of the repository
    ARRAY = "array"  # GitLab: a list of JSON values


@dataclass(frozen=True, kw_only=True, slots=True)
class PipelineInput:
    name: str
    type: InputType
    required: bool  # has to be given: it has no default
    default: JsonValue = None
    description: str | None = None
    options: Sequence[str | int | float] = ()  # none: not restricted, or (environment) not known
    pattern: str | None = None  # a regular expression of the vendor's dialect (GitLab: RE2)
    refusing: Refusing | None = None  # not every text arrives; None: it does, or only options do
    line: int | None = None  # where it is declared in the pipeline's file, from 1


class Severity(StrEnum):
    ERROR = "error"  # it cannot work
    WARNING = "warning"  # it works, and will hurt
    NOTE = "note"  # good to know, nothing to correct


@dataclass(frozen=True, kw_only=True, slots=True)
class PipelineRemark:
    """Something about a pipeline's file that somebody should know: no marker, an input that is put into a script."""

    severity: Severity
    code: str  # stable: one of those in `remarks.py`
    message: str  # what is so, and what to do
    file: str
    line: int | None  # from 1


@dataclass(frozen=True, kw_only=True, slots=True)
class PipelineInputs:
    """A pipeline as a form would see it."""

    file: str  # path of the pipeline's file in its project, or the name of the template
    inputs: Sequence[PipelineInput]
    others: bool  # takes names that it does not declare (GitLab variables, Argo parameters without a declaration)
    marked: bool
    fenced: bool
    ref: str | None = None  # where it was read; None where there are no refs
    packs: bool = False  # takes what it does not declare packed into one input, `PACK`
    remarks: Sequence[PipelineRemark] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class PipelineInfo:
    pipeline: str  # what a step writes as `pipeline`
    title: str
    why_not: str | None = None  # it cannot be dispatched, and why; None: it can
    url: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ListPage:
    names: Sequence[str]
    next_cursor: str | None


def packed_names(inputs: Mapping[str, JsonValue], by_name: Sequence[str] | None) -> tuple[str, ...]:
    """Which inputs travel together in `PACK`, in their order; `by_name` as in `Pinned`. Unanswered ones do not."""
    if by_name is None:
        return ()
    return tuple(
        name for name, value in inputs.items() if name not in by_name and value is not None and not is_ours(name)
    )
