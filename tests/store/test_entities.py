"""Entities: what is kept of a change, who sees what, how a page is found."""

import anyio
import pytest
from sqlalchemy import select

from daytwo_store import audit_check, entities, entity_search
from daytwo_store.engine import Session, Store, Tx
from daytwo_store.entities import EVERYTHING, Draft
from daytwo_store.entity_history import history
from daytwo_store.entity_search import Search
from daytwo_store.errors import Rejected
from daytwo_store.ids import EntityRef
from daytwo_store.tables import AuditRow, RelationRow

pytestmark = pytest.mark.anyio
SRE = {"group:sre"}


def draft(kind: str, name: str, **more: object) -> Draft:
    return Draft(**{"kind": kind, "name": name, "title": name.title(), **more})  # type: ignore[arg-type]  # test data


async def audit_last(session: Session) -> int:
    found = await audit_check.verify(session)
    assert isinstance(found, audit_check.Whole)
    return found.last


async def put(store: Store, *drafts: Draft, by: str = "file:a.yaml") -> list[entities.Change]:
    async with store.write() as tx:
        return [await entities.upsert(tx, each, by=by) for each in drafts]


async def test_a_new_entity_has_version_one_an_event_its_relations_and_an_audit_entry(store: Store) -> None:
    (change,) = await put(store, draft("service", "shop", relations={"dependsOn": ["service:billing"]}))
    assert change.changed
    assert change.before is None
    async with store.read() as session:
        shop = await entities.get(session, "service:shop", sees=set())
        assert shop == change.after
        assert shop is not None
        assert (shop.version, shop.changed_by, shop.ref) == (1, "file:a.yaml", "service:shop")
        (event,) = (await history(session, shop.ref, cursor=None, limit=10)).items
        assert event.before is None
        assert event.after is not None
        assert event.after["relations"] == {"dependsOn": ["service:billing"]}
        assert list(await session.scalars(select(RelationRow.target))) == ["service:billing"]
        entry = (await session.scalars(select(AuditRow))).one()
        assert (entry.action, entry.subject) == ("entity.created", "entity:service:shop")
        assert await audit_last(session) == 1


async def test_writing_the_same_again_changes_nothing(store: Store) -> None:
    await put(store, draft("service", "shop", properties={"n": 1}))
    (again,) = await put(store, draft("service", "shop", properties={"n": 1}), by="run:r_1")
    assert not again.changed
    async with store.read() as session:
        shop = await entities.get(session, "service:shop", sees=EVERYTHING)
        assert shop is not None
        assert (shop.version, shop.changed_by) == (1, "file:a.yaml")
        assert len((await history(session, shop.ref, cursor=None, limit=10)).items) == 1
        assert await audit_last(session) == 1


async def test_true_is_not_one(store: Store) -> None:
    await put(store, draft("service", "shop", properties={"n": 1}))
    (change,) = await put(store, draft("service", "shop", properties={"n": True}))
    assert change.changed
    assert change.after is not None
    assert change.after.properties["n"] is True


async def test_a_change_raises_the_version_and_moves_the_relations(store: Store) -> None:
    await put(store, draft("service", "shop", relations={"dependsOn": ["service:a", "service:b"]}))
    (change,) = await put(
        store, draft("service", "shop", relations={"dependsOn": ["service:c", "service:c"]}), by="run:r_1"
    )
    assert change.after is not None
    assert (change.after.version, change.after.changed_by) == (2, "run:r_1")
    async with store.read() as session:
        assert list(await session.scalars(select(RelationRow.target))) == ["service:c"]
        events = (await history(session, EntityRef("service:shop"), cursor=None, limit=10)).items
        assert [(event.version, event.by) for event in events] == [(2, "run:r_1"), (1, "file:a.yaml")]


async def test_history_comes_in_pages(store: Store) -> None:
    for number in range(5):
        await put(store, draft("service", "shop", properties={"n": number}))
    async with store.read() as session:
        first = await history(session, EntityRef("service:shop"), cursor=None, limit=3)
        rest = await history(session, EntityRef("service:shop"), cursor=first.next_cursor, limit=3)
        assert [event.version for event in [*first.items, *rest.items]] == [5, 4, 3, 2, 1]
        assert rest.next_cursor is None


async def test_what_is_removed_is_gone_and_remembered(store: Store) -> None:
    await put(store, draft("service", "shop", relations={"dependsOn": ["service:billing"]}))
    async with store.write() as tx:
        assert (await entities.delete(tx, EntityRef("service:shop"), by="file:a.yaml")).changed
        assert not (await entities.delete(tx, EntityRef("service:shop"), by="file:a.yaml")).changed
    async with store.read() as session:
        assert await entities.get(session, "service:shop", sees=EVERYTHING) is None
        assert list(await session.scalars(select(RelationRow))) == []
        newest = (await history(session, EntityRef("service:shop"), cursor=None, limit=1)).items[0]
        assert newest.after is None
        assert newest.before is not None


