"""What a form needs of expressions. Who evaluates them is none of its business (`daytwo_actions.form` does)."""

from collections.abc import Mapping
from typing import Protocol

from pydantic import JsonValue


class Expression(Protocol):
    """A checked template of a form: the value of `visible`, `default`, `from.project` …"""

    @property
    def fields(self) -> frozenset[str]:
        """The fields whose answers it reads."""
        ...

    @property
    def constant(self) -> bool:
        """There is no `${{ }}` in it: its value never changes."""
        ...

    def evaluate(self, context: Mapping[str, object]) -> JsonValue:
        """Its value with `form`, `entity` and `user`. Raises a `DaytwoError` when it cannot be worked out."""
        ...


class ExpressionParser(Protocol):
    def __call__(self, value: JsonValue, pointer: str) -> Expression:
        """Check a template that stands at `pointer` of the form. Raises a `DaytwoError`."""
        ...
