"""Hiding things of the example company from most of its people."""

from dataclasses import replace

from daytwo_store import entities
from daytwo_store.engine import Store
from daytwo_store.entities import EVERYTHING, Draft
from daytwo_store.ids import EntityRef


async def hide(store: Store, ref: str, *groups: str) -> None:
    """From now on only these groups may see the entity."""
    async with store.write() as tx:
        entity = await entities.get(tx.session, ref, sees=EVERYTHING)
        assert entity is not None
        await entities.upsert(tx, replace(entity, visible_to=groups), by="file:x")


async def remove(store: Store, ref: str) -> None:
    async with store.write() as tx:
        assert (await entities.delete(tx, EntityRef(ref), by="file:removed")).changed


async def put(store: Store, draft: Draft) -> None:
    async with store.write() as tx:
        await entities.upsert(tx, draft, by="file:x")
