"""Kinds and entities, and whom they name as on call."""

from typing import Annotated

from fastapi import APIRouter, Query

from daytwo_actions.roles import Permission
from daytwo_api.asker import Reader, needs
from daytwo_api.deps import Cursor, Limit, ServicesDep
from daytwo_api.views.catalog import (
    EntityEventView,
    EntityFilter,
    EntitySearch,
    EntitySummary,
    EntityView,
    FacetsView,
    KindView,
)
from daytwo_api.views.common import Page
from daytwo_api.views.people import OnCallView

router = APIRouter(tags=["catalog"])


@router.get("/kinds", summary="Kinds of entities", operation_id="listKinds", dependencies=[needs(Permission.READ)])
async def list_kinds(services: ServicesDep) -> Page[KindView]:
    return await services.catalog.kinds()


@router.get("/kinds/{name}", summary="One kind", operation_id="getKind", dependencies=[needs(Permission.READ)])
async def get_kind(name: str, services: ServicesDep) -> KindView:
    return await services.catalog.kind(name)


@router.post(
    "/entities/facets", summary="How many entities fit a search, by kind and by owner", operation_id="countEntities"
)
async def count_entities(asked: EntityFilter, by: Reader, services: ServicesDep) -> FacetsView:
    return await services.catalog.facets(by, asked)


@router.post(
    "/entities/search", summary="Entities by kind, text, owner, properties and relations", operation_id="searchEntities"
)
async def search_entities(asked: EntitySearch, by: Reader, services: ServicesDep) -> Page[EntitySummary]:
    return await services.catalog.search(by, asked)


@router.get("/entities/{kind}/{name}", summary="One entity", operation_id="getEntity")
async def get_entity(kind: str, name: str, by: Reader, services: ServicesDep) -> EntityView:
    return await services.catalog.get(by, kind, name)


@router.get("/entities/{kind}/{name}/history", summary="What it was before", operation_id="getEntityHistory")
async def get_entity_history(
    kind: str, name: str, by: Reader, services: ServicesDep, cursor: Cursor = None, limit: Limit = 50
) -> Page[EntityEventView]:
    return await services.catalog.history(by, kind, name, cursor=cursor, limit=limit)


@router.get("/on-call", summary="Who is on call now, where actions look it up", operation_id="listOnCall")
async def list_on_call(
    by: Reader,
    services: ServicesDep,
    entity: Annotated[
        str | None, Query(max_length=400, description="only of this one, also where it names nobody")
    ] = None,
) -> Page[OnCallView]:
    return await services.on_call.list(by, entity)
