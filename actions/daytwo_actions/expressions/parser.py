"""One expression, from its words to source for the engine.

minijinja works the expression out, but what it is given is written here, whole and in brackets, because three promises
need to know the operands: a name that is not there is an error wherever it stands (the engine makes `inputs.typo` alone
null, even when strict), text is not ordered against numbers (it answers by type), and an error points into the author's
text. Binding follows the engine's: `or`, `and`, `not`, comparison, `+ -`, `~`, `* / // %`, `-x`, `.` `[]` `|` `is`.
"""

from dataclasses import replace

from daytwo_actions.expressions import operands
from daytwo_actions.expressions.compiled import Compiled, Part, Piece, flatten
from daytwo_actions.expressions.library import concat
from daytwo_actions.expressions.operands import LITERALS, MAX_DEPTH, RESERVED, Operand, Reader
from daytwo_actions.expressions.tokens import Kind, Token, tokens

_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=", "in", "not")


def parse_expression(text: str, start: int, *, pointer: str) -> tuple[Compiled, int]:
    """The expression that begins at `start`, right after `${{`, and where its `}}` ends. Raises `ExpressionError`."""
    reader = Reader(text, pointer, list(tokens(text, start, pointer=pointer)))
    if reader.ended():
        raise reader.fault("There is no expression between the braces", Piece(start - 3, reader.now.end, ()))
    operand = _expression(reader)
    if not reader.ended():
        raise reader.fault(f"`{reader.now.value}` is not expected here", reader.now, _after(reader.now))
    source, segments = flatten(operand.piece)
    compiled = Compiled(
        start=operand.piece.start,
        end=operand.piece.end,
        source=source,
        segments=segments,
        paths=tuple(reader.paths),
        calls=tuple(reader.calls),
        whole=operand.path,
        sure=operand.sure,
    )
    return compiled, reader.now.end


def _after(token: Token) -> str | None:
    if token.kind is Kind.NAME and token.value == "else":
        return "A condition is written `a if condition else b`."
    return "Is an operator or a comma missing before it?" if token.kind is not Kind.SIGN else None


def _expression(reader: Reader) -> Operand:
    reader.depth += 1
    if reader.depth > MAX_DEPTH:
        raise reader.fault(f"An expression cannot be nested deeper than {MAX_DEPTH}", reader.now)
    value = _either(reader)
    if reader.takes("if"):
        condition = _either(reader)
        if not reader.sees("else"):
            raise reader.fault("A condition needs an `else`", reader.now, "Write `a if condition else b`.")
        reader.take()
        other = _expression(reader)
        value = _joined(value, other, ("(", value.piece, " if ", condition.piece, " else ", other.piece, ")"))
    reader.depth -= 1
    return value


def _joined(first: Operand, last: Operand, parts: tuple[Part, ...]) -> Operand:
    return Operand(Piece(first.piece.start, last.piece.end, parts))


def _either(reader: Reader) -> Operand:
    items = [_both(reader)]
    while reader.takes("or"):
        reader.is_optional(items[-1])
        items.append(_both(reader))
    sure = frozenset.intersection(*(item.sure for item in items))
    return replace(_chain(items, ["or"] * (len(items) - 1)), sure=sure)


def _both(reader: Reader) -> Operand:
    items = [_negated(reader)]
    while reader.takes("and"):
        items.append(_negated(reader))
    sure = frozenset.union(*(item.sure for item in items))
    return replace(_chain(items, ["and"] * (len(items) - 1)), sure=sure)


def _chain(items: list[Operand], signs: list[str]) -> Operand:
    """Operands of one binding, from the left, in one pair of brackets so that a long chain is not a deep one."""
    if len(items) == 1:
        return items[0]
    parts: list[Part] = ["(", items[0].piece]
    for sign, item in zip(signs, items[1:], strict=True):
        parts += [f" {sign} ", item.piece]
    return _joined(items[0], items[-1], (*parts, ")"))


def _negated(reader: Reader) -> Operand:
    if not reader.sees("not"):
        return _compared(reader)
    word = reader.take()
    odd = True
    while reader.takes("not"):
        odd = not odd
    value = _compared(reader)
    return Operand(Piece(word.start, value.piece.end, ("(not " if odd else "(not not ", value.piece, ")")))


def _compared(reader: Reader) -> Operand:
    left = _sum(reader)
    if not reader.sees(*_COMPARISONS):
        return left
    word = reader.take()
    sign = word.value
    if sign == "not":
        reader.needs("in")
        sign = "not in"
    right = _sum(reader)
    if reader.sees(*_COMPARISONS):
        raise reader.fault("Only two values can be compared at once", reader.now, "Join two comparisons with `and`.")
    if sign in ("<", "<=", ">", ">="):
        return operands.guarded(reader, sign, left, right)
    return operands.compared(reader, sign, left, right)


