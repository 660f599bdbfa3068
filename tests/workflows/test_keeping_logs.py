"""Keeping long logs: alive while it reads, no further than the limit, nothing lost where it broke off, small rows."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from ci_in_memory import CiInMemory
from company import Company
from sqlalchemy import func, select

from daytwo_actions.backends.base import BackendUnreachable, Target
from daytwo_actions.backends.tree import Job
from daytwo_actions.logs import CUT_MARK
from daytwo_store import logs
from daytwo_store.ids import ExternalJobId, ExternalRunId, RunId
from daytwo_store.states import ExternalStatus
from daytwo_store.tables import AttemptRow, LogChunkRow
from daytwo_workflows.life.keep_logs import keep_logs

pytestmark = pytest.mark.anyio
PIECE = 64 * 1024


def text_of(count: int, word: str = "line") -> list[str]:
    return [f"{word} {number:06d} {'x' * 90}" for number in range(count)]


@dataclass
class Logs(CiInMemory):
    """A CI system with a long log per job, which can break off, hang, and counts the pieces that it gave."""

    long: dict[str, Sequence[str]] = field(default_factory=dict)
    breaks_after: int | None = None  # pieces; once
    hangs_after: int | None = None
    given: int = 0
    closed: int = 0

    async def logs(self, target: Target, run: ExternalRunId, job: ExternalJobId) -> AsyncIterator[bytes]:
        data = ("\n".join(self.long[job]) + "\n").encode()
        try:
            for number, at in enumerate(range(0, len(data), PIECE)):
                if number == self.breaks_after:
                    self.breaks_after = None
                    raise BackendUnreachable("It broke off.")
                if number == self.hangs_after:
                    await asyncio.Event().wait()
                self.given += 1
                yield data[at : at + PIECE]
        finally:
            self.closed += 1


@dataclass
class Keeping:
    """One attempt whose jobs have ended, and `keep_logs` on it."""

    company: Company
    ci: Logs
    attempt: AttemptRow
    beats: int = 0

    @property
    def run(self) -> RunId:
        return RunId(self.attempt.run_id)

    async def keep(self, *names: str, within: timedelta | None = None) -> bool:
        jobs = [job(name) for name in names]
        return await keep_logs(self.company.life, self.ci, self.attempt, jobs, self.beat, last=False, within=within)

    def beat(self) -> None:
        self.beats += 1

    def limit(self, characters: int) -> None:
        self.company.life = replace(self.company.life, log_limit=characters)

    async def lines(self, name: str) -> list[str]:
        async with self.company.store.read() as session:
            found = await logs.read(session, self.run, after=0, limit=1_000_000, job=name)
        return [line.text for line in found]


def job(name: str) -> Job:
    return Job(
        id=ExternalJobId(name),
        name=name,
        status=ExternalStatus.SUCCEEDED,
        detail="success",
        url=None,
        started_at=datetime(2026, 1, 1, tzinfo=UTC),
        ended_at=None,
    )


@pytest.fixture
async def keeping(company: Company) -> Keeping:
    ci = Logs(ends_as=None)
    company.ci, company.life = ci, replace(company.life, backends={"github": ci})
    run = await company.ask("ana", "1.1.0", "staging")
    await company.drive(run)
    return Keeping(company, ci, (await company.attempts(run))[-1])


async def test_a_log_over_the_limit_is_not_fetched_to_its_end(keeping: Keeping) -> None:
    keeping.ci.long["a"] = text_of(100_000)
    keeping.limit(1_000_000)
    assert await keeping.keep("a")
    assert keeping.ci.given <= 1_000_000 // PIECE + 2, "all of it was fetched, and thrown away"
    assert keeping.ci.closed == 1, "the rest still hangs on the wire"
    kept = await keeping.lines("a")
    assert kept[-1] == CUT_MARK
    assert kept[:-1] == keeping.ci.long["a"][: len(kept) - 1]
    assert len(kept) > 9_000


async def test_it_gives_a_sign_of_life_while_it_skips_what_is_kept(keeping: Keeping) -> None:
    keeping.ci.long["a"] = text_of(20_000)
    keeping.ci.breaks_after = 30
    with pytest.raises(BackendUnreachable):
        await keeping.keep("a")
    keeping.beats = keeping.ci.given = 0
    first = await keeping.lines("a")
    assert len(first) > 15_000
    assert await keeping.keep("a")
    assert keeping.beats >= keeping.ci.given > 25, "pieces that are skipped count as well"
    assert await keeping.lines("a") == keeping.ci.long["a"]


async def test_what_is_kept_already_does_not_count_twice(keeping: Keeping) -> None:
    """The case of the review: 10,000 lines, broken off at about 8,000, with a limit of 1.5 MB."""
    keeping.ci.long["a"] = text_of(10_000)
    keeping.limit(1_500_000)
    keeping.ci.breaks_after = 14
    with pytest.raises(BackendUnreachable):
        await keeping.keep("a")
    assert 6_000 < len(await keeping.lines("a")) < 10_000
    assert await keeping.keep("a")
    assert await keeping.lines("a") == keeping.ci.long["a"]


async def test_the_limit_is_of_the_run_wherever_it_broke_off(keeping: Keeping) -> None:
    keeping.ci.long |= {"a": text_of(10_000), "b": text_of(10_000, "other")}
    keeping.limit(1_500_000)
    assert await keeping.keep("a")
    keeping.ci.breaks_after = 5
    with pytest.raises(BackendUnreachable):
        await keeping.keep("b")
    assert await keeping.keep("b")
    kept = await keeping.lines("b")
    assert kept[-1] == CUT_MARK
    assert 0 <= 1_500_000 - sum(len(line) + 1 for line in [*keeping.ci.long["a"], *kept[:-1]]) < 110


async def test_a_log_that_others_left_no_room_for_says_so(keeping: Keeping) -> None:
    keeping.ci.long |= {"a": text_of(10_000), "b": text_of(10_000, "other")}
    keeping.limit(1_100_000)
    keeping.ci.breaks_after = 14
    with pytest.raises(BackendUnreachable):
        await keeping.keep("a")
    before = await keeping.lines("a")
    assert await keeping.keep("b")  # takes what is left
    keeping.limit(500_000)  # and now there is less room than a has taken
    assert await keeping.keep("a")
    assert await keeping.lines("a") == [*before, CUT_MARK]


@pytest.mark.parametrize("line", ["x" * 60_000, "é" * 60_000, "short"])
async def test_rows_stay_small_whatever_the_lines(keeping: Keeping, line: str) -> None:
    keeping.ci.long["a"] = [line] * 4_500 if line == "short" else [line] * 25
    assert await keeping.keep("a")
    async with keeping.company.store.read() as session:
        characters, lines = (
            await session.execute(select(func.max(func.length(LogChunkRow.text)), func.max(LogChunkRow.lines)))
        ).one()
    assert characters <= 256 * 1024
    assert lines <= 2000
    assert await keeping.lines("a") == keeping.ci.long["a"]


async def test_a_download_that_hangs_is_left_after_its_time_and_goes_on_at_the_next_look(keeping: Keeping) -> None:
    keeping.ci.long["a"] = text_of(10_000)
    keeping.ci.hangs_after = 10
    async with asyncio.timeout(20):
        assert not await keeping.keep("a", within=timedelta(seconds=1.5))
    assert keeping.ci.closed == 1
    assert len(await keeping.lines("a")) >= 4_000, "what came in time is kept"
    keeping.ci.hangs_after = None
    assert await keeping.keep("a")
    assert await keeping.lines("a") == keeping.ci.long["a"]


async def test_a_download_without_end_is_left_after_its_time(keeping: Keeping) -> None:
    keeping.ci.long |= {name: text_of(500, name) for name in "abc"}
    assert not await keeping.keep("a", "b", "c", within=timedelta(0))
    assert keeping.ci.given == 0
    assert await keeping.keep("a", "b", "c", within=timedelta(seconds=60))
    assert await keeping.lines("c") == keeping.ci.long["c"]
