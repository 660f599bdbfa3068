"""Entries of `allow` that are expressions: one that is true stands for everyone, and everything else for nobody.

What cannot be worked out is refused or hidden (design §5).
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from daytwo_actions.expressions import Evaluator, ExpressionError, Template, has_expression, names, parse_template
from daytwo_actions.roles import EVERYONE


def entries(allow: Sequence[str], context: Mapping[str, object], *, undecided: bool = False) -> list[str]:
    """The names that count, for who asks and what is asked for in `context` (`user`, `entity`, `inputs`).

    `undecided` is taken where an expression names something that is not in the context, as `inputs` before there are
    any: true only where the same is asked again with everything at hand.
    """
    return [
        EVERYONE if has_expression(entry) else entry
        for entry in allow
        if not has_expression(entry) or _holds(entry, context, undecided=undecided)
    ]


def _holds(text: str, context: Mapping[str, object], *, undecided: bool) -> bool:
    try:
        template = _parsed(text)
        if not {str(name.parts[0]) for name in names(template)} <= context.keys():
            return undecided
        return Evaluator().evaluate(template, context) is True
    except ExpressionError:
        return False


@lru_cache(maxsize=1000)
def _parsed(text: str) -> Template:
    return parse_template(text)
