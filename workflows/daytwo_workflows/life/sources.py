"""Where a form's choices and entities come from, bound to one asker: the catalog and the connections."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext

from pydantic import JsonValue

from daytwo_actions.backends.failures import BackendDenied, BackendUnreachable
from daytwo_actions.backends.pipelines import ListPage
from daytwo_catalog.model import Entity, record
from daytwo_forms.sources import CATALOG, Option, OptionPage, OptionQuery, Sources
from daytwo_store import entities, entity_search
from daytwo_store.engine import Session
from daytwo_store.entities import Sees
from daytwo_store.entity_search import Search
from daytwo_store.errors import Rejected, Unavailable
from daytwo_workflows.life.lookups import Lists

OpenSession = Callable[[], AbstractAsyncContextManager[Session]]


class CatalogEntities:
    """Entities that somebody with these groups may see."""

    def __init__(self, open_session: OpenSession, sees: Sees) -> None:
        self._open = open_session
        self._sees = sees

    async def get(self, kind: str, name: str) -> Mapping[str, object] | None:
        async with self._open() as session:
            entity = await entities.get(session, f"{kind}:{name}", sees=self._sees)
        return record(entity) if entity else None

    async def search(self, kind: str, q: str, cursor: str | None) -> OptionPage:
        async with self._open() as session:
            found = await entity_search.search(session, Search(kind=kind, text=q, cursor=cursor), sees=self._sees)
        return OptionPage(
            options=[Option(value=one.ref, title=one.title, detail=one.name) for one in found.items],
            next_cursor=found.next_cursor,
        )


class Choices:
    """Choices from the catalog and from connections."""

    def __init__(self, open_session: OpenSession, sees: Sees, backends: Mapping[str, Lists]) -> None:
        self._open = open_session
        self._sees = sees
        self._backends = backends

    async def options(self, query: OptionQuery) -> OptionPage:
        if query.source == CATALOG:
            return await self._from_catalog(query)
        return await self._from_connection(query)

    async def _from_catalog(self, query: OptionQuery) -> OptionPage:
        kind = str(query.kind)
        async with self._open() as session:
            if query.exact is not None:
                one = await entities.get(session, f"{kind}:{query.exact}", sees=self._sees)
                return OptionPage(options=[_option(one)] if one and _fits(one, query.where) else [])
            found = await entity_search.search(
                session, Search(kind=kind, text=query.search, cursor=query.cursor), sees=self._sees
            )
        return OptionPage(
            options=[_option(one) for one in found.items if _fits(one, query.where)], next_cursor=found.next_cursor
        )

    async def _from_connection(self, query: OptionQuery) -> OptionPage:
        backend = self._backends.get(query.source)
        if backend is None:
            raise Rejected(f"The connection {query.source} is not configured here.")
        if not query.project:
            raise Rejected("There is no project to list from: the entity does not name one.")
        page = await _listing(backend, query)
        if query.exact is not None:
            return OptionPage(options=[Option(value=name, title=name) for name in page.names if name == query.exact])
        return OptionPage(options=[Option(value=name, title=name) for name in page.names], next_cursor=page.next_cursor)


async def _listing(backend: Lists, query: OptionQuery) -> ListPage:
    assert query.list is not None, "what a connection is asked to list is declared"
    search = query.search if query.exact is None else query.exact
    try:
        return await backend.names(query.list, str(query.project), search=search, cursor=query.cursor)
    except BackendUnreachable as error:
        raise Unavailable(error.detail) from error
    except BackendDenied as error:
        raise Rejected(error.detail) from error


def _option(entity: Entity) -> Option:
    return Option(value=entity.name, title=entity.title, detail=entity.ref)


def _fits(entity: Entity, where: Mapping[str, JsonValue]) -> bool:
    return all(entity.properties.get(name) == value for name, value in where.items())


def sources(open_session: OpenSession, sees: Sees, backends: Mapping[str, Lists]) -> Sources:
    """Both doors for one asker."""
    return Sources(options=Choices(open_session, sees, backends), entities=CatalogEntities(open_session, sees))


def within(session: Session) -> OpenSession:
    """Read through a session that is open already, as a transaction's."""
    return lambda: nullcontext(session)
