"""The policy of a company: which role goes to whom. One document, `kind: Policy`, among the company's files.

A company whose policy cannot be read gets no other one: the process does not start, and what was loaded before stays.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from types import MappingProxyType
from typing import Annotated, Final, Literal

from pydantic import Field, ValidationError

from daytwo_actions.definitions import faults
from daytwo_actions.definitions.document import Document
from daytwo_actions.definitions.errors import DefinitionRejected, Problem
from daytwo_actions.definitions.model import ActionId
from daytwo_actions.expressions import did_you_mean
from daytwo_actions.roles import EVERYONE, Role
from daytwo_forms.fields import Line, Vocabulary

KIND: Final = "Policy"
Member = Annotated[
    str,
    Field(
        pattern=r"^(everyone|(group|person):[a-z0-9][a-z0-9._-]*)$",
        max_length=200,
        description="everyone, group:<name> or person:<name>",
    ),
]
Members = Annotated[list[Member], Field(max_length=200)]
# What somebody may change or read by these is not for everybody, whatever a file says.
_NEVER_EVERYONE: Final = (Role.OPERATOR, Role.AUTHOR, Role.CATALOG_ADMIN, Role.AUDITOR, Role.ADMIN)


class PolicyMetadata(Vocabulary):
    name: ActionId
    title: Line = ""


class Roles(Vocabulary):
    """Members by role. Whoever stands nowhere may do nothing."""

    viewer: Members = []
    requester: Members = []
    operator: Members = []
    author: Members = []
    catalog_admin: Members = []
    auditor: Members = []
    admin: Members = Field(min_length=1)


Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=320)]
PersonRef = Annotated[str, Field(pattern=r"^person:[a-z0-9][a-z0-9._-]*$", max_length=200)]


class PolicySpec(Vocabulary):
    roles: Roles
    editors: dict[Email, PersonRef] = Field(
        default={},
        max_length=5000,
        description="people by the e-mail address of their commits; others are found by their property `email`",
    )
    editor_must_be_known: bool = Field(
        default=False,
        description="refuse to load an action, schedule or trigger of which Git does not say who of the catalog last "
        "changed its file; else nobody is kept from deciding on it",
    )


class PolicyDocument(Vocabulary):
    """Who has which role."""

    api_version: Literal["daytwo/v1"] = Field(alias="apiVersion")
    kind: Literal["Policy"]
    metadata: PolicyMetadata
    spec: PolicySpec


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    grants: Mapping[Role, tuple[str, ...]]
    editors: Mapping[str, str] = field(default_factory=dict)  # people by the e-mail address of their commits
    editor_must_be_known: bool = False
    document: Document = field(repr=False)

    def unknown(self, known: Iterable[str]) -> Iterator[Problem]:
        """Members that are nobody: `known` holds the refs that there are."""
        there = {EVERYONE, *known}
        for role, members in self.grants.items():
            for number, member in enumerate(members):
                if member not in there:
                    pointer, advice = f"/spec/roles/{role}/{number}", did_you_mean(member, there)
                    yield self.document.problem(pointer, f"There is no `{member}` in the catalog", advice)


# Of a company that has no policy: everybody looks and asks, and each action says who may run it.
DEFAULT: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {Role.VIEWER: (EVERYONE,), Role.REQUESTER: (EVERYONE,)}
)


def policy_of(document: Document) -> Policy:
    """Raises `DefinitionRejected` with every problem at its place."""
    try:
        read = PolicyDocument.model_validate(document.value)
    except ValidationError as error:
        raise DefinitionRejected(faults.problems(error, document, PolicyDocument)) from error
    grants = {Role(role): tuple(members) for role, members in read.spec.roles.model_dump().items()}
    wrong = [
        document.problem(
            f"/spec/roles/{role}/{grants[role].index(EVERYONE)}",
            f"The role {role} cannot go to everyone",
            "Name a group or a person.",
        )
        for role in _NEVER_EVERYONE
        if EVERYONE in grants[role]
    ]
    if wrong:
        raise DefinitionRejected(wrong)
    editors = {email.casefold(): person for email, person in read.spec.editors.items()}
    return Policy(
        grants=grants, editors=editors, editor_must_be_known=read.spec.editor_must_be_known, document=document
    )


def is_policy_file(file: str) -> bool:
    """Does a file's name say that it holds the policy? One that holds none is broken, and not left out."""
    return PurePath(file).stem == "policy"
