"""Tables by a second name, made once for all statements: making one copies every column.

That was a twelfth of what a request costs, before they were kept.
"""

from functools import cache
from typing import TypeVar

from sqlalchemy.orm import aliased

Row = TypeVar("Row")


@cache
def other(row: type[Row], name: str) -> type[Row]:
    """`row` under this name in a statement: two uses side by side need two names."""
    return aliased(row, name=name)
