"""Keeping long logs: alive while it reads, head and tail of what is too long, nothing lost where it broke off."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256

import pytest
from ci_in_memory import CiInMemory
from company import Company
from sqlalchemy import func, select

from daytwo_actions.backends.base import Target
from daytwo_actions.backends.failures import BackendUnreachable
from daytwo_actions.backends.tree import Job
from daytwo_store import evidence_rows, log_gaps, logs
from daytwo_store.ids import ExternalJobId, ExternalRunId, RunId, StepPath
from daytwo_store.log_gaps import Gap, Source
from daytwo_store.logs import Bounds, LeftOut, Line
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

    async def keep(
        self, *names: str, within: timedelta | None = None, status: ExternalStatus = ExternalStatus.SUCCEEDED
    ) -> bool:
        jobs = [job(name, status) for name in names]
        return await keep_logs(self.company.life, self.ci, self.attempt, jobs, self.beat, last=False, within=within)

    def beat(self) -> None:
        self.beats += 1

    def limit(self, head: int, tail: int = 0) -> None:
        self.company.life = replace(self.company.life, log_head=head, log_tail=tail)

    async def lines(self, name: str) -> list[str]:
        return [line.text for line in await self.numbered(name)]

    async def numbered(self, name: str | None = None) -> list[Line]:
        async with self.company.store.read() as session:
            return await logs.read(session, self.run, after=0, limit=1_000_000, job=name)

    async def first_error(self) -> Line | None:
        async with self.company.store.read() as session:
            number = (await self.company.run(self.run)).first_error
            return await logs.line(session, self.run, number) if number is not None else None


def job(name: str, status: ExternalStatus = ExternalStatus.SUCCEEDED) -> Job:
    return Job(
        id=ExternalJobId(name),
        name=name,
        status=status,
        detail="",
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


async def test_of_a_log_that_is_too_long_the_first_and_the_last_lines_are_kept(keeping: Keeping) -> None:
    keeping.ci.long["a"] = every = text_of(100_000)
    size = len(every[0]) + 1
    keeping.limit(1_000 * size + 5, 200 * size + 5)
    assert await keeping.keep("a")
    kept = await keeping.numbered("a")
    assert [line.text for line in kept[:1_000]] == every[:1_000]
    assert [line.text for line in kept[1_001:]] == every[-200:]
    assert [line.number for line in kept[1_001:]] == list(range(99_801, 100_001)), "numbers are those of the whole log"
    gap = kept[1_000]
    assert (gap.number, gap.left_out) == (99_800, 98_800)
    assert "98,800 lines are left out here: lines 1,001 to 99,800, 10.2 MB" in gap.text
    async with keeping.company.store.read() as session:
        assert await log_gaps.of_run(session, keeping.run) == [Gap(first=1_001, last=99_800, bytes=98_800 * size)]
        assert await log_gaps.lines_left_out(session, keeping.run, path="ship", job="a") == 98_800
        rows = await session.scalar(select(func.sum(func.length(LogChunkRow.text))))
    assert rows is not None
    assert rows < 1_210 * size, "what is left out was written"


async def test_an_error_in_the_tail_is_found(keeping: Keeping) -> None:
    keeping.ci.long["a"] = [*text_of(5_000), "##[error]it broke at the very end"]
    keeping.limit(10_000, 10_000)
    assert await keeping.keep("a", status=ExternalStatus.FAILED)
    error = await keeping.first_error()
    assert error is not None
    assert (error.number, error.text) == (5_001, "##[error]it broke at the very end")
    async with keeping.company.store.read() as session:
        found = await logs.grep(session, keeping.run, "BROKE", after=0, limit=5)
        assert [line.number for line in found] == [5_001]
        assert await logs.grep(session, keeping.run, "left out", after=0, limit=5) == [], "a gap is no line"


async def test_an_error_in_the_middle_is_found_and_kept_and_the_rest_of_the_middle_is_not(keeping: Keeping) -> None:
    every = [*text_of(2_000), "Error: a guess", *text_of(500), "##[error]the cause", *text_of(2_499), "##[error]later"]
    keeping.ci.long |= {"a": [*every, *text_of(2_000)], "b": text_of(300)}
    keeping.limit(10_000, 10_000)
    assert await keeping.keep("a", status=ExternalStatus.FAILED)
    error = await keeping.first_error()
    assert error is not None
    assert (error.number, error.text) == (2_502, "##[error]the cause")
    numbered = await keeping.numbered("a")
    assert [line.left_out > 0 for line in numbered].count(True) == 2, "before it and behind it"
    assert numbered[-1].number == 7_002
    assert [line.text for line in numbered if "rror" in line.text] == ["##[error]the cause"]
    async with keeping.company.store.read() as session:
        sums = await evidence_rows.logs(session, keeping.run)
    assert sums["jobs"][0]["lines"] + sums["left_out"] == 7_002
    assert await keeping.keep("b")
    assert await keeping.first_error() == error, "and it stays when the tail moves on"


async def test_a_warning_in_place_of_a_log_is_no_error(keeping: Keeping) -> None:
    keeping.ci.log = None
    keeping.ci.logs = partial(CiInMemory.logs, keeping.ci)  # type: ignore[method-assign]
    noted = replace(job("a", ExternalStatus.FAILED), started_at=None, notes=("it is full", "warning: it is old"))
    assert await keep_logs(keeping.company.life, keeping.ci, keeping.attempt, [noted], keeping.beat, last=True)
    assert await keeping.lines("a") == ["##[error]it is full", "##[warning]it is old"]


@pytest.mark.parametrize("end", ["##[error]Process completed with exit code 1.", "fine"])
async def test_what_says_more_comes_later_than_a_chunk(keeping: Keeping, end: str) -> None:
    every = [*text_of(10), "##[error]Process completed with exit code 7.", *text_of(3_000), "TypeError: it is none"]
    keeping.ci.long |= {"a": [*every, *text_of(3_000), "##[error]the cause", end], "b": ["##[error]another"]}
    assert await keeping.keep("a", status=ExternalStatus.FAILED)
    error = await keeping.first_error()
    assert error is not None
    assert error.text == "##[error]the cause"
    assert await keeping.keep("b", status=ExternalStatus.FAILED)
    assert await keeping.first_error() == error, "the first job that failed"


async def test_of_a_job_that_went_well_nothing_is_kept_from_the_middle(keeping: Keeping) -> None:
    keeping.ci.long["a"] = [*text_of(2_000), "##[error]nobody minds", *text_of(2_000)]
    keeping.limit(10_000, 10_000)
    assert await keeping.keep("a")
    assert sum(line.left_out > 0 for line in await keeping.numbered("a")) == 1
    assert await keeping.first_error() is None


async def test_the_tail_is_of_the_run_and_moves_on(keeping: Keeping) -> None:
    size = len(text_of(1)[0]) + 1
    keeping.ci.long |= {"a": text_of(3_000), "b": text_of(50, "more"), "c": text_of(3_000, "last")}
    keeping.limit(100 * size, 80 * size)
    assert await keeping.keep("a")
    assert [line.number for line in (await keeping.numbered("a"))[-80:]] == list(range(2_921, 3_001))
    assert await keeping.keep("b")
    assert await keeping.lines("b") == keeping.ci.long["b"]
    ours = await keeping.numbered("a")
    assert [line.number for line in ours] == [*range(1, 101), 2_970, *range(2_971, 3_001)], "one gap, that grew"
    assert await keeping.keep("c")
    assert [line.left_out for line in await keeping.numbered("b")] == [50]
    assert (await keeping.lines("c"))[1:] == keeping.ci.long["c"][-80:]
    numbers = [line.number for line in await keeping.numbered()]
    assert numbers == [*range(1, 101), 3_000, 3_050, 5_970, *range(5_971, 6_051)]


async def test_the_line_that_says_what_went_wrong_stays_when_the_tail_moves_on(keeping: Keeping) -> None:
    keeping.ci.long |= {"a": [*text_of(300), "##[error]the cause"], "b": text_of(300)}
    keeping.limit(1_000, 3_000)
    assert await keeping.keep("a", status=ExternalStatus.FAILED)
    assert await keeping.keep("b")
    error = await keeping.first_error()
    assert error is not None
    assert error.text == "##[error]the cause"
    assert (await keeping.lines("b"))[-1] == keeping.ci.long["b"][-1]


async def test_a_log_that_grows_has_a_tail_that_moves(keeping: Keeping) -> None:
    keeping.ci.traits = replace(keeping.ci.traits, live_logs=True)
    every = text_of(900)
    size = len(every[0]) + 1
    keeping.limit(100 * size, 50 * size)
    for written in (60, 130, 400, 900):
        keeping.ci.long["a"] = every[:written]
        assert await keeping.keep("a", status=ExternalStatus.RUNNING)
        kept = await keeping.numbered("a")
        lines = [(line.number, line.text) for line in kept if not line.left_out]
        shown = every[:100] + every[max(100, written - 50) : written] if written > 100 else every[:written]
        assert lines == [(every.index(text) + 1, text) for text in shown]
        assert len(kept) - len(lines) == (1 if written > 150 else 0)
    assert await keeping.keep("a")
    assert await keeping.numbered("a") == kept, "nothing has come since"


async def test_sums_bind_what_is_kept_and_what_was_left_out(keeping: Keeping) -> None:
    keeping.ci.long |= {"a": text_of(2_000), "b": ["short"]}
    keeping.limit(5_000, 2_000)
    assert await keeping.keep("a")
    assert await keeping.keep("b")
    async with keeping.company.store.read() as session:
        sums = await evidence_rows.logs(session, keeping.run)
    text = "".join([f"{chunk}\n" async for chunk in logs.stream(keeping.company.store, keeping.run)])
    assert sums["sha256"] == sha256(text.encode()).hexdigest()
    assert "lines are left out here" in text
    first, second = sums["jobs"]
    assert first["lines"] + first["left_out"] == 2_000
    assert first["left_out"] == sums["left_out"] > 1_900
    assert first["whole_sha256"] == sha256("".join(f"{line}\n" for line in text_of(2_000)).encode()).hexdigest()
    assert first["sha256"] == sha256("".join(f"{line}\n" for line in await keeping.lines("a")).encode()).hexdigest()
    assert second["sha256"] == second["whole_sha256"] == sha256(b"short\n").hexdigest()


async def test_what_others_have_filled_meanwhile_makes_a_line_part_of_the_tail(keeping: Keeping) -> None:
    """Two workers keep logs of one run at a time: each thought that the head has room."""
    bounds = Bounds(head=10, tail=12)
    for name, lines in (("a", ["12345678"]), ("b", ["12345678"]), ("c", ["1", "2", "3", "4"])):
        source = Source(run=keeping.run, path=StepPath("ship"), job=ExternalJobId(name), name=name)
        async with keeping.company.store.write() as tx:
            assert await logs.append(tx, source, lines, before=0, done=True, error_at=None, bounds=bounds)
    assert [(line.job, line.text) for line in await keeping.numbered() if not line.left_out] == [
        ("a", "12345678"),
        *(("c", text) for text in "1234"),
    ]
    async with keeping.company.store.write() as tx:  # nothing of it fits
        source = Source(run=keeping.run, path=StepPath("ship"), job=ExternalJobId("d"), name="d")
        gone = LeftOut(lines=7, bytes=70)
        assert await logs.append(tx, source, [], before=0, done=True, error_at=None, bounds=bounds, behind=gone)
    assert [line.left_out for line in await keeping.numbered("d")] == [7]
    assert (await keeping.company.run(keeping.run)).log_lines == 13


async def test_a_reader_in_the_middle_of_a_gap_is_told_of_the_rest_of_it(keeping: Keeping) -> None:
    keeping.ci.long["a"] = text_of(1_000)
    keeping.limit(1_000, 1_000)
    assert await keeping.keep("a")
    async with keeping.company.store.read() as session:
        found = await logs.read(session, keeping.run, after=500, limit=2)
        assert [bool(line.left_out) for line in found] == [True, False]
        after = await logs.read(session, keeping.run, after=found[0].number, limit=1)
    assert after == [found[1]], "told once"


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
    keeping.limit(1_500_000, 1_000)
    assert await keeping.keep("a")
    keeping.ci.breaks_after = 5
    with pytest.raises(BackendUnreachable):
        await keeping.keep("b")
    assert await keeping.keep("b")
    kept = await keeping.numbered("b")
    assert kept[-1].text == keeping.ci.long["b"][-1]
    at = next(index for index, line in enumerate(kept) if line.left_out)
    assert at + kept[at].left_out + len(kept) - at - 1 == 10_000
    head = [*keeping.ci.long["a"], *(line.text for line in kept[:at])]
    assert 0 <= 1_500_000 - sum(len(line) + 1 for line in head) < 110


async def test_what_is_kept_stays_when_there_is_less_room_than_it_has_taken(keeping: Keeping) -> None:
    keeping.ci.long["a"] = text_of(10_000)
    keeping.limit(1_100_000)
    keeping.ci.breaks_after = 14
    with pytest.raises(BackendUnreachable):
        await keeping.keep("a")
    before = await keeping.lines("a")
    keeping.limit(500_000, 1_000)  # somebody has changed the setting
    assert await keeping.keep("a")
    after = await keeping.numbered("a")
    assert [line.text for line in after[: len(before)]] == before
    assert after[len(before)].left_out > 1_000
    assert after[-1].text == keeping.ci.long["a"][-1]


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
