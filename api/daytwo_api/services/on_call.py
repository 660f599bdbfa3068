"""Who is on call right now, wherever an action would look when it has to be approved."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from daytwo_actions.definitions.on_call_places import OnCallPlace, on_call_places
from daytwo_api.asker import Asker
from daytwo_api.services.actions import Actions
from daytwo_api.views.common import Page
from daytwo_api.views.people import OnCallAction, OnCallView
from daytwo_catalog.model import Entity
from daytwo_catalog.visibility import see
from daytwo_store import entities, entity_search
from daytwo_store.engine import Session
from daytwo_store.entity_search import Search
from daytwo_store.on_call import Place, named
from daytwo_workflows.life.context import Life

_MOST: Final = 100  # entities of a kind; of one entity there is always everything

Places = Mapping[OnCallPlace, Sequence[OnCallAction]]


class OnCallNow:
    def __init__(self, life: Life, actions: Actions) -> None:
        self._life = life
        self._actions = actions

    async def list(self, by: Asker, entity: str | None) -> Page[OnCallView]:
        """Of one entity, or of all where somebody is named. Raises `NoSuchEntity`."""
        visible = {one.name for one in (await self._actions.list(by, entity=None, q="", tag=None)).items}
        async with self._life.store.read() as session:
            if entity is not None:
                await see(session, entity, by.belongs)  # also where no action looks anybody up
            shown = [
                OnCallView(
                    entity=found.ref,
                    title=found.title,
                    place=".".join((place.section, *place.path)),
                    names=await _names(session, by, found, place),
                    actions=list(asking),
                )
                for place, asking in (await self._places(session, visible)).items()
                for found in await _entities(session, by, place.kind, entity)
            ]
        items = [one for one in shown if one.names or entity is not None]
        return Page(items=sorted(items, key=lambda one: (one.title, one.entity, one.place)))

    async def _places(self, session: Session, visible: set[str]) -> Places:
        places: dict[OnCallPlace, list[OnCallAction]] = defaultdict(list)
        for version in await self._life.definitions.all_current(session):
            if version.name in visible:
                for place in on_call_places(version.model.spec):
                    places[place].append(OnCallAction(name=version.name, title=version.model.metadata.title))
        return places


async def _entities(session: Session, by: Asker, kind: str, entity: str | None) -> Sequence[Entity]:
    if entity is None:
        return (await entity_search.search(session, Search(kind=kind, limit=_MOST), sees=by.belongs)).items
    found = await see(session, entity, by.belongs)
    return [found] if found.kind == kind else []


async def _names(session: Session, by: Asker, entity: Entity, place: OnCallPlace) -> list[str]:
    """Refs that the asker may see, each once."""
    names = list(dict.fromkeys(named(entity, Place(place.section, place.path, str(entity.ref)))))
    hidden = await entities.hidden(session, names, sees=by.belongs) if names else frozenset()
    return [name for name in names if name not in hidden]