def _sum(reader: Reader) -> Operand:
    items, signs = [_text(reader)], list[str]()
    while reader.sees("+", "-"):
        signs.append(reader.take().value)
        items.append(_text(reader))
    return _chain(items, signs)


def _text(reader: Reader) -> Operand:
    items = [_product(reader)]
    while reader.takes("~"):
        items.append(_product(reader))
    if len(items) == 1:
        return items[0]
    return Operand(reader.call(concat, items[0].piece.start, *(item.piece for item in items)))


def _product(reader: Reader) -> Operand:
    value = _signed(reader)
    for _ in range(MAX_DEPTH):
        if not reader.sees("*", "/", "//", "%"):
            return value
        sign = reader.take().value
        other = _signed(reader)
        if sign == "*":
            value = operands.guarded(reader, sign, value, other)
        else:
            value = _joined(value, other, ("(", value.piece, f" {sign} ", other.piece, ")"))
    raise reader.fault(f"More than {MAX_DEPTH} factors in one product", reader.now)


def _signed(reader: Reader) -> Operand:
    if not reader.sees("-"):
        return _trailed(reader)
    word = reader.take()
    if reader.sees("-"):
        raise reader.fault("Two minus signs follow each other", reader.now)
    return operands.negated(reader, _trailed(reader), word)


def _trailed(reader: Reader) -> Operand:
    """A value with what may follow it: members, slices, filters and tests."""
    value = _primary(reader)
    for _ in range(MAX_DEPTH):
        if reader.takes("."):
            word = reader.take()
            if word.kind is not Kind.NAME:
                raise reader.fault(
                    "A member's name is missing after the point", word, 'Other names are written as ["name"].'
                )
            value = operands.member(reader, value, f'"{word.value}"', value.piece.start)
        elif reader.takes("["):
            value = _subscript(reader, value)
        elif reader.takes("|"):
            word = reader.take()
            value = operands.filtered(reader, value, word, _arguments(reader) if reader.sees("(") else [])
        elif reader.takes("is"):
            wanted = not reader.takes("not")
            value = operands.test(reader, value, reader.take(), wanted=wanted)
        elif reader.sees("("):
            raise reader.fault("Values have no methods to call", reader.now, "Use a filter, as in `name | lower`.")
        else:
            return value
    raise reader.fault(f"More than {MAX_DEPTH} members and filters follow each other", reader.now)


def _subscript(reader: Reader, value: Operand) -> Operand:
    start = value.piece.start
    first: Part = "none" if reader.sees(":") else _expression(reader).piece
    if reader.takes(":"):
        last: Part = "none" if reader.sees("]") else _expression(reader).piece
        reader.needs("]")
        return operands.sliced(reader, value, (first, last))
    reader.needs("]")
    return operands.member(reader, value, first, start)


def _arguments(reader: Reader) -> list[Piece]:
    reader.needs("(")
    args: list[Piece] = []
    while not reader.takes(")"):
        if args:
            reader.needs(",")
        args.append(_expression(reader).piece)
        if reader.sees("="):
            raise reader.fault("Arguments have no names", reader.now, "Give them in order.")
    return args


def _primary(reader: Reader) -> Operand:
    token = reader.take()
    match token.kind:
        case Kind.NUMBER | Kind.TEXT:
            return operands.literal(token)
        case Kind.NAME if token.value in LITERALS:
            return Operand(Piece(token.start, token.end, (LITERALS[token.value],)))
        case Kind.NAME if reader.sees("("):
            return operands.function(reader, token, _arguments(reader))
        case Kind.NAME if token.value not in RESERVED:
            return operands.name(reader, token)
        case Kind.SIGN if token.value == "(":
            value = _expression(reader)
            end = reader.needs(")").end
            return Operand(Piece(token.start, end, ("(", value.piece, ")")), sure=value.sure)
        case Kind.SIGN if token.value in "[{":
            return _collection(reader, token)
    raise reader.fault("A value is missing here", token)


def _collection(reader: Reader, opened: Token) -> Operand:
    closing = "]" if opened.value == "[" else "}"
    parts: list[Part] = [opened.value]
    while not reader.sees(closing):
        if len(parts) > 1:
            reader.needs(",")
            if reader.sees(closing):
                break
            parts.append(",")
        if closing == "}":
            parts += [_key(reader), ":"]
        parts.append(_expression(reader).piece)
    end = reader.take().end
    return Operand(Piece(opened.start, end, (*parts, closing)))


def _key(reader: Reader) -> Piece:
    token = reader.take()
    if token.kind is not Kind.TEXT:
        raise reader.fault("A key of a map is text in quotes", token)
    reader.needs(":")
    return operands.literal(token).piece
