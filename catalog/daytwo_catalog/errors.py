"""Errors of the catalog.

DaytwoError
├── NotFound
│   ├── NoSuchEntity     404 also for one that the asker may not see: the same bytes
│   └── NoSuchKind       404
└── Rejected
    ├── QueryRejected    422 a search that cannot be read, with the place in it
    ├── EntityRejected   422 an entity that its kind does not allow; one fault per property or relation
    ├── CatalogRejected  422 catalog files; every problem as file:line:column
    ├── PeopleMissing    422 catalog files without anybody, where there was somebody
    └── StillNamed       422 people or groups that are gone from the files, and that others there still name
"""

from collections.abc import Sequence
from dataclasses import dataclass

from daytwo_store.errors import FieldFault, NotFound, Rejected


class NoSuchEntity(NotFound):
    def __init__(self, ref: str) -> None:
        super().__init__(f"There is no entity {ref}, or you may not see it. Search the catalog for what there is.")


class NoSuchKind(NotFound):
    def __init__(self, name: str) -> None:
        super().__init__(f"There is no kind {name}. GET /api/v1/kinds lists those that there are.")


class QueryRejected(Rejected):
    """Nothing was searched. `at` counts from 0."""

    def __init__(self, at: int, why: str) -> None:
        super().__init__(
            f"The search cannot be read at character {at + 1}: {why}. Nothing was searched. It is words, kind:service, "
            "owner:group:sre, name=value, name!=value and name>service:shop, in any order."
        )


class EntityRejected(Rejected):
    """Nothing was written."""

    def __init__(self, ref: str, errors: Sequence[FieldFault]) -> None:
        said = "; ".join(f"{fault.pointer}: {fault.detail}" for fault in errors)
        super().__init__(
            f"{ref} is not what its kind allows, so nothing was written to the catalog. {said}", errors=errors
        )


@dataclass(frozen=True, order=True, slots=True)
class Problem:
    """One mistake in a catalog file; line and column count from 1."""

    file: str
    line: int
    column: int
    detail: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.detail}"


class CatalogRejected(Rejected):
    """The files are not loaded; the catalog stays as it was."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        listed = "\n".join(map(str, self.problems))
        super().__init__(
            f"The catalog files have {_count(len(problems))}, so none of them was loaded and the catalog is as it was. "
            f"Mend them and load again:\n{listed}"
        )


class PeopleMissing(Rejected):
    """A folder that is away is not taken for a company of nobody."""

    type = "people-missing"
    title = "The company's people are gone"

    def __init__(self) -> None:
        super().__init__(
            "The company's files hold no person and no group any more. Nothing was changed, and those of before stay. "
            "Look whether the folders of `company` are there."
        )


class StillNamed(Rejected):
    """Nothing was changed."""

    def __init__(self, gone: Sequence[str], by: Sequence[str]) -> None:
        super().__init__(
            f"{', '.join(gone)} is gone from the files, and {', '.join(by[:20])} still names it as owner, relation or "
            "in `visibleTo`. Nothing was changed. Change those as well, or put it back; what is no person and no "
            "group is read at the start only."
        )


def _count(number: int) -> str:
    return "a problem" if number == 1 else f"{number} problems"
