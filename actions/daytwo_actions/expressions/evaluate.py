"""Working a template out.

Bounded: no statements, no loader, fuel, 64 KB of result. Values are data and never read as templates again: an input
that contains `${{ }}` stays text. Pure: the same template and context give the same value.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import rfc8785
from minijinja import Environment, TemplateError
from pydantic import JsonValue

from daytwo_actions.expressions.compiled import Compiled, Path
from daytwo_actions.expressions.errors import ExpressionError
from daytwo_actions.expressions.library import Unfit, as_text, kind, storable
from daytwo_actions.expressions.source import Place, did_you_mean
from daytwo_actions.expressions.template import Constant, Listing, Node, Table, Template, Text, dotted

_TYPES: Final = re.compile(r"use (\S+) operator on unsupported types (\w+) and (\w+)")
_NOUNS: Final = {"string": "text", "none": "null", "number": "a number", "sequence": "a list", "map": "a map"}
Missing = Mapping[tuple[str | int, ...], str]  # names that have no value, and why
_NONE: Final[Missing] = MappingProxyType({})
_WHOLE: Final = 2**53 - 1  # beyond this, JSON's readers disagree about a whole number (RFC 8785 §3.2.2.3)


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """`fuel` counts the engine's instructions per expression; `result` is bytes of canonical JSON of the template."""

    fuel: int = 20_000
    result: int = 64 * 1024
    depth: int = 32


class Evaluator:
    """Works templates out. Holds no state of an evaluation, so threads may share one."""

    def __init__(self, limits: Limits | None = None, *, missing: Missing = _NONE) -> None:
        """`missing`: naming one of these is an error, although the context has null there, unless the expression says
        what holds instead, with `default` or by asking whether it is null."""
        self._limits, self._missing = limits or Limits(), missing
        self._engine = Environment(undefined_behavior="strict", fuel=self._limits.fuel, pycompat=False, debug=False)

    def evaluate(self, template: Template, context: Mapping[str, object]) -> JsonValue:
        """The value of a template. `context` is plain JSON data by name. Raises `ExpressionError`."""
        return self._node(template.root, context, _Budget(self._limits.result))

    def _node(self, node: Node, context: Mapping[str, object], budget: "_Budget") -> JsonValue:
        match node:
            case Constant():
                budget.spend(node.value, Place(str(node.value), 0, 0))
                return node.value
            case Listing():
                return [self._node(item, context, budget) for item in node.items]
            case Table():
                return {key: self._node(item, context, budget) for key, item in node.items}
            case Text():
                return self._text(node, context, budget)

    def _text(self, node: Text, context: Mapping[str, object], budget: "_Budget") -> JsonValue:
        if node.alone:
            (part,) = node.parts
            assert isinstance(part, Compiled)
            value = self._value(node, part, context)
        else:
            value = "".join(
                part if isinstance(part, str) else self._joinable(node, part, context) for part in node.parts
            )
        budget.spend(value, Place(node.text, 0, len(node.text), node.pointer))
        return value

    def _joinable(self, node: Text, part: Compiled, context: Mapping[str, object]) -> str:
        value = self._value(node, part, context)
        try:
            return as_text(value)
        except Unfit as fault:
            place = Place(node.text, part.start, part.end, node.pointer)
            raise ExpressionError(str(fault), place, absent=value is None) from fault

    def _value(self, node: Text, part: Compiled, context: Mapping[str, object]) -> JsonValue:
        frame = _Frame(node, part, context, self._limits.depth, self._missing)
        if part.whole is not None:
            return frame.get(part.whole)
        try:
            value = self._engine.eval_expr(
                part.source, get=frame.get, has=frame.has, given=frame.given, call=frame.call
            )
        except TemplateError as fault:
            raise frame.engine_fault(fault) from None  # the engine's text repeats values, which nobody may log
        except (ValueError, TypeError, OverflowError, RecursionError):
            # What Python's side of the engine raises for a value that it cannot take over, as half a surrogate pair.
            raise frame.fault("The engine cannot take a value of this expression", part.start, part.end) from None
        return frame.plain(value, part.start, part.end)


class _Budget:
    def __init__(self, size: int) -> None:
        self._size = size
        self._left = size

    def spend(self, value: JsonValue, place: Place) -> None:
        self._left -= len(rfc8785.dumps(value))
        if self._left < 0:
            raise ExpressionError(f"The result is larger than {self._size} bytes", place)


