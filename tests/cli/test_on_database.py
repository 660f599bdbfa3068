"""Operators' commands that go to the database itself, when it is not as they expect it."""

from typing import Any

import anyio
import pytest
from sqlalchemy import text

from daytwo_store.engine import Store


@pytest.mark.anyio
@pytest.mark.parametrize("command", [("audit", "verify"), ("keys", "new")], ids=" ".join)
async def test_a_database_of_another_version_is_told_in_a_sentence(
    cli: Any, store: Store, database_url: str, tmp_path: Any, command: tuple[str, ...]
) -> None:
    async with store.write() as tx:
        await tx.session.execute(text("update alembic_version set version_num = '0001'"))
    (tmp_path / "secret").write_text("7d3a" * 16)
    environment = {
        "DAYTWO_DATABASE_URL": database_url,
        "DAYTWO_SECRET_FILE": str(tmp_path / "secret"),
        "DAYTWO_KEY_RING_FILE": str(tmp_path / "ring"),
    }
    done = await anyio.to_thread.run_sync(lambda: cli(*command, environment=environment))
    assert done.code != 0
    assert "does not have the tables of this version, so nothing was read or changed" in done.err, done.err
    assert "daytwo migrate" in done.err
