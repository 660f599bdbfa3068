"""What somebody types to search the catalog: words, and conditions that all have to hold.

    shop tier=1 owner:group:storefront dependsOn>service:billing "two words" language!=go

`kind:` and `owner:` are the entity's own, `name=value` and `name!=value` compare a property (`a.b` is one inside
another), `name>ref` is a relation to an entity. Whatever is none of these is a word of the name or the title. A value
with a space stands in double quotes.
"""

import re
from dataclasses import dataclass
from typing import Final

from daytwo_catalog.errors import QueryRejected
from daytwo_store.entity_conditions import Condition

_LONGEST: Final = 500
_MOST: Final = 20
_TOKEN: Final = re.compile(r'\s*((?:"[^"]*"|[^\s"])+)')
_NAME: Final = r"[A-Za-z_][A-Za-z0-9_.-]*"
_PROPERTY: Final = re.compile(rf"^({_NAME})(!=|=)(.*)$", re.DOTALL)
_RELATION: Final = re.compile(rf"^({_NAME})>(.+)$", re.DOTALL)
_OWN: Final = re.compile(r"^(kind|owner):(.+)$", re.DOTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """`text` are the words that are left."""

    text: str = ""
    kind: str | None = None
    owner: str | None = None
    conditions: tuple[Condition, ...] = ()


def parse(written: str) -> Query:
    """Raises `QueryRejected`, which says where."""
    if len(written) > _LONGEST or "\x00" in written:
        raise QueryRejected(0, f"a search has at most {_LONGEST} characters, and no null character")
    words: list[str] = []
    own: dict[str, str] = {}
    conditions: list[Condition] = []
    for at, token in _tokens(written):
        if found := _OWN.match(token):
            name, value = found[1], _value(found[2])
            if own.setdefault(name, value) != value:
                raise QueryRejected(at, f"`{name}:` stands there twice, and nothing is both")
        elif condition := _condition(token, at):
            conditions.append(condition)
        else:
            words.append(token.replace('"', " "))
    if len(conditions) > _MOST:
        raise QueryRejected(0, f"a search has at most {_MOST} conditions")
    return Query(text=" ".join(words), kind=own.get("kind"), owner=own.get("owner"), conditions=tuple(conditions))


def _tokens(written: str) -> list[tuple[int, str]]:
    found, at = [], 0
    while match := _TOKEN.match(written, at):
        found.append((match.start(1), match[1]))
        at = match.end()
    rest = written[at:].lstrip()
    if rest:
        raise QueryRejected(len(written) - len(rest), 'a quotation mark is open: close it with another "')
    return found


def _condition(token: str, at: int) -> Condition | None:
    if found := _PROPERTY.match(token):
        name, operator, value = found[1], found[2], _value(found[3])
        if value == "":
            raise QueryRejected(at, f"`{name}{operator}` has no value")
        return Condition(name=name, operator="is" if operator == "=" else "is not", value=value)
    if found := _RELATION.match(token):
        name, value = found[1], _value(found[2])
        if ":" not in value:
            raise QueryRejected(at, f"`{name}>` is followed by an entity, as {name}>service:shop")
        return Condition(name=name, operator="relates to", value=value)
    return None


def _value(written: str) -> str:
    return written.replace('"', "")
