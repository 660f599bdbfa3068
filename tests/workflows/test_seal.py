"""Checkpoints are signed in time, stand outside the database, and whoever cannot write them raises an alarm."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import structlog
from company import Company
from tampering import fill

from daytwo_store import counts
from daytwo_store.audit_check import Broken, Whole, verify
from daytwo_store.checkpoints import read_lines
from daytwo_store.clock import GivenClock
from daytwo_store.engine import Store
from daytwo_store.signing import KeyRing, Signer, pem_of
from daytwo_workflows.client import Driver
from daytwo_workflows.seal import Seal
from daytwo_workflows.secret_files import SettingsRejected
from daytwo_workflows.settings import AuditSettings
from daytwo_workflows.sweeper import Sweeper

pytestmark = pytest.mark.anyio
SIGNER = Signer.read(b"1" * 64)


async def now_of(store: Store) -> datetime:
    async with store.read() as session:
        return await store.clock.now(session)


async def at(began: datetime, seal: Seal, seconds: float) -> int | None:
    """The entry that was sealed so many seconds after that."""
    made = await seal.seal(began + timedelta(seconds=seconds))
    return made.n if made else None


async def test_after_a_minute_or_a_thousand_entries_and_not_before(store: Store, tmp_path: Path) -> None:
    seal = Seal(store=store, signer=SIGNER, file=tmp_path / "checkpoints")
    began = await now_of(store)
    assert await at(began, seal, 0) is None, "there is nothing to sign"
    await fill(store, 2)
    assert await at(began, seal, 0) == 2
    assert await at(began, seal, 100) is None, "nothing new"
    await fill(store, 1)
    assert await at(began, seal, 59) is None
    assert await at(began, seal, 61) == 3
    async with store.write() as tx:
        for number in range(999):
            tx.audit(actor="p_ana", action="run.accepted", subject=f"run:r_{number}")
    assert await at(began, seal, 62) is None
    await fill(store, 1)
    again = Seal(store=store, signer=SIGNER, file=tmp_path / "checkpoints")  # the worker was started anew
    assert await at(began, again, 62) == 1003
    lines, others = read_lines((tmp_path / "checkpoints").read_text().splitlines())
    assert ([one.n for one in lines], others) == ([2, 3, 1003], 0)
    async with store.read() as session:
        found = await verify(session, keys=KeyRing.of([SIGNER.public]), outside=lines)
    assert found == Whole(first=1, last=1003, checkpoints=3, outside=3, sealed=1003, unchecked=0)


async def test_a_line_that_a_crash_tore_spoils_only_itself(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "checkpoints"
    file.write_text('{"at": "2026-11-2')
    await fill(store, 1)
    assert await at(await now_of(store), Seal(store=store, signer=SIGNER, file=file), 0) == 1
    lines, others = read_lines(file.read_text().splitlines())
    assert ([one.n for one in lines], others) == ([1], 1)


async def test_what_cannot_be_written_is_an_alarm_until_it_can(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "away" / "checkpoints"
    seal = Seal(store=store, signer=SIGNER, file=file)
    await fill(store, 1)
    with structlog.testing.capture_logs() as logs:
        assert await at(await now_of(store), seal, 0) is None
    (line,) = [one for one in logs if one["event"] == "audit.checkpoint_not_written"]
    assert line["log_level"] == "error"
    assert json.loads(line["checkpoint"])["n"] == 1, "the log has it at least"
    async with store.read() as session:
        told = (await counts.count(session)).audit
    assert (told.entries, told.sealed, told.why) == (1, 0, "No such file or directory")
    since = told.failing_since
    assert since is not None
    await at(await now_of(store), seal, 5)
    async with store.read() as session:
        assert (await counts.count(session)).audit.failing_since == since
    file.parent.mkdir()
    assert await at(await now_of(store), seal, 5) == 1
    async with store.read() as session:
        told = (await counts.count(session)).audit
    assert (told.sealed, told.failing_since, told.why) == (1, None, None)


class NoTemporal(Driver):
    def __init__(self) -> None:
        pass

    async def alive(self) -> bool:
        return False


async def test_the_sweeper_seals_while_temporal_is_away(company: Company, tmp_path: Path) -> None:
    store = company.store
    async with store.read() as session:
        store.clock = GivenClock(await store.clock.now(session))
    seal = Seal(store=store, signer=SIGNER, file=tmp_path / "checkpoints")
    sweeper = Sweeper(
        store=store, driver=NoTemporal(), windows=company.life.windows, connections=[], name="test", seal=seal
    )
    await sweeper.sweep()
    assert len((tmp_path / "checkpoints").read_text().splitlines()) == 1


async def test_checkpoints_of_the_key_before_are_trusted_as_long_as_its_public_half_is_named(
    store: Store, database_url: str, tmp_path: Path
) -> None:
    old = Signer.read(b"2" * 64)
    file = tmp_path / "checkpoints"
    await fill(store, 1)
    assert await at(await now_of(store), Seal(store=store, signer=old, file=file), 0) == 1
    await fill(store, 1)
    (tmp_path / "key").write_text("1" * 64)
    (tmp_path / "old.pem").write_text(pem_of(old.public))
    environment = {"DAYTWO_DATABASE_URL": database_url, "DAYTWO_AUDIT_KEY_FILE": str(tmp_path / "key")}
    now = AuditSettings.read({**environment, "DAYTWO_AUDIT_PUBLIC_KEYS": str(tmp_path / "old.pem")})
    signer = now.signer()
    assert signer is not None
    assert await at(await now_of(store), Seal(store=store, signer=signer, file=file), 61) == 2
    lines, _ = read_lines(file.read_text().splitlines())
    async with store.read() as session:
        both = await verify(session, keys=now.trusted(), outside=lines)
        alone = await verify(session, keys=AuditSettings.read(environment).trusted(), outside=lines)
    assert both == Whole(first=1, last=2, checkpoints=2, outside=2, sealed=2, unchecked=0)
    assert isinstance(alone, Broken)
    assert old.key in alone.what


@pytest.mark.parametrize(
    "content", ["", "1" * 63, "x" * 64, "-----BEGIN PRIVATE KEY-----\nMTIz\n-----END PRIVATE KEY-----\n"]
)
def test_a_key_that_is_none_is_said_without_what_it_is(tmp_path: Path, content: str) -> None:
    (tmp_path / "key").write_text(content)
    settings = AuditSettings.read(
        {"DAYTWO_DATABASE_URL": "postgresql://x@y/z", "DAYTWO_AUDIT_KEY_FILE": str(tmp_path / "key")}
    )
    with pytest.raises(SettingsRejected, match="64 hexadecimal digits") as refused:
        settings.signer()
    assert content == "" or content not in refused.value.detail
