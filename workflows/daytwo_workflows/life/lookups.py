"""What planning looks up: who somebody is, what it is about, what may be chosen. As it is now, unless told."""

from collections.abc import Mapping
from typing import Final, Protocol

from daytwo_actions.backends.pipelines import ListPage
from daytwo_forms.sources import Listed
from daytwo_store import entities
from daytwo_store.engine import Session
from daytwo_store.entities import Entity, Sees
from daytwo_workflows.life.people import belongings


class Lists(Protocol):
    """What a form asks a connection for; every `Backend` answers it."""

    async def names(self, listed: Listed, project: str, *, search: str, cursor: str | None) -> ListPage: ...


class Lookups:
    """The database and the connections, as they are now. A replay of what was asked for before looks otherwise."""

    async def belongings(self, session: Session, person: str | None) -> frozenset[str]:
        """A person's groups, own ref and roles."""
        return await belongings(session, person)

    async def entity(self, session: Session, ref: str, *, sees: Sees) -> Entity | None:
        return await entities.get(session, ref, sees=sees)

    def lists(self, backends: Mapping[str, Lists]) -> Mapping[str, Lists]:
        """Whom a form's choices are asked from, by name of connection."""
        return backends


NOW: Final = Lookups()