@dataclass(frozen=True, slots=True)
class _Frame:
    """What one evaluation's source calls back."""

    node: Text
    part: Compiled
    context: Mapping[str, object] = field(repr=False)
    depth: int
    missing: Missing

    def get(self, number: int) -> JsonValue:
        path = self.part.paths[number]
        why = self._why_missing(path)
        if why is not None:
            advice = "The action can say with `default` what is meant instead."
            raise self.fault(why, path.start, path.end, advice=advice, absent=True)
        return self.plain(self._walk(path), path.start, path.end)

    def has(self, number: int) -> bool:
        path = self.part.paths[number]
        try:
            self._walk(path)
        except ExpressionError:
            return False
        return not any(path.parts[: len(name)] == name for name in self.missing)

    def given(self, number: int) -> bool:
        try:
            return self._walk(self.part.paths[number]) is not None
        except ExpressionError:
            return False

    def call(self, number: int, *args: object) -> object:
        call = self.part.calls[number]
        try:
            return call.run(*args)
        except LookupError as fault:
            raise self.fault(str(fault), call.start, call.end, absent=True) from fault
        except Unfit as fault:
            raise self.fault(str(fault), call.start, call.end) from fault
        except (ArithmeticError, RecursionError, UnicodeError):
            raise self.fault("This cannot be worked out with these values", call.start, call.end) from None

    def _why_missing(self, path: Path) -> str | None:
        """What is missing below a name is missing in it, whoever says what holds where all of it is not there."""
        for name, why in self.missing.items():
            if path.parts[: len(name)] == name:
                return None if path.optional else why
            if name[: len(path.parts)] == path.parts:
                return why
        return None

    def _walk(self, path: Path) -> object:
        value: object = self.context
        for index, key in enumerate(path.parts):
            try:
                value = _member(value, key)
            except LookupError as missing:
                raise self._absent(path, index, value) from missing
        return value

    def _absent(self, path: Path, index: int, owner: object) -> ExpressionError:
        whole = dotted(path.parts[: index + 1])
        before = dotted(path.parts[:index]) if index else ""
        advice = None
        if isinstance(owner, Mapping):
            message = f"`{whole}` is not defined"
            advice = did_you_mean(str(path.parts[index]), [str(key) for key in owner])
        elif owner is None:
            message = f"`{before}` is null and has no members"
            advice = "Use `default`, or ask `is none` first."
        elif isinstance(owner, list | tuple) and isinstance(path.parts[index], str):
            message = f"`{before}` is a list and has no `{path.parts[index]}`"
            advice = f"Take one by its number, as in `{before}[0]`, or use a filter."
        elif isinstance(owner, list | tuple):
            message = f"`{before}` is a list with {len(owner)} items, and `{whole}` is none of them"
        else:
            message = f"`{before}` is {kind(owner)} and has no members"
        start, end = path.spans[index]
        return self.fault(message, start, end, advice=advice, absent=True)

    def engine_fault(self, fault: TemplateError) -> ExpressionError:
        begin, end = fault.range or (0, len(self.part.source))
        return self.fault(_explained(fault), *self.part.locate(begin, end))

    def fault(
        self, message: str, start: int, end: int, *, advice: str | None = None, absent: bool = False
    ) -> ExpressionError:
        place = Place(self.node.text, start, end, self.node.pointer)
        return ExpressionError(message, place, suggestion=advice, absent=absent)

    def plain(self, value: object, start: int, end: int) -> JsonValue:
        """A copy made of JSON values only, so that nothing else ever enters or leaves the engine."""
        try:
            return _plain(value, self.depth)
        except Unfit as fault:
            raise self.fault(str(fault), start, end) from fault


def _member(value: object, key: str | int) -> object:
    if isinstance(value, Mapping):
        return value[key]
    if isinstance(value, list | tuple) and isinstance(key, int):
        return value[key]
    raise LookupError(key)


def _explained(fault: TemplateError) -> str:
    """The engine's reason in our words, because some of its own repeat the values ("unable to calculate 1 / 0")."""
    detail = fault.detail or ""
    types = _TYPES.search(detail)
    if fault.kind == "OutOfFuel":
        return "The expression takes too long"
    if types:
        left, right = (_NOUNS.get(word, word) for word in types.group(2, 3))
        return f"`{types[1]}` does not work between {left} and {right}"
    if "containment" in detail:
        return "`in` looks into text, a list or a map, and this is none of them"
    if "calculate" in detail:
        return "This cannot be calculated: a division by zero, or a number too large"
    return "This cannot be worked out with these values"


def _plain(value: object, depth: int) -> JsonValue:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, int | float):
        return _number(value)
    if depth == 0:
        raise Unfit("The value is nested too deep")
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise Unfit("A key of a map is not text")
        return {storable(key): _plain(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, depth - 1) for item in value]
    raise Unfit("The value is not JSON")


def _number(value: float) -> int | float:
    """1.0 becomes 1, as it is in canonical JSON (and as the engine has it)."""
    if not -math.inf < value < math.inf:
        raise Unfit("The result is not a finite number")
    if abs(value) <= _WHOLE:
        return int(value) if value == int(value) else value
    if isinstance(value, int):
        raise Unfit("The number is larger than JSON keeps exactly")
    return value
