"""Conditions of a search of the catalog, as the database answers them."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ARRAY, Text, and_, cast, exists, func, or_
from sqlalchemy.sql.elements import ColumnElement

from daytwo_store.tables import EntityRow, RelationRow


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """`name` is a property (`a.b` inside another) or a relation, `value` its text or the ref of its target."""

    name: str
    operator: Literal["is", "is not", "relates to"]
    value: str


def matches(condition: Condition) -> ColumnElement[bool]:
    """On `EntityRow`. Whether the target of a relation may be seen is for whoever asks."""
    if condition.operator == "relates to":
        return exists().where(
            RelationRow.source == EntityRow.ref,
            RelationRow.name == condition.name,
            RelationRow.target == condition.value,
        )
    is_it = _property_is(condition.name, condition.value)
    return is_it if condition.operator == "is" else ~is_it


def _property_is(name: str, value: str) -> ColumnElement[bool]:
    """The value as text, or one of a list; false where there is no such property."""
    path = cast(name.split("."), ARRAY(Text))
    found = EntityRow.properties.op("#>")(path)
    text = EntityRow.properties.op("#>>")(path)
    listed = and_(func.jsonb_typeof(found) == "array", found.op("?")(value))
    return func.coalesce(or_(text == value, listed), False)
