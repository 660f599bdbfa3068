"""Downloading a whole log: complete, and without a connection to the database held for somebody who reads slowly."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from company import Company, open_company
from pydantic import SecretStr

from daytwo_api.asker import Asker, Scope
from daytwo_api.services.runs import Runs
from daytwo_store import logs
from daytwo_store.engine import Store
from daytwo_store.ids import ExternalJobId, RunId, StepPath
from daytwo_store.settings import StoreSettings

pytestmark = pytest.mark.anyio
CHUNKS = 11  # more than are fetched at a time, and no multiple of that


@pytest.fixture
async def company(database_url: str) -> AsyncIterator[Company]:
    """On a database with one connection, which is waited for two seconds."""
    opened = Store(
        StoreSettings(url=SecretStr(database_url), pool_size=1, pool_overflow=0, statement_timeout=timedelta(seconds=2))
    )
    yield await open_company(opened)
    await opened.close()


async def test_others_are_served_between_any_two_pieces(company: Company) -> None:
    run = await company.ask("ana", "1.1.0", "staging")
    await keep(company, run)
    response = await Runs(company.store).logs_text(await ana(company), run)
    pieces: list[str] = []
    async for piece in response.body_iterator:
        pieces.append(str(piece))
        assert (await company.run(run)).log_lines == 2 * CHUNKS, "somebody else reads meanwhile"
    assert "".join(pieces) == "".join(f"line {number} a\nline {number} b\n" for number in range(CHUNKS))


async def test_one_job_is_read_by_itself(company: Company) -> None:
    run = await company.ask("ana", "1.1.0", "staging")
    await keep(company, run)
    async with company.store.write() as tx:
        other = logs.Source(run=run, path=StepPath("ship"), job=ExternalJobId("2"), name="check")
        assert await logs.append(tx, other, ["all is well"], before=0, done=True, error_at=None)
    for job, lines in (("build", 2 * CHUNKS), ("check", 1), ("nothing", 0)):
        response = await Runs(company.store).logs_text(await ana(company), run, step="ship", job=job)
        text = "".join([str(piece) async for piece in response.body_iterator])
        assert len(text.splitlines()) == lines, job


async def keep(company: Company, run: RunId) -> None:
    source = logs.Source(run=run, path=StepPath("ship"), job=ExternalJobId("1"), name="build")
    for number in range(CHUNKS):
        async with company.store.write() as tx:
            lines = [f"line {number} a", f"line {number} b"]
            done = number == CHUNKS - 1
            assert await logs.append(tx, source, lines, before=2 * number, done=done, error_at=None)


async def ana(company: Company) -> Asker:
    return Asker(
        principal=await company.person("ana"),
        name="Ana",
        ref=None,
        groups=frozenset({"group:storefront"}),
        roles=frozenset(),
        scopes=frozenset(Scope),
        via="session",
    )
