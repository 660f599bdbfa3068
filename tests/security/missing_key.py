"""R53: a process that lacks a key in use does not start, names it, and changes nothing; with the key it starts.

`make security` runs this; it starts the API as users do.
"""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from api_process import parts, processes
from company import as_in_settings, open_company
from secret_action import ask_for_password, load_set_password

from daytwo_store import secret_values
from daytwo_store.engine import Store
from daytwo_store.keyring import KeyRing, derived
from daytwo_workflows.key_file import follow, new_key, write_ring

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(400)]


async def test_a_process_without_a_key_that_is_in_use_does_not_start(
    store: Store, database_url: str, tmp_path: Path
) -> None:
    ring_file = tmp_path / "ring.json"
    used, ring = new_key(KeyRing(None, {}), datetime.now(UTC))
    _, another = new_key(KeyRing(None, {}), datetime(2020, 1, 1, tzinfo=UTC))
    write_ring(ring_file, ring)
    company = await open_company(store)
    company.life = replace(
        company.life,
        hand_tokens=frozenset({"github"}),
        keys=follow(ring_file, derived(as_in_settings("stored secrets"))),
    )
    await load_set_password(company, tmp_path)
    await ask_for_password(company, "correct horse battery")
    async with store.read() as session:
        kept = await secret_values.count_by_key(session)
    assert kept == {used: 1}

    with processes(tmp_path) as start:
        write_ring(ring_file, another)
        refused = start(database_url, DAYTWO_KEY_RING_FILE=str(ring_file))
        _, errors = await asyncio.to_thread(refused.running.communicate, timeout=120)
        assert refused.running.returncode == 2
        assert f"{used} (1 stored secret)" in errors
        async with store.read() as session:
            assert await secret_values.count_by_key(session) == kept, "nothing is lost"
        write_ring(ring_file, ring)
        started = start(database_url, DAYTWO_KEY_RING_FILE=str(ring_file))
        ready = lambda answer: parts(answer).get("company", False)  # noqa: E731
        await asyncio.to_thread(started.wait_for, "/readyz", ready, seconds=200)
