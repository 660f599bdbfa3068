"""Who somebody is: what an issuer says of their groups, and that every change of it is in the audit."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from daytwo_store.engine import Store
from daytwo_store.identity import Login, heard, principal_for
from daytwo_store.ids import EntityRef
from daytwo_store.tables import AuditRow

pytestmark = pytest.mark.anyio
FIRST = Login(issuer="https://id", subject="ana", name="Ana", ref=None, groups=("group:sre", "group:storefront"))


async def noted(store: Store) -> list[tuple[str, str]]:
    async with store.read() as session:
        rows = await session.scalars(
            select(AuditRow).where(AuditRow.action.in_(["group.joined", "group.left"])).order_by(AuditRow.n)
        )
        return [(row.action, row.facts["group"]) for row in rows]


async def test_groups_that_change_between_two_sign_ins_or_while_one_lasts_are_in_the_audit(store: Store) -> None:
    async with store.write() as tx:
        who = await principal_for(tx, FIRST)
    assert await noted(store) == [("group.joined", "group:sre"), ("group.joined", "group:storefront")]
    async with store.write() as tx:
        await principal_for(tx, replace(FIRST, name="Ana L."))
    assert len(await noted(store)) == 2, "the same again is no news"
    async with store.write() as tx:
        await principal_for(tx, replace(FIRST, groups=("group:platform", "group:storefront")))
    assert (await noted(store))[2:] == [("group.joined", "group:platform"), ("group.left", "group:sre")]
    async with store.write() as tx:
        await heard(tx, who.id, ["group:storefront"], until=tx.now + timedelta(hours=1))
    async with store.write() as tx:
        await principal_for(tx, replace(FIRST, groups=None))
    assert (await noted(store))[4:] == [("group.left", "group:platform"), ("group.left", "group:storefront")]


async def test_groups_that_another_issuer_told_of_are_left_when_somebody_comes_by_a_new_one(store: Store) -> None:
    ana = EntityRef("person:ana")
    async with store.write() as tx:
        await principal_for(tx, replace(FIRST, ref=ana))
    async with store.write() as tx:
        await principal_for(tx, Login(issuer="https://other", subject="ana", name="Ana", ref=ana))
    assert (await noted(store))[2:] == [("group.left", "group:sre"), ("group.left", "group:storefront")]
