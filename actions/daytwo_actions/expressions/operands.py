"""The smallest things of an expression: names, literals, calls, filters and tests."""

import json
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from daytwo_actions.expressions import library as lib
from daytwo_actions.expressions.compiled import Call, Callback, Equal, Part, Path, Piece
from daytwo_actions.expressions.errors import ExpressionError
from daytwo_actions.expressions.names import FILTERS, FUNCTIONS, TESTS
from daytwo_actions.expressions.source import Place, did_you_mean
from daytwo_actions.expressions.tokens import Kind, Token

MAX_DEPTH: Final = 32  # brackets, negations and conditions inside each other; the engine's own limit is not far above
LITERALS: Final = {"true": "true", "false": "false", "null": "none", "none": "none"}
_PYTHON: Final = {"True": "true", "False": "false", "None": "null"}
RESERVED: Final = frozenset({*LITERALS, "and", "or", "not", "if", "else", "in", "is"})


@dataclass(frozen=True, slots=True)
class Operand:
    """A piece, and which path it is when it is nothing but that; `sure`, what is so wherever it is true."""

    piece: Piece
    path: int | None = None
    sure: frozenset[Equal] = frozenset()


@dataclass(slots=True)
class Reader:
    """The words of one expression with a cursor, and the tables that its source calls back by number."""

    text: str
    pointer: str
    words: list[Token]
    at: int = 0
    depth: int = 0
    paths: list[Path] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)

    def ended(self) -> bool:
        return self.now.kind is Kind.END

    @property
    def now(self) -> Token:
        return self.words[self.at]

    def take(self) -> Token:
        token = self.now
        self.at += token.kind is not Kind.END
        return token

    def sees(self, *words: str) -> bool:
        return self.now.kind in (Kind.SIGN, Kind.NAME) and self.now.value in words

    def takes(self, *words: str) -> bool:
        seen = self.sees(*words)
        if seen:
            self.take()
        return seen

    def needs(self, sign: str) -> Token:
        if not self.sees(sign):
            raise self.fault(f"`{sign}` is missing here", self.now)
        return self.take()

    def fault(self, message: str, at: Token | Piece | Path, advice: str | None = None) -> ExpressionError:
        return ExpressionError(message, Place(self.text, at.start, at.end, self.pointer), suggestion=advice)

    def call(self, run: Callback, start: int, *args: Part) -> Piece:
        """A piece that calls `run` with what the other pieces come to."""
        end = self.words[self.at - 1].end
        self.calls.append(Call(run, start, end))
        commas: list[Part] = [f"call({len(self.calls) - 1}"]
        for arg in args:
            commas += [",", arg]
        return Piece(start, end, (*commas, ")"))

    def path(self, path: Path) -> Operand:
        self.paths.append(path)
        number = len(self.paths) - 1
        return Operand(Piece(path.start, path.end, (f"get({number})",)), number)

    def is_optional(self, value: Operand) -> None:
        """What stands around this operand says what holds where it has no value."""
        if value.path is not None:
            self.paths[value.path] = replace(self.paths[value.path], optional=True)


def literal(token: Token) -> Operand:
    """A number, or a text written so that nothing in it can be mistaken for source."""
    value = json.dumps(token.value) if token.kind is Kind.TEXT else token.value
    return Operand(Piece(token.start, token.end, (value,)))


def name(reader: Reader, root: Token) -> Operand:
    """A name and its constant members; `a.b["c"][0]` is one path."""
    parts: list[str | int] = [root.value]
    spans = [(root.start, root.end)]
    while (member := _constant_member(reader)) is not None:
        parts.append(member[0])
        spans.append(member[1])
    if root.value in _PYTHON:
        raise reader.fault(f"`{root.value}` is not defined", root, f"Write `{_PYTHON[root.value]}`.")
    if root.value == "secrets" and not (len(parts) == 2 and isinstance(parts[1], str)):
        raise reader.fault("A secret is named as `secrets.<name>`", Path(tuple(parts), tuple(spans)))
    return reader.path(Path(tuple(parts), tuple(spans)))


def _constant_member(reader: Reader) -> tuple[str | int, tuple[int, int]] | None:
    following = reader.words[reader.at + 1 : reader.at + 3]
    if reader.sees("."):
        reader.take()
        word = member_name(reader)
        return word.value, (word.start, word.end)
    if reader.sees("[") and len(following) == 2 and following[1].value == "]":
        token = following[0]
        if token.kind is Kind.TEXT or (token.kind is Kind.NUMBER and token.value.isdecimal()):
            reader.at += 3
            return (token.value if token.kind is Kind.TEXT else int(token.value)), (token.start, token.end)
    return None


def function(reader: Reader, word: Token, args: list[Piece]) -> Operand:
    known = FUNCTIONS.get(word.value)
    if known is None:
        advice = did_you_mean(word.value, FUNCTIONS) or f"There are {', '.join(FUNCTIONS)}."
        raise reader.fault(f"There is no function `{word.value}`", word, advice)
    _count(reader, word, len(args), known)
    return Operand(reader.call(known.run, word.start, *args))