async def test_what_may_not_be_seen_is_not_there(store: Store) -> None:
    secret = draft("service", "payroll", visible_to=("group:finance",), relations={"dependsOn": ["service:shop"]})
    await put(store, draft("service", "shop"), secret)
    async with store.read() as session:
        for nobody in (set(), SRE):
            assert await entities.get(session, "service:payroll", sees=nobody) is None
            assert await entities.get_many(session, ["service:payroll"], sees=nobody) == {}
            assert [found.name for found in (await entity_search.search(session, Search(), sees=nobody)).items] == [
                "shop"
            ]
            assert await entities.referenced_by(session, "service:shop", sees=nobody) == []
            assert await entities.hidden(session, ["service:payroll", "service:none"], sees=nobody) == {
                "service:payroll"
            }
        finance = {"group:sre", "group:finance"}
        assert await entities.get(session, "service:payroll", sees=finance) is not None
        assert await entities.referenced_by(session, "service:shop", sees=finance) == ["service:payroll"]
        assert await entities.hidden(session, ["service:payroll"], sees=finance) == frozenset()
        assert len((await entity_search.search(session, Search(), sees=EVERYTHING)).items) == 2


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("sho", ["shop", "shop-production"]),
        ("shop prod", ["shop-production"]),
        ("shop-pro", ["shop-production"]),
        ("PRODUCTION", ["shop-production"]),
        ("the fron", ["shop"]),
        ("hop", []),
        ("bill | shop", []),
        ("'", []),
        ("!(", []),
        ("a:*b\\", []),
        ("  ", ["billing", "shop", "shop-production"]),
    ],
)
async def test_every_word_has_to_begin_a_word(store: Store, text: str, found: list[str]) -> None:
    await put(
        store,
        draft("service", "shop", title="The front"),
        draft("service", "billing", title="Billing"),
        draft("service", "shop-production", title="Live"),
    )
    async with store.read() as session:
        page = await entity_search.search(session, Search(text=text), sees=set())
    assert sorted(entity.name for entity in page.items) == found


async def test_a_search_is_paged_without_holes_or_doubles(store: Store) -> None:
    await put(store, *(draft("service", f"s{number:02}", title="Same") for number in range(25)), draft("group", "sre"))
    names: list[str] = []
    cursor = None
    async with store.read() as session:
        while True:
            wanted = Search(kind="service", cursor=cursor, limit=10)
            page = await entity_search.search(session, wanted, sees=set())
            names += [entity.name for entity in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
    assert names == [f"s{number:02}" for number in range(25)]


@pytest.mark.parametrize("cursor", ["x", "bnVsbA", "WzEsMiwzXQ", "ä", "W" * 200, "WyJhIiwiYiIsIlx1MDAwMCJd"])
async def test_a_foreign_cursor_is_refused(store: Store, cursor: str) -> None:
    async with store.read() as session:
        with pytest.raises(Rejected, match="cursor"):
            await entity_search.search(session, Search(cursor=cursor), sees=set())


async def test_a_search_by_owner(store: Store) -> None:
    await put(store, draft("service", "shop", owner="group:a"), draft("service", "billing", owner="group:b"))
    async with store.read() as session:
        page = await entity_search.search(session, Search(owner="group:b"), sees=set())
    assert [entity.name for entity in page.items] == ["billing"]


async def test_groups_and_members(store: Store) -> None:
    ana = draft("person", "ana", relations={"memberOf": ["group:sre", "group:gone"], "likes": ["group:finance"]})
    await put(store, draft("group", "sre"), draft("group", "finance"), ana)
    async with store.read() as session:
        assert await entities.groups_of(session, "person:ana") == {"group:sre"}
        assert await entities.groups_of(session, "person:nobody") == frozenset()
        assert [person.ref for person in await entities.members(session, "group:sre")] == ["person:ana"]
        assert await entities.members(session, "group:finance") == []


async def test_two_writers_of_one_new_entity_do_not_collide(store: Store) -> None:
    async def write(number: int) -> None:
        async with store.write() as tx:
            await entities.upsert(tx, draft("service", "shop", properties={"n": number}), by=f"run:r_{number}")

    async with anyio.create_task_group() as group:
        for number in range(4):
            group.start_soon(write, number)
    async with store.read() as session:
        shop = await entities.get(session, "service:shop", sees=EVERYTHING)
        assert shop is not None
        assert shop.version == 4
        assert await audit_last(session) == 4


async def test_a_rolled_back_write_leaves_nothing(store: Store) -> None:
    async def fail(tx: Tx) -> None:
        await entities.upsert(tx, draft("service", "shop"), by="run:r_1")
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        async with store.write() as tx:
            await fail(tx)
    async with store.read() as session:
        assert await entities.get(session, "service:shop", sees=EVERYTHING) is None
        assert await audit_last(session) == 0
