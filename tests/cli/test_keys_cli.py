"""daytwo keys: what an operator does and reads, on a real database and a real file."""

import stat
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import anyio
import pytest
from sqlalchemy import select

from daytwo_store import secret_values
from daytwo_store.engine import Store
from daytwo_store.keyring import KeyId, KeyRing
from daytwo_store.tables import AuditRow
from daytwo_workflows.key_file import read_ring, write_ring

pytestmark = pytest.mark.anyio
Keys = Callable[..., Awaitable[Any]]


class File:
    """The file of the ring, as it is now."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __str__(self) -> str:
        return str(self.path)

    @property
    def mode(self) -> int:
        return stat.S_IMODE(self.path.stat().st_mode)

    @property
    def text(self) -> str:
        return self.path.read_text()

    @property
    def ring(self) -> KeyRing:
        return read_ring(self.path)

    def write(self, content: str) -> None:
        self.path.write_text(content)

    def put(self, active: str | None, keys: Mapping[KeyId, bytes]) -> None:
        write_ring(self.path, KeyRing(KeyId(active) if active else None, dict(keys)))

    def remove(self) -> None:
        self.path.unlink()


@pytest.fixture
def file(tmp_path: Path) -> File:
    return File(tmp_path / "ring.json")


@pytest.fixture
def keys(cli: Any, database_url: str, tmp_path: Path, file: File) -> Keys:
    (tmp_path / "secret").write_text("7d3a" * 16)
    environment = {
        "DAYTWO_DATABASE_URL": database_url,
        "DAYTWO_SECRET_FILE": str(tmp_path / "secret"),
        "DAYTWO_KEY_RING_FILE": str(file),
    }

    async def call(*arguments: str, **more: str) -> Any:
        given = {name: value for name, value in (environment | more).items() if value}
        return await anyio.to_thread.run_sync(lambda: cli("keys", *arguments, environment=given))

    return call


async def keep(store: Store, file: File, connection: str) -> None:
    """A secret in the database, under the active key."""
    async with store.write() as tx:
        await secret_values.set_credential(tx, file.ring, connection, "a-credential", by="test:x")


async def test_a_key_is_added_made_active_and_retired_and_each_step_says_what_is_next(
    keys: Keys, store: Store, file: File
) -> None:
    made = await keys("new")
    old = made.out.strip()
    assert made.err == f"{file} was made, and {old} is active. Every API and worker needs this file.\n"
    assert file.mode == 0o600
    for connection in ("github", "gitlab"):
        await keep(store, file, connection)
    added = await keys("new")
    new = added.out.strip()
    assert added.err.splitlines()[-1] == f"  daytwo keys rotate {new}"
    assert file.ring.active == old
    listed = {one["key"]: (one["state"], one["secrets"]) for one in (await keys("list", "--json")).json}
    derived = listed.keys() - {old, new}
    assert listed == {new: ("readable", 0), old: ("active", 2), **dict.fromkeys(derived, ("readable", 0))}
    assert [name.partition("-")[0] for name in derived] == ["derived"], "of secret_file, for what was there before"
    rotated = await keys("rotate")
    assert (rotated.code, rotated.out) == (0, f"{new} is active; 2 stored secrets are encrypted with it.\n")
    again = await keys("rotate", new)
    assert again.out == f"{new} is active; 0 stored secrets are encrypted with it.\n"
    retired = await keys("retire", old)
    assert retired.out == f"{old} is retired: it is no longer in {file}.\n"
    assert "Destroy the copies of it" in retired.err
    assert list(file.ring.keys) == [new]
    table = [line.split() for line in (await keys("list")).out.splitlines()]
    assert table[0] == ["KEY", "STATE", "SECRETS"]
    assert [new, "active", "2"] in table
    async with store.read() as session:
        told = list(await session.scalars(select(AuditRow).where(AuditRow.action.like("key.%")).order_by(AuditRow.n)))
    assert [(row.action, row.subject) for row in told] == [
        ("key.added", f"key:{old}"),
        ("key.added", f"key:{new}"),
        ("key.activated", f"key:{new}"),
        ("key.retired", f"key:{old}"),
    ]


async def test_what_cannot_be_done_is_refused_and_leaves_the_file_as_it_is(
    keys: Keys, store: Store, file: File
) -> None:
    old = (await keys("new")).out.strip()
    before = file.text
    for arguments, said in (
        (("rotate",), f"There is no other key in {file}. Nothing was changed. Add one: daytwo keys new.\n"),
        (("rotate", "k-none"), f"There is no key k-none in {file}. Nothing was changed."),
        (("retire", "k-none"), f"There is no key k-none in {file}. Nothing was changed."),
        (("retire", old), f"{old} is the active key. Nothing was changed."),
    ):
        refused = await keys(*arguments)
        assert (refused.code, refused.out) == (2, ""), arguments
        assert refused.err.startswith(said), refused.err
    assert file.text == before
    await keep(store, file, "github")
    new = (await keys("new")).out.strip()
    file.put(new, file.ring.keys)  # active, and nothing was encrypted with it yet
    used = await keys("retire", old)
    assert (used.code, used.out) == (1, "")
    assert used.err.startswith(f"1 stored secret is encrypted with {old}, so it was not retired")
    assert old in file.ring.keys


async def test_a_key_that_is_gone_is_named_and_what_needs_it_stays(keys: Keys, store: Store, file: File) -> None:
    lost = (await keys("new")).out.strip()
    await keep(store, file, "github")
    kept = file.ring
    file.remove()
    new = (await keys("new")).out.strip()
    assert [lost, "MISSING", "1"] in [line.split() for line in (await keys("list")).out.splitlines()]
    rotated = await keys("rotate", new)
    assert rotated.err == f"1 still need {lost}, which is not in the file: put it back, they are not lost.\n"
    file.put(file.ring.active, {**file.ring.keys, **kept.keys})
    rotated = await keys("rotate", new)
    assert (rotated.out, rotated.err) == (f"{new} is active; 1 stored secret is encrypted with it.\n", "")


async def test_without_a_file_or_with_a_broken_one_nothing_is_done_and_no_key_is_told(keys: Keys, file: File) -> None:
    for command in (("new",), ("list",), ("rotate",), ("retire", "k-1")):
        unset = await keys(*command, DAYTWO_KEY_RING_FILE="")
        assert (unset.code, "DAYTWO_KEY_RING_FILE is not set" in unset.err) == (2, True), command
        file.write('{"active": "k-1", "keys": {"k-1": "c2hvcnQ="}}')
        broken = await keys(*command)
        assert (broken.code, broken.out) == (2, ""), command
        assert "c2hvcnQ" not in broken.err
        assert str(file) in broken.err
