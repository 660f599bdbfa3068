"""Whom a stage of `approval` asks, and what else holds for it: the shapes of these keys."""

import re
from datetime import timedelta
from typing import Annotated, Final

from pydantic import BeforeValidator, Discriminator, Field, WithJsonSchema
from pydantic import Tag as Member

from daytwo_actions.definitions.durations import Duration, parse_duration
from daytwo_actions.roles import Role
from daytwo_forms.fields import Scalar, Template, Vocabulary

ROLE: Final = f"role:({'|'.join(Role)})"
Approver = Annotated[
    str,
    Field(
        pattern=rf"^(owner|(group|person):[a-z0-9][a-z0-9._-]*|{ROLE})$",
        max_length=200,
        description="owner (the owning group of the target), group:<name>, person:<name> or role:<name>",
    ),
]
_Name = Annotated[str, Field(min_length=1, max_length=63)]
_SHARE: Final = re.compile(r"[1-9][0-9]?%")
_PATH: Final = re.compile(r"\s*\$\{\{\s*([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+)\s*\}\}\s*")


class People(Vocabulary):
    """People whom the catalog names when the plan is made."""

    people: dict[_Name, Scalar] = Field(
        min_length=1, max_length=20, description="property or relation of a person, and the value that it must have"
    )


class OwnerOf(Vocabulary):
    """The owning group of another entity than the target."""

    owner_of: Template = Field(description="an entity's ref, or a list of them, as ${{ inputs.environment.ref }}")


class OnCall(Vocabulary):
    """Whoever a property or relation of an entity names when somebody decides."""

    on_call: Template = Field(
        description="a property or relation that holds refs of people or groups, as ${{ entity.properties.on_call }}"
    )

    @property
    def path(self) -> tuple[str, ...] | None:
        """('entity', 'properties', 'on_call'); None when it is anything else than one name."""
        found = _PATH.fullmatch(self.on_call)
        parts = tuple(found[1].split(".")) if found else ()
        start = {"entity": 1, "inputs": 2}.get(parts[0] if parts else "")
        whole = start is not None and len(parts) > start + 1 and parts[start] in ("properties", "relations")
        return parts if whole else None


def approver_kind(value: object) -> str:
    """Which member of the union an entry of `from` is meant to be."""
    for key, shape in (("on_call", OnCall), ("owner_of", OwnerOf)):
        if isinstance(value, shape) or (isinstance(value, dict) and key in value):
            return f"({key})"
    return "(people)" if isinstance(value, dict | People) else "(name)"


AskedFor = Annotated[
    Annotated[Approver, Member("(name)")]
    | Annotated[People, Member("(people)")]
    | Annotated[OwnerOf, Member("(owner_of)")]
    | Annotated[OnCall, Member("(on_call)")],
    Discriminator(approver_kind),
]


def _reminder(value: object) -> object:
    if not (isinstance(value, str) and _SHARE.fullmatch(value)):
        try:
            parse_duration(value)
        except ValueError:
            raise ValueError(
                "A reminder is a share of the time, as 50%, or a time after the stage has opened, as 30m"
            ) from None
    return value


Reminder = Annotated[
    str,
    BeforeValidator(_reminder),
    WithJsonSchema({"type": "string", "pattern": r"^([1-9][0-9]?%|[0-9dhms]+)$", "examples": ["50%", "30m"]}),
]


def remind_after(reminder: str, expires: timedelta) -> timedelta:
    """From when the stage opens."""
    return expires * int(reminder[:-1]) / 100 if reminder.endswith("%") else parse_duration(reminder)


class Escalate(Vocabulary):
    """Others are asked as well when nobody has decided for so long."""

    after: Duration = Field(description="since the stage has opened")
    to: list[Approver] = Field(min_length=1, max_length=20)
