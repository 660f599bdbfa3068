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
from daytwo_store.log_gaps import Source
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
        other = Source(run=run, path=StepPath("ship"), job=ExternalJobId("2"), name="check")
        assert await logs.append(tx, other, ["all is well"], before=0, done=True, error_at=None)
    for job, lines in (("build", 2 * CHUNKS), ("check", 1), ("nothing", 0)):
        response = await Runs(company.store).logs_text(await ana(company), run, step="ship", job=job)
        text = "".join([str(piece) async for piece in response.body_iterator])
        assert len(text.splitlines()) == lines, job


async def keep(company: Company, run: RunId) -> None:
    source = Source(run=run, path=StepPath("ship"), job=ExternalJobId("1"), name="build")
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


async def test_a_gap_is_told_in_lines_in_the_file_in_the_run_and_where_somebody_looks(company: Company) -> None:
    run = await company.ask("ana", "1.1.0", "staging")
    source = Source(run=run, path=StepPath("ship"), job=ExternalJobId("1"), name="build")
    gone, bounds = logs.LeftOut(lines=80, bytes=800), logs.Bounds(head=10, tail=100)
    async with company.store.write() as tx:
        assert await logs.append(tx, source, ["first"], before=0, done=False, error_at=None, bounds=bounds)
        kept = {"before": 1, "done": True, "error_at": 1, "bounds": bounds, "behind": gone}
        assert await logs.append(tx, source, ["more", "error: last"], **kept)
    views, by = Runs(company.store), await ana(company)
    batch = await views.logs(by, run, after=0, limit=10, step=None, job=None, grep="")
    assert [(line.number, line.left_out) for line in batch.lines] == [(1, 0), (81, 80), (82, 0), (83, 0)]
    said = batch.lines[1].text
    assert said.startswith("… 80 lines are left out here: lines 2 to 81, 800 bytes.")
    response = await views.logs_text(by, run)
    assert "".join([str(piece) async for piece in response.body_iterator]) == f"first\n{said}\nmore\nerror: last\n"
    found = await views.logs(by, run, after=0, limit=10, step="ship", job="build", grep="ERROR")
    assert ([line.number for line in found.lines], found.next, found.not_searched) == ([83], 83, 80)
    assert (await views.logs(by, run, after=0, limit=10, step=None, job="other", grep="x")).not_searched == 0
    view = await views.get(by, run)
    assert [(gap.first, gap.last) for gap in view.log_gaps] == [(2, 81)]
    assert view.first_error is not None
    assert (view.first_error.number, view.first_error.text) == (83, "error: last")


async def test_a_log_is_searched_as_it_is_read(company: Company) -> None:
    """Neither in the times before its lines, which the page hides, nor only where a colour does not change."""
    run = await company.ask("ana", "1.1.0", "staging")
    source = Source(run=run, path=StepPath("ship"), job=ExternalJobId("1"), name="build")
    lines = [
        "2026-11-21T10:00:01.1234567Z plain",
        "2026-11-21T10:00:02.1234567Z ##[error]\x1b[31mIt \x1b[1mbroke\x1b[0m in \x1b[36m2026\x1b[0m",
        "2026-11-21T10:00:03.1234567Z it \x1b[32mBROKE\x1b[0m before",
    ]
    async with company.store.write() as tx:
        assert await logs.append(tx, source, lines, before=0, done=True, error_at=None)
    views, by = Runs(company.store), await ana(company)

    async def found(text: str, after: int = 0, limit: int = 10) -> list[tuple[int, str]]:
        batch = await views.logs(by, run, after=after, limit=limit, step=None, job=None, grep=text)
        return [(line.number, line.text) for line in batch.lines]

    second, third = (2, lines[1]), (3, lines[2])
    assert await found("It broke") == [second, third], "as they were written: the page draws their colours"
    assert await found("it broke", after=2) == [third]
    assert await found("it broke", limit=1) == [second]
    assert await found("2026") == [second]
    assert await found("10:00") == []
    assert await found("31m") == []
