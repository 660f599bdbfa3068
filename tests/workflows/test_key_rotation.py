"""R53: keys are rotated under 200 runs that wait with secrets; a key in use is not retired; a missing one is named."""

import asyncio
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from company import as_in_settings, open_company
from secret_action import ask_for_password, load_set_password
from sqlalchemy import select

from daytwo_actions.plan.model import Plan
from daytwo_cli.__main__ import run
from daytwo_cli.ask.asker import TerminalAsker
from daytwo_cli.show.out import Out
from daytwo_cli.tools import Tools
from daytwo_store import secret_values
from daytwo_store.engine import Store
from daytwo_store.ids import RunId
from daytwo_store.keyring import Keys, derived
from daytwo_store.states import RunState
from daytwo_store.tables import AuditRow
from daytwo_workflows.key_file import follow, read_ring
from daytwo_workflows.life.secret_inputs import fingerprints
from daytwo_workflows.secret_care import SecretCare, must_have_keys
from daytwo_workflows.secret_files import SettingsRejected

pytestmark = pytest.mark.anyio
WAITING = 200


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


@pytest.fixture
def daytwo(database_url: str, tmp_path: Path, keys_file: Path) -> Callable[..., "asyncio.Future[Said]"]:
    """The command line as an operator has it."""
    (tmp_path / "key").write_bytes(b"k" * 32)
    environment = {
        "DAYTWO_DATABASE_URL": database_url,
        "DAYTWO_SECRET_FILE": str(tmp_path / "key"),
        "DAYTWO_KEY_RING_FILE": str(keys_file),
        "HOME": str(tmp_path),
    }

    def call(*arguments: str) -> Said:
        out, err = io.StringIO(), io.StringIO()
        asker = TerminalAsker(io.StringIO(), err, interactive=False)
        tools = Tools(
            out=Out(out, err, plain=True), asker=asker, environment=environment, here=tmp_path, pause=lambda _: None
        )
        return Said(run(arguments, tools), out.getvalue(), err.getvalue())

    return lambda *arguments: asyncio.get_running_loop().run_in_executor(None, call, *arguments)


def ring_of(path: Path) -> Keys:
    return follow(path, derived(as_in_settings("stored secrets")))


def read(path: Path) -> str:
    return path.read_text()


def write(path: Path, text: str) -> None:
    path.write_text(text)


def mode(path: Path) -> int:
    return path.stat().st_mode


async def counts(store: Store) -> dict[str, int]:
    async with store.read() as session:
        return await secret_values.count_by_key(session)


async def test_rotation_under_waiting_runs(
    store: Store, tmp_path: Path, keys_file: Path, daytwo: Callable[..., "asyncio.Future[Said]"]
) -> None:
    company = await open_company(store)
    company.life = replace(company.life, hand_tokens=frozenset({"github"}))
    await load_set_password(company, tmp_path, approval=[{"from": ["group:sre"]}])

    async def ask(numbers: range) -> list[RunId]:
        return [await ask_for_password(company, f"password of run {n}") for n in numbers]

    first = await ask(range(5))  # before there is a key ring
    assert (await daytwo("keys", "new")).code == 0
    old = read_ring(keys_file).active
    assert old is not None
    assert mode(keys_file) & 0o077 == 0
    company.life = replace(company.life, keys=ring_of(keys_file))
    asked = await asyncio.gather(*(ask(range(start, WAITING, 3)) for start in (5, 6, 7)))
    waiting = first + [one for some in asked for one in some]
    assert sorted((await counts(store)).values()) == [5, WAITING - 5]

    added = await daytwo("keys", "new")
    new = added.out.strip()
    assert read_ring(keys_file).active == old, "a new key is for readers first"
    assert (await daytwo("keys", "retire", old)).code != 0, "it is active"
    # Somebody makes it active in the file alone: the background has yet to come by.
    ring = company.life.keys.ring
    assert new in ring.keys, "the running process has the new key without a restart"
    rotated = await daytwo("keys", "rotate", new)
    assert rotated.code == 0, rotated.err
    assert f"{WAITING} stored secrets are encrypted" in rotated.out
    assert await counts(store) == {new: WAITING}
    assert company.life.keys.ring.active == new

    late = await ask(range(1000, 1001))
    retired = await daytwo("keys", "retire", old)
    assert retired.code == 0, retired.err
    assert old not in company.life.keys.ring.keys
    async with store.read() as session:
        for run_id in waiting + late:
            stored = await secret_values.open_inputs(session, company.life.keys.ring, run_id)
            plan = Plan.model_validate_json((await company.run(run_id)).plan)
            assert fingerprints(company.life, run_id, stored) == plan.secrets
        said = await session.scalars(select(AuditRow.action).where(AuditRow.subject.like("key:%")).order_by(AuditRow.n))
        told = [action for action in said if action.startswith("key.")]
    assert told == ["key.added", "key.added", "key.activated", "key.retired"]
    for number in (0, 5, WAITING - 1):  # asked for under the first key of all, and under the one that is retired
        await company.decide("sam", waiting[number])
        await company.through(waiting[number])
        assert (await company.run(waiting[number])).state == RunState.SUCCEEDED


async def test_a_key_in_use_is_not_retired_and_a_missing_one_stops_the_start(
    store: Store, tmp_path: Path, keys_file: Path, daytwo: Callable[..., "asyncio.Future[Said]"]
) -> None:
    company = await open_company(store)
    company.life = replace(company.life, hand_tokens=frozenset({"github"}))
    await load_set_password(company, tmp_path)
    await daytwo("keys", "new")
    company.life = replace(company.life, keys=ring_of(keys_file))
    waiting = await ask_for_password(company, "correct horse")
    [old] = read_ring(keys_file).keys
    before = read(keys_file)
    new = (await daytwo("keys", "new")).out.strip()
    content = read(keys_file)
    write(keys_file, content.replace(f'"active": "{old}"', f'"active": "{new}"'))  # not rotated: only made active
    refused = await daytwo("keys", "retire", old)
    assert refused.code != 0
    assert f"1 stored secret is encrypted with {old}" in refused.err
    assert old in read_ring(keys_file).keys
    listed = await daytwo("keys", "list", "--json")
    assert {"key": old, "state": "readable", "secrets": 1} in json.loads(listed.out)

    without = content.replace(f'"active": "{old}"', f'"active": "{new}"').replace(f'"{old}"', '"k-other"')
    write(keys_file, without)
    with pytest.raises(SettingsRejected, match=f"{old} \\(1 stored secret\\)"):
        await must_have_keys(store, ring_of(keys_file))
    care = SecretCare(store=store, keys=ring_of(keys_file), retention=None)  # type: ignore[arg-type]
    assert await care.reseal() == 0, "what does not open stays as it is"
    assert "MISSING" in (await daytwo("keys", "list")).out
    write(keys_file, before)
    await must_have_keys(store, ring_of(keys_file))
    await company.through(waiting)
    assert (await company.run(waiting)).state == RunState.SUCCEEDED


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        '{"active": "a", "keys": {}}',
        '{"active": "a", "keys": {"a": "c2hvcnQ="}}',
        '{"active":null,"keys":{}}',
    ],
    ids=("empty", "no keys", "active is missing", "short", "none"),
)
def test_a_broken_ring_stops_the_start_and_says_nothing_of_what_is_in_it(keys_file: Path, content: str) -> None:
    keys_file.write_text(content)
    with pytest.raises(SettingsRejected) as refused:
        ring_of(keys_file)
    assert "c2hvcnQ" not in str(refused.value)
    assert str(keys_file) in refused.value.detail
