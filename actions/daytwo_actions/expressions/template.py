"""A template: any JSON value whose strings may contain `${{ }}`.

A string that is exactly one expression keeps the type of its value; otherwise the parts are joined as text. A literal
`${{` is written `${{ '${{' }}`.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from pydantic import JsonValue

from daytwo_actions.expressions.compiled import Compiled, Equal, Path
from daytwo_actions.expressions.errors import ExpressionError
from daytwo_actions.expressions.library import Unfit, storable
from daytwo_actions.expressions.parser import parse_expression
from daytwo_actions.expressions.source import Place

MAX_DEPTH: Final = 64
_OPEN: Final = "${{"
_STATEMENT: Final = re.compile(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Constant:
    """A value without expressions."""

    value: bool | int | float | str | None


@dataclass(frozen=True, slots=True)
class Text:
    """A string with expressions. `alone` when it is exactly one of them and nothing else."""

    text: str
    pointer: str
    parts: tuple[str | Compiled, ...]
    alone: bool


@dataclass(frozen=True, slots=True)
class Listing:
    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Table:
    items: tuple[tuple[str, "Node"], ...]


Node: TypeAlias = Constant | Text | Listing | Table


@dataclass(frozen=True, slots=True)
class Name:
    """A dotted name that an expression mentions. `parts` ends where a member is worked out at run time."""

    parts: tuple[str | int, ...]
    text: str
    pointer: str
    spans: tuple[tuple[int, int], ...]
    optional: bool = False  # what stands around it says what holds where it has no value, as `default` does

    @property
    def dotted(self) -> str:
        return dotted(self.parts)

    @property
    def place(self) -> Place:
        return Place(self.text, self.spans[0][0], self.spans[-1][1], self.pointer)

    def part(self, index: int) -> Place:
        """Where one member stands."""
        return Place(self.text, *self.spans[index], self.pointer)


@dataclass(frozen=True, slots=True)
class Template:
    """A checked template. Made by `parse_template`, worked out by an `Evaluator`."""

    root: Node

    @property
    def constant(self) -> bool:
        """There is no expression in it."""
        return next(_texts(self.root), None) is None


def parse_template(value: object, *, pointer: str = "") -> Template:
    """Check a JSON value and every expression in it.

    `pointer` is where the value stands in its document; places in errors and names start with it.
    Raises `ExpressionError` for the first fault.
    """
    return Template(_node(value, pointer, 0))


def constant(value: JsonValue) -> Template:
    """A template of data: nothing in it is worked out, whatever it looks like."""
    return Template(_constant(value))


def _constant(value: JsonValue) -> Node:
    if isinstance(value, list):
        return Listing(tuple(map(_constant, value)))
    if isinstance(value, dict):
        return Table(tuple((key, _constant(item)) for key, item in value.items()))
    return Constant(value)


def names(template: Template) -> tuple[Name, ...]:
    """Every name that the expressions of a template mention, in order, repeated ones too."""
    return tuple(
        Name(path.parts, text.text, text.pointer, path.spans, path.optional)
        for text in _texts(template.root)
        for part in text.parts
        if isinstance(part, Compiled)
        for path in _by_position(part.paths)
    )


def surely(template: Template) -> frozenset[Equal]:
    """Names that are a certain text wherever the template, one expression, is true: `a.b` for `a.b == 'x' and c`."""
    root = template.root
    part = root.parts[0] if isinstance(root, Text) and root.alone else None
    return part.sure if isinstance(part, Compiled) else frozenset()


def has_expression(value: object) -> bool:
    """Is there a `${{` anywhere in this JSON value?"""
    if isinstance(value, str):
        return _OPEN in value
    if isinstance(value, Mapping):
        return any(has_expression(item) for item in value.values())
    return isinstance(value, Sequence) and any(has_expression(item) for item in value)


def dotted(parts: Sequence[str | int]) -> str:
    """Written as an author would: `inputs.environment.name`, `inputs.tags[0]`."""
    head, *rest = parts
    return str(head) + "".join(f".{part}" if isinstance(part, str) else f"[{part}]" for part in rest)


def _by_position(paths: Sequence[Path]) -> list[Path]:
    return sorted(paths, key=lambda path: path.start)


def _texts(node: Node) -> Iterator[Text]:
    if isinstance(node, Text):
        yield node
    elif isinstance(node, Listing):
        for item in node.items:
            yield from _texts(item)
    elif isinstance(node, Table):
        for _, item in node.items:
            yield from _texts(item)


def _node(value: object, pointer: str, depth: int) -> Node:
    if depth > MAX_DEPTH:
        raise ExpressionError(f"A template cannot be nested deeper than {MAX_DEPTH}", Place("", 0, 0, pointer))
    if isinstance(value, str):
        return _text(value, pointer)
    if value is None or isinstance(value, bool | int):
        return Constant(value)
    if isinstance(value, float) and math.isfinite(value):
        return Constant(value)
    if isinstance(value, Mapping):
        return Table(tuple((_key(key, pointer), _node(value[key], _under(pointer, key), depth + 1)) for key in value))
    if isinstance(value, Sequence):
        return Listing(tuple(_node(item, _under(pointer, number), depth + 1) for number, item in enumerate(value)))
    raise ExpressionError("A template is made of JSON values", Place("", 0, 0, pointer))


def _under(pointer: str, key: object) -> str:
    return f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"


def _key(key: object, pointer: str) -> str:
    if not isinstance(key, str) or _OPEN in key:
        text = str(key)
        raise ExpressionError("A key is plain text, without an expression", Place(text, 0, len(text), pointer))
    return key


def _text(text: str, pointer: str) -> Constant | Text:
    try:
        storable(text)
    except Unfit as fault:
        raise ExpressionError(str(fault), Place("", 0, 0, pointer)) from None
    parts: list[str | Compiled] = []
    at = 0
    while (found := text.find(_OPEN, at)) >= 0:
        _plain(text, at, found, pointer)
        compiled, end = parse_expression(text, found + len(_OPEN), pointer=pointer)
        parts += [text[at:found], compiled] if found > at else [compiled]
        at = end
    _plain(text, at, len(text), pointer)
    if not parts:
        return Constant(text)
    if at < len(text):
        parts.append(text[at:])
    return Text(text, pointer, tuple(parts), alone=len(parts) == 1)


def _plain(text: str, start: int, end: int, pointer: str) -> None:
    """Statements and comments of Jinja would be sent as they are; whoever wrote them expects something else."""
    found = _STATEMENT.search(text, start, end)
    if found:
        raise ExpressionError(
            "There are no statements and no comments, only expressions",
            Place(text, found.start(), found.end(), pointer),
            suggestion="Use `${{ a if condition else b }}`, or a YAML comment.",
        )
