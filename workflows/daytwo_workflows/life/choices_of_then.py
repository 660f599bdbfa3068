"""What CI systems offered when a run was accepted: they are not asked again.

A run was accepted with its choices, so whatever its form asked a connection for then was offered. What another form
asks for besides that is not known.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from daytwo_actions.backends.failures import BackendUnreachable
from daytwo_actions.backends.pipelines import ListPage
from daytwo_forms.sources import Listed
from daytwo_workflows.life.lookups import Lists

_Question = tuple[str, Listed, str, str]  # connection, list, project, value


@dataclass(slots=True)
class Answered:
    """The questions that were answered with yes. While it is `open`, every question is one of then."""

    known: set[_Question] = field(default_factory=set)
    open: bool = True

    def lists(self, names: Mapping[str, Lists]) -> dict[str, Lists]:
        """In place of the connections."""
        return {name: _OfThen(name, self) for name in names}


@dataclass(frozen=True, slots=True)
class _OfThen:
    connection: str
    answered: Answered

    async def names(self, listed: Listed, project: str, *, search: str, cursor: str | None) -> ListPage:  # noqa: ARG002 - one value is asked for, on one page
        question = (self.connection, listed, project, search)
        if self.answered.open:
            self.answered.known.add(question)
        if question not in self.answered.known:
            raise BackendUnreachable(f"{self.connection} was not asked then for the {listed} of {project}.")
        return ListPage(names=[search], next_cursor=None)
