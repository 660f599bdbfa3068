"""What a task of a DAG waits for: ``dependencies: [A, B]`` or ``depends: "A.Succeeded && (B || !C.Failed)"``."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from daytwo_standins.argo.interpreter.booleans import ExpressionError, Tokens, evaluate
from daytwo_standins.argo.interpreter.phases import BAD, NodePhase

_TOKEN: Final = re.compile(r"\s*(&&|\|\||[!()]|[A-Za-z0-9_][\w-]*(?:\.[A-Za-z]+)?)")
_WELL: Final = frozenset({NodePhase.SUCCEEDED, NodePhase.SKIPPED})
_ONE: Final[Mapping[str, frozenset[NodePhase]]] = {
    "": _WELL,
    "Succeeded": frozenset({NodePhase.SUCCEEDED}),
    "Failed": frozenset({NodePhase.FAILED}),
    "Errored": frozenset({NodePhase.ERROR}),
    "Skipped": frozenset({NodePhase.SKIPPED}),
    "Omitted": frozenset({NodePhase.OMITTED}),
    "Daemoned": frozenset(),
}
Phases = Callable[[str], Sequence[NodePhase]]


def depends_of(task: Mapping[str, Any]) -> str:
    """What a task waits for, as an expression; empty for nothing."""
    if task.get("depends"):
        return str(task["depends"])
    return " && ".join(task.get("dependencies") or ())


def names_in(expression: str) -> list[str]:
    """The tasks that an expression names, each once."""
    words = (token.partition(".")[0] for token in _tokens(expression) if token[0].isalnum() or token[0] == "_")
    return list(dict.fromkeys(words))


def satisfied(expression: str, phases: Phases, tolerated: Callable[[str], frozenset[NodePhase]]) -> bool:
    """Whether a task may start. ``phases`` gives the phase of a task and then those of its items.

    Raises:
        ExpressionError: the expression cannot be read.
    """

    def atom(tokens: Tokens) -> bool:
        name, _, wanted = tokens.take().partition(".")
        own, *items = phases(name)
        if wanted == "AnySucceeded":
            return NodePhase.SUCCEEDED in (items or [own])
        if wanted == "AllFailed":
            return all(phase in BAD for phase in items or [own])
        if wanted not in _ONE:
            raise ExpressionError(f"'{wanted}' is no result of a task")
        return own in (_ONE[wanted] | tolerated(name) if not wanted else _ONE[wanted])

    return not expression or evaluate(Tokens(_tokens(expression)), atom)


def _tokens(text: str) -> list[str]:
    found, at, whole = [], 0, text.rstrip()
    while at < len(whole):
        match = _TOKEN.match(whole, at)
        if match is None:
            raise ExpressionError(f"invalid depends '{text}'")
        found.append(match[1])
        at = match.end()
    return found
