"""Which keys of `with` a step needs on which kind of CI system, and which have no meaning there.

What a key means is the same everywhere; a kind that nobody knows here takes all of them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from daytwo_actions.definitions.document import Document
from daytwo_actions.definitions.errors import Problem
from daytwo_actions.definitions.steps.dispatch import DispatchStep


@dataclass(frozen=True, kw_only=True, slots=True)
class Keys:
    needed: Mapping[str, str] = field(default_factory=dict)  # key → what to write there
    without_meaning: Mapping[str, str] = field(default_factory=dict)  # key → why


_REF: Final = "the branch or tag that the pipeline is taken from"

KEYS: Final[Mapping[str, Keys]] = {
    "github": Keys(needed={"pipeline": "the workflow file, as `deploy.yml`", "ref": _REF}),
    "gitlab": Keys(needed={"ref": _REF}, without_meaning={"pipeline": "a project in GitLab has one pipeline"}),
    "argo": Keys(
        needed={"pipeline": "the template, as `deploy`, or `cluster/deploy` for a ClusterWorkflowTemplate"},
        without_meaning={"ref": "templates of Argo have no branches or tags"},
    ),
}


def key_problems(step: DispatchStep, pointer: str, kind: str, document: Document) -> Iterator[Problem]:
    """`kind` is that of the step's connection, `pointer` the step's."""
    keys = KEYS.get(kind, Keys())
    given = step.with_.model_fields_set
    for key, what in keys.needed.items():
        if key not in given:
            yield document.problem(f"{pointer}/with", f"`{key}` is missing here", f"Write {what}.")
    for key, why in keys.without_meaning.items():
        if key in given:
            message = f"`{key}` has no meaning for the connection `{step.uses}`: {why}"
            yield document.problem(f"{pointer}/with/{key}", message, "Take it out.", at_key=True)
