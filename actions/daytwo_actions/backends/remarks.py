"""What is said about pipelines, whatever their vendor: the codes, and which inputs may stand in a script."""

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from daytwo_actions.backends.bounded import HARMLESS, is_bounded
from daytwo_actions.backends.pipelines import InputType, PipelineInput, PipelineRemark, Severity

MOST_REMARKS: Final = 100  # of one kind about one file


class Code(StrEnum):
    """Stable: tools may go by them."""

    UNREADABLE = "unreadable"  # the file cannot be read, so nothing else is known
    NOT_DISPATCHABLE = "not-dispatchable"  # nothing can start it from outside
    NO_MARKER = "no-marker"  # a listing does not show which run is ours
    NO_FENCE = "no-fence"  # it does not ask before it works
    REMOVED_SOON = "removed-soon"  # an ended run is gone before anybody can be sure to have seen it
    INPUT_IN_SCRIPT = "input-in-script"  # what somebody typed becomes part of a program
    INPUT_DECIDES = "input-decides"  # what somebody typed becomes part of a condition, or of where a file comes from
    INPUT_TYPE = "input-type"  # a type that nobody knows, or one that contradicts the rest of the input
    TOO_MANY_INPUTS = "too-many-inputs"  # it declares more than can be sent
    DEPRECATED = "deprecated"  # its author says not to use it any more
    ELSEWHERE = "elsewhere"  # a part of it stands in another file, which was not read


_HARMLESS: Final = re.compile(f"[{HARMLESS}]*")


def is_harmless(one: PipelineInput) -> bool:
    """Whether no value that the CI system lets through can be more than a word in a program.

    Numbers count as free text: not every CI system checks them.
    """
    if one.type is InputType.BOOLEAN or (one.pattern is not None and is_bounded(one.pattern)):
        return True
    return bool(one.options) and all(_HARMLESS.fullmatch(str(option)) for option in one.options)


def harmless_names(inputs: Sequence[PipelineInput]) -> frozenset[str]:
    return frozenset(one.name.lower() for one in inputs if is_harmless(one))


def in_script(text: str, safe: str) -> str:
    """What is said about an input in a program. `safe` says how to hand it over instead."""
    return (
        f"`{text}` becomes part of a program before it is read, so whoever fills in the form can run commands there. "
        f"{safe}"
    )


def decides(text: str, safe: str) -> str:
    """The same about one in a condition, or in the place of a file."""
    return (
        f"`{text}` becomes part of what decides which jobs run, before it is read, so whoever fills in the form can "
        f"decide otherwise. {safe}"
    )


def variable(name: str) -> str:
    """A name for a variable of the environment: "image-tag" → IMAGE_TAG."""
    return re.sub(r"\W", "_", name, flags=re.ASCII).upper()


def no_fence(file: str) -> PipelineRemark:
    return PipelineRemark(
        severity=Severity.NOTE,
        code=Code.NO_FENCE,
        message="No claim fence: it does not ask before it works, so an execution that somebody else starts twice "
        "works twice, and so does a job that somebody runs again. Let each job claim the run before it works if that "
        "would hurt.",
        file=file,
        line=None,
    )