def filtered(reader: Reader, value: Operand, word: Token, args: list[Piece]) -> Operand:
    known = FILTERS.get(word.value)
    if word.kind is not Kind.NAME:
        raise reader.fault("The name of a filter is missing here", word)
    if known is None:
        advice = did_you_mean(word.value, FILTERS) or f"There are {', '.join(FILTERS)}."
        raise reader.fault(f"There is no filter `{word.value}`", word, advice)
    _count(reader, word, len(args) + 1, known)
    if word.value == "default" and (value.path is not None or len(args) == 2):
        return _default(reader, value, args)
    return Operand(reader.call(known.run, value.piece.start, value.piece, *args))


def _default(reader: Reader, value: Operand, args: list[Piece]) -> Operand:
    """The other value is worked out only when needed; with `true`, also in place of empty text, zero and false."""
    reader.is_optional(value)
    start, end = value.piece.start, reader.words[reader.at - 1].end
    given: Part = f"given({value.path})" if value.path is not None else "true"
    if len(args) == 1:
        parts: tuple[Part, ...] = ("(", value.piece, " if ", given, " else ", args[0], ")")
    elif args[1].parts in (("true",), ("false",)):
        also: Part = "true" if args[1].parts == ("false",) else Piece(start, end, ("(", value.piece, ")"))
        parts = ("(", value.piece, " if ", given, " and ", also, " else ", args[0], ")")
    else:
        raise reader.fault("The second argument of `default` is `true` or `false`", args[1])
    return Operand(Piece(start, end, parts))


def test(reader: Reader, value: Operand, word: Token, *, wanted: bool) -> Operand:
    known = TESTS.get(word.value)
    if word.kind is not Kind.NAME:
        raise reader.fault("The name of a test is missing here", word)
    if known is None:
        advice = did_you_mean(word.value, TESTS) or f"There are {', '.join(TESTS)}."
        raise reader.fault(f"There is no test `{word.value}`", word, advice)
    end = word.end
    if word.value in ("defined", "undefined"):
        if value.path is None:
            raise reader.fault(f"`is {word.value}` asks about a name", value.piece)
        reader.is_optional(value)
        answer: Part = f"has({value.path})"
        wanted = wanted is (word.value == "defined")
    else:
        if word.value in ("none", "null"):
            reader.is_optional(value)
        answer = reader.call(known.run, value.piece.start, value.piece)
    return Operand(Piece(value.piece.start, end, ("(" if wanted else "(not ", answer, ")")))


def member(reader: Reader, value: Operand, key: Part, start: int) -> Operand:
    """A member whose name is worked out, or one of a value that is not a path."""
    return Operand(reader.call(_item, start, value.piece, key))


def sliced(reader: Reader, value: Operand, bounds: tuple[Part, Part]) -> Operand:
    return Operand(reader.call(lib.part, value.piece.start, value.piece, *bounds))


def compared(reader: Reader, sign: str, left: Operand, right: Operand) -> Operand:
    sure: frozenset[Equal] = frozenset()
    for one, other in ((left, right), (right, left)):
        if sign in ("==", "!=") and other.piece.parts == (LITERALS["null"],):
            reader.is_optional(one)
        text = _text_of(other.piece)
        if sign == "==" and one.path is not None and text is not None:
            sure |= {(reader.paths[one.path].parts, text)}
    piece = Piece(left.piece.start, right.piece.end, ("(", left.piece, f" {sign} ", right.piece, ")"))
    return Operand(piece, sure=sure)


def _text_of(piece: Piece) -> str | None:
    """Where it is nothing but text in quotes."""
    match piece.parts:
        case (str(part),) if part.startswith('"'):
            return str(json.loads(part))
    return None


def negated(reader: Reader, value: Operand, sign: Token) -> Operand:
    return Operand(reader.call(lib.negated, sign.start, value.piece))


def guarded(reader: Reader, sign: str, left: Operand, right: Operand) -> Operand:
    """`<` and its like and `*`, which the engine would carry out on anything."""
    run = lib.multiply if sign == "*" else partial(lib.order, sign)
    return Operand(reader.call(run, left.piece.start, left.piece, right.piece))


def member_name(reader: Reader) -> Token:
    """The word after a point."""
    word = reader.take()
    if word.kind is not Kind.NAME:
        advice = 'Other names are written as ["name"].'
        raise reader.fault("A member's name is missing after the point", word, advice)
    return word


def _item(value: object, key: object) -> object:
    if isinstance(value, dict) and isinstance(key, str):
        if key in value:
            return value[key]
        raise LookupError("There is no such member")
    if isinstance(value, list) and isinstance(key, int) and not isinstance(key, bool):
        if -len(value) <= key < len(value):
            return value[key]
        raise LookupError("The list is shorter than that")
    if value is None:
        raise LookupError("Null has no members")
    raise lib.Unfit(f"{lib.kind(value).capitalize()} has no member that is named by {lib.kind(key)}")


def _count(reader: Reader, word: Token, count: int, known: lib.Function) -> None:
    if not known.least <= count <= known.most:
        wanted = str(known.least) if known.least == known.most else f"{known.least} to {known.most}"
        raise reader.fault(f"`{word.value}` takes {wanted} values, and this is {count}", word)
