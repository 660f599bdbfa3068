"""Definitions come and go, and the audit tells both."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from daytwo_store import definitions
from daytwo_store.definitions import Loaded
from daytwo_store.engine import Store
from daytwo_store.errors import NotFound
from daytwo_store.ids import ActionName, Digest
from daytwo_store.tables import AuditRow

pytestmark = pytest.mark.anyio


def loaded(name: str, digest: str) -> Loaded:
    return Loaded(name=ActionName(name), digest=Digest(digest), document={}, source="x.yaml")


async def put(store: Store, *versions: Loaded) -> list[tuple[str, str, object]]:
    """What the audit says of it: action, subject, version."""
    async with store.write() as tx:
        before = set(await tx.session.scalars(select(AuditRow.n)))
        await definitions.put(tx, versions)
    async with store.read() as session:
        rows = (await session.scalars(select(AuditRow).where(AuditRow.n.not_in(before)).order_by(AuditRow.n))).all()
    return [(row.action, row.subject, row.facts["version"]) for row in rows]


async def test_what_leaves_the_files_is_audited(store: Store) -> None:
    deploy, restart = loaded("deploy", "d1"), loaded("restart", "r1")
    assert len(await put(store, deploy, restart)) == 2
    assert await put(store, deploy) == [("action.removed", "action:restart", "r1")]
    assert await put(store, deploy) == []
    async with store.read() as session:
        with pytest.raises(NotFound, match="There is no action restart"):
            await definitions.must_be_offered(session, ActionName("restart"))


async def test_a_new_version_is_loaded_and_nothing_is_removed(store: Store) -> None:
    await put(store, loaded("deploy", "d1"))
    assert await put(store, loaded("deploy", "d2")) == [("action.loaded", "action:deploy", "d2")]
    assert await put(store) == [("action.removed", "action:deploy", "d2")]


async def test_the_text_is_kept_also_when_only_a_comment_has_changed(store: Store) -> None:
    first = replace(loaded("deploy", "d1"), text="a: 1\n")
    assert len(await put(store, first)) == 1
    assert await put(store, replace(first, text="# moved\na: 1\n")) == []
    async with store.read() as session:
        assert await definitions.texts(session) == {"d1": "# moved\na: 1\n"}
