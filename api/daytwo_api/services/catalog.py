"""Reading the catalog as somebody: what they may not see is left out, wherever it is named."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Final

from daytwo_api.asker import Asker
from daytwo_api.services.gather import gather
from daytwo_api.services.lasting_views import temporary_view
from daytwo_api.services.onlooking import onlooker
from daytwo_api.services.written_by import written_by
from daytwo_api.views.catalog import (
    EntityEventView,
    EntityFilter,
    EntitySearch,
    EntitySummary,
    EntityView,
    FacetsView,
    FacetView,
    KindView,
)
from daytwo_api.views.common import Page
from daytwo_api.views.lasting import TemporaryView
from daytwo_catalog.errors import NoSuchKind
from daytwo_catalog.model import Entity, Kind
from daytwo_catalog.query import parse
from daytwo_catalog.visibility import see, seen_state, targets, without
from daytwo_store import entities, entity_facets, entity_search, kinds, lasting, runs
from daytwo_store.engine import Session, Store
from daytwo_store.entity_history import history
from daytwo_store.entity_search import Search
from daytwo_store.ids import RunId

MOST_REFERRING: Final = 200  # entities named with one that they refer to


class Catalog:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def kinds(self) -> Page[KindView]:
        async with self._store.read() as session:
            return Page(items=[_kind(kind) for kind in (await kinds.every(session)).values()])

    async def kind(self, name: str) -> KindView:
        async with self._store.read() as session:
            found = await kinds.get(session, name)
        if found is None:
            raise NoSuchKind(name)
        return _kind(found)

    async def search(self, by: Asker, asked: EntitySearch) -> Page[EntitySummary]:
        """Raises `QueryRejected`."""
        wanted = _wanted(asked)
        if wanted is None:
            return Page(items=[])
        wanted = replace(wanted, cursor=asked.cursor, limit=asked.limit)
        async with self._store.read() as session:
            found = await entity_search.search(session, wanted, sees=by.belongs)
        return Page(items=[_summary(entity) for entity in found.items], next_cursor=found.next_cursor)

    async def facets(self, by: Asker, asked: EntityFilter) -> FacetsView:
        """Raises `QueryRejected`."""
        wanted = _wanted(asked)
        if wanted is None:
            return FacetsView(total=0, kinds=[], owners=[])
        async with self._store.read() as session:
            found = await entity_facets.facets(session, wanted, sees=by.belongs)
        return FacetsView(total=found.total, kinds=_facets(found.kinds), owners=_facets(found.owners))

    async def get(self, by: Asker, kind: str, name: str) -> EntityView:
        """Raises `NoSuchEntity`."""
        async with self._store.read() as session:
            entity = await see(session, f"{kind}:{name}", by.belongs)
            hidden = await entities.hidden(session, _targets(entity.relations), sees=by.belongs)
            sources = await entities.referenced_by(session, entity.ref, sees=by.belongs, limit=MOST_REFERRING + 1)
            temporary = await self._temporary(session, entity, by)
            writers = await written_by(session, {entity.changed_by}, onlooker(by))
        return EntityView(
            **_summary(entity).model_dump(),
            properties=entity.properties,
            relations=without(entity.relations, hidden),
            referenced_by=list(sources[:MOST_REFERRING]),
            referenced_by_more=len(sources) > MOST_REFERRING,
            version=entity.version,
            changed_at=entity.changed_at,
            changed_by=writers[entity.changed_by],
            temporary=temporary,
        )

    async def _temporary(self, session: Session, entity: Entity, by: Asker) -> list[TemporaryView]:
        found = await lasting.of_entity(session, entity.ref, onlooker(by))
        if not found:
            return []
        rows = await runs.by_ids(session, {one.run for one in found})
        known = await gather(session, list(rows.values()))
        return [temporary_view(one, rows[RunId(one.run)], entity.owner, known, by) for one in found]

    async def history(
        self, by: Asker, kind: str, name: str, *, cursor: str | None, limit: int
    ) -> Page[EntityEventView]:
        """Raises `NoSuchEntity`."""
        async with self._store.read() as session:
            entity = await see(session, f"{kind}:{name}", by.belongs)
            found = await history(session, entity.ref, cursor=cursor, limit=limit)
            named = {
                target
                for event in found.items
                for state in (event.before, event.after)
                if state is not None
                for target in targets(state)
            }
            hidden = await entities.hidden(session, named, sees=by.belongs)
            writers = await written_by(session, {event.by for event in found.items}, onlooker(by))
        events = [
            EntityEventView(
                at=event.at,
                by=writers[event.by],
                version=event.version,
                before=seen_state(event.before, hidden) if event.before else None,
                after=seen_state(event.after, hidden) if event.after else None,
            )
            for event in found.items
        ]
        return Page(items=events, next_cursor=found.next_cursor)


def _wanted(asked: EntityFilter) -> Search | None:
    """What is typed and what is chosen together; None when they contradict each other."""
    typed = parse(asked.query)
    for chosen, said in ((asked.kind, typed.kind), (asked.owner, typed.owner)):
        if chosen is not None and said is not None and chosen != said:
            return None
    return Search(
        kind=asked.kind or typed.kind,
        text=f"{asked.text} {typed.text}".strip(),
        owner=asked.owner or typed.owner,
        conditions=typed.conditions,
    )


def _facets(counts: Mapping[str, int]) -> list[FacetView]:
    return [FacetView(name=name, count=count) for name, count in counts.items()]


def _kind(kind: Kind) -> KindView:
    return KindView(
        name=kind.name,
        title=kind.title,
        property_schema=kind.property_schema,
        relations={name: asdict(relation) for name, relation in kind.relations.items()},
    )


def _summary(entity: Entity) -> EntitySummary:
    return EntitySummary(ref=entity.ref, kind=entity.kind, name=entity.name, title=entity.title, owner=entity.owner)


def _targets(relations: Mapping[str, list[str]]) -> set[str]:
    return {target for refs in relations.values() for target in refs}
