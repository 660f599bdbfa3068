"""`daytwo doctor`: it says what it would do, and does it only when it is told to."""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest
from company import Company, open_company

from daytwo_cli.exits import Exit
from daytwo_cli.flows import doctor
from daytwo_store import runs
from daytwo_store.engine import Store
from daytwo_store.ids import RunId

pytestmark = pytest.mark.anyio


@pytest.fixture
async def company(store: Store) -> Company:
    return await open_company(store)


@dataclass
class Temporal:
    """Has no workflow of any run."""

    driven: list[RunId] = field(default_factory=list)

    async def has_workflow(self, _run: RunId) -> bool | None:
        return False

    async def drive(self, run: RunId) -> bool:
        self.driven.append(run)
        return True


async def test_nothing_is_changed_before_it_is_said(
    cli: Any, company: Company, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = await company.ask("ana", "1.1.0", "production")
    await company.drive(run)
    async with company.store.write() as tx:
        row = await runs.hold(tx, run)
        row.created_at -= timedelta(hours=1)
        row.progress_at -= timedelta(hours=1)
    temporal = Temporal()

    async def connected(_address: str, _namespace: str) -> Temporal:
        return temporal

    monkeypatch.setattr(doctor, "connected", connected)
    (tmp_path / "secret").write_text("7d3a" * 16)
    environment = {"DAYTWO_DATABASE_URL": database_url, "DAYTWO_SECRET_FILE": str(tmp_path / "secret")}

    async def call(*arguments: str) -> Any:
        return await anyio.to_thread.run_sync(lambda: cli("doctor", *arguments, environment=environment))

    looked = await call()
    assert (looked.code, temporal.driven) == (Exit.NEEDS_ATTENTION, [])
    assert run in looked.out
    assert "Nothing was changed. `daytwo doctor --mend` drives 1 of them." in looked.err
    for one in json.loads((await call("--json")).out)["found"]:
        assert (one["run"], one["driven"]) == (run, False)
    assert temporal.driven == []
    mended = await call("--mend")
    assert (mended.code, temporal.driven) == (Exit.SUCCESS, [run])
    assert "1 of 1 runs were driven." in mended.err
