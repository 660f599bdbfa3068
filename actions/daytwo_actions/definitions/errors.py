"""Errors of definitions.

DaytwoError
└── Rejected
    └── DefinitionRejected   422  a definition was not registered; the versions registered before stay as they are
"""

from collections.abc import Sequence
from dataclasses import dataclass

from daytwo_actions.backends.pipelines import Severity
from daytwo_store.errors import FieldFault, Rejected


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing to correct. Lines and columns count from 1, and are 0 where they are not known; `pointer` is where it
    is in the document."""

    file: str
    line: int
    column: int
    message: str
    suggestion: str | None = None
    pointer: str = ""
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        advice = f" {self.suggestion}" if self.suggestion else ""
        kind = "" if self.severity is Severity.ERROR else f"{self.severity}: "
        return f"{place(self.file, self.line, self.column, self.pointer)}: {kind}{self.message}.{advice}"


def place(file: str, line: int, column: int, pointer: str) -> str:
    """As compilers write it; without a line, the pointer."""
    return f"{file}:{line}:{column}" if line else f"{file}, at {pointer or 'its beginning'}"


class DefinitionRejected(Rejected):
    """Carries every problem, in the order of the file."""

    type = "definition-rejected"
    title = "The definition was not accepted"

    def __init__(self, problems: Sequence[Problem], *, outcome: str = "Nothing was registered") -> None:
        self.problems = tuple(sorted(problems, key=lambda one: (one.file, one.line, one.column)))
        count = f"{len(self.problems)} problems" if len(self.problems) != 1 else "1 problem"
        listed = "\n".join(map(str, self.problems[:20]))
        more = f"\nand {len(self.problems) - 20} more" if len(self.problems) > 20 else ""
        super().__init__(
            f"{outcome}: {count} to correct.\n{listed}{more}",
            errors=[FieldFault(pointer=one.pointer, detail=str(one)) for one in self.problems],
        )
