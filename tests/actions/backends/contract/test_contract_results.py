"""What a run leaves, on each kind of CI system: results, files, notes, logs; what an answer names; what may be asked"""

import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from contract_systems import System
from contracting import Attempt, attempt, dispatched

from daytwo_actions.backends.base import Accepted, Ambiguous, Backend, Refused
from daytwo_actions.backends.failures import BackendUnreachable, OutputsUnusable
from daytwo_actions.backends.tree import Job
from daytwo_actions.logs import Cleaner
from daytwo_store.ids import ExternalRunId
from daytwo_store.states import EXTERNAL_ENDS, ExternalStatus

pytestmark = pytest.mark.anyio
LEFT = {"url": "https://shop.example/", "size": 3}
WRONG_ZIPS = ("bomb", "traversal", "symlink", "garbage")


async def ended(backend: Backend, ci: System, version: str) -> tuple[Attempt, ExternalRunId]:
    one = await attempt(backend, ci.results, version=version)
    run = await one.start()
    await one.until(run, *EXTERNAL_ENDS)
    return one, run


def operations(ci: System, since: int) -> list[str]:
    return [line["operation"] for line in ci.standin.control.requests()[since:]]


async def failed_jobs(backend: Backend, ci: System, run: ExternalRunId) -> Sequence[Job]:
    return [job for job in (await backend.jobs(ci.results, run)).jobs if job.status is ExternalStatus.FAILED]


async def test_results_and_files_of_a_run(executing: System, backend: Backend) -> None:
    ci = executing
    _, run = await ended(backend, ci, "1.0.0")
    left = await backend.outputs(ci.results, run)
    assert left == (LEFT if ci.archive else {name: str(value) for name, value in LEFT.items()})  # Argo has only text
    files = await backend.artifacts(ci.results, run)
    assert {one.name for one in files} == ci.files
    assert all(one.url and not one.expired and one.size != 0 for one in files)


@pytest.mark.parametrize("kind", WRONG_ZIPS)
async def test_an_archive_that_nobody_should_trust_gives_no_results(
    kind: str, executing: System, backend: Backend
) -> None:
    ci = executing
    rule = {"match": {"operation": ci.archive or "get_workflow"}, "zip": {"kind": kind}}
    if ci.archive is None:
        with pytest.raises(ValueError, match="zip: Argo has no archives"):
            ci.standin.control.add_fault(rule)
        return
    _, run = await ended(backend, ci, "1.0.0")
    ci.standin.control.add_fault(rule)
    with pytest.raises(OutputsUnusable):
        await backend.outputs(ci.results, run)
    ci.standin.control.clear_faults()
    assert await backend.outputs(ci.results, run) == LEFT


async def test_what_is_noted_on_a_failed_job_is_in_the_tree_and_is_asked_for_once(
    executing: System, backend: Backend
) -> None:
    ci = executing
    _, good = await ended(backend, ci, "1.0.0")
    before = len(ci.standin.control.requests())
    assert all(not job.notes for job in (await backend.jobs(ci.results, good)).jobs)
    assert "annotations" not in operations(ci, before), "nothing is asked for a run that went well"
    _, run = await ended(backend, ci, "1.2.0")
    before = len(ci.standin.control.requests())
    failed = await failed_jobs(backend, ci, run)
    again = await failed_jobs(backend, ci, run)
    assert [op for op in operations(ci, before) if op == "annotations"] == list(ci.noting)
    assert failed == again
    said = [note for job in failed for note in job.notes]
    assert said[: len(ci.notes)] == list(ci.notes)
    if not ci.notes:
        assert said == []
        assert "exit code 3" in " ".join(job.detail for job in failed), "it stands in the job's own words"
    noted = [note for job in failed for note in await backend.annotations(ci.results, job.id)]
    assert noted == said


async def test_notes_that_cannot_be_had_are_left_out_of_the_tree(executing: System, backend: Backend) -> None:
    ci = executing
    if not ci.noting:
        return  # they come with the jobs
    _, run = await ended(backend, ci, "1.2.0")
    ci.standin.control.add_fault({"match": {"operation": "annotations", "times": 1}, "status": {"code": 503}})
    (job,) = await failed_jobs(backend, ci, run)
    assert job.notes == ()
    (job,) = await failed_jobs(backend, ci, run)
    assert list(job.notes)[: len(ci.notes)] == list(ci.notes), "it is asked for again"


async def test_the_answer_to_a_dispatch_names_the_run(backend: Backend, ci: System) -> None:
    one = await attempt(backend, ci.instant)
    sent = await one.send()
    (line,) = dispatched(ci, one)
    assert isinstance(sent, Accepted)
    assert (sent.id, sent.proven) == (ci.run_of(line), ci.named is None), "only Argo shows all of it in its answer"
    assert sent.url is not None
    assert ci.standin.url.rpartition(":")[0] in sent.url
    shown = await one.recognise(ExternalRunId(ci.run_of(line)))
    assert shown is not None
    assert shown.ours


async def test_a_run_that_the_answer_names_wrongly_is_not_taken_for_ours(backend: Backend, ci: System) -> None:
    one = await attempt(backend, ci.instant)
    ci.standin.control.add_fault({"match": {"operation": "dispatch", "times": 1}, "wrong_id": True})
    sent = await one.send()
    (line,) = dispatched(ci, one)
    if isinstance(sent, Accepted):
        assert sent.id is not None
        assert sent.id != ci.run_of(line)
        assert not sent.proven
        shown = await one.recognise(sent.id)
        assert shown is None or not shown.ours
    else:
        assert isinstance(sent, Ambiguous), "what was accepted is never called refused"
    assert [found.id for found in (await one.find()).found] == [ci.run_of(line)]


@pytest.mark.parametrize("body", ["{}", "[]", "null", '{"%s": "12"}', '{"%s": -1}', '{"%s": 1.5}', "\ufeff", '{"%s":'])
async def test_an_answer_that_is_not_the_documented_one_leaves_it_in_doubt(
    body: str, backend: Backend, ci: System
) -> None:
    one = await attempt(backend, ci.instant)
    told = body.replace("%s", ci.named or "metadata")
    ci.standin.control.add_fault({"match": {"operation": "dispatch", "times": 1}, "garbage": {"body": told}})
    assert isinstance(await one.send(), Ambiguous)
    assert len(dispatched(ci, one)) == 1
    assert len((await one.find()).found) == 1


async def test_what_may_still_be_asked_is_known_and_a_wait_is_kept(ci: System) -> None:
    opened = ci.connect()
    try:
        assert opened.budget() is None, "it has told nothing yet"
        one = await attempt(opened, ci.instant)
        left = opened.budget()
        assert left is not None
        assert (left.limit, left.held_until) == (ci.limit, None)
        assert left.remaining is not None
        assert 0 < left.remaining < (ci.limit or 0)
        ci.standin.control.add_fault({"match": {"times": 1}, "retry_after": {"seconds": 3, "code": 429}})
        assert isinstance(await one.send(), Refused)
        left = opened.budget()
        assert left is not None
        assert left.held_until is not None
        assert timedelta(0) < left.held_until - datetime.now(UTC) <= timedelta(seconds=4)
        before = len(ci.standin.control.requests())
        with pytest.raises(BackendUnreachable) as refused:
            await one.find()
        sent = await one.send()
        assert isinstance(sent, Refused)
        assert refused.value.retry_after is not None
        assert sent.retry_after is not None
        assert 0 < refused.value.retry_after <= 4
        assert operations(ci, before) == [], "nothing has left meanwhile"
    finally:
        opened.close()


LOGS: list[dict[str, Any]] = [
    {"generator": "lines", "size": 600_000, "pattern": "a line that is repeated"},
    {"generator": "one_line", "size": 1_000_000, "pattern": "x"},
    {"generator": "odd", "size": 20_000},
    {"generator": "bytes", "size": 200_000},
    {"generator": "lines", "size": 100, "pattern": "slow", "pause": 0.05},
]


@pytest.mark.parametrize("log", LOGS, ids=lambda log: f"{log['generator']} {log['size']}")
async def test_a_log_that_no_job_would_write_is_read_to_its_end_and_kept_as_text(
    log: dict[str, Any], backend: Backend, ci: System
) -> None:
    one = await attempt(backend, ci.instant)
    run = await one.start()
    job = (await backend.jobs(ci.instant, run)).jobs[-1]
    operation = {"github": "get_logs", "gitlab": "get_trace"}.get(str(backend.traits.kind))
    for match in (
        [{"operation": operation}]
        if operation
        else [{"operation": "pod_logs"}, {"operation": "logs"}, {"operation": "artifact"}]
    ):
        ci.standin.control.add_fault({"match": match, "log": log})
    began = time.monotonic()
    raw = b"".join([piece async for piece in backend.logs(ci.instant, run, job.id)])
    assert time.monotonic() - began < 30
    cleaner = Cleaner(secrets=())
    lines = [*cleaner.feed(raw), *cleaner.end()]
    text = "\n".join(lines)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)  # colours are kept
    assert not any(sign in plain for sign in "\x00\x07\x08\x1b\u202e\u2066"), "nothing that acts on a screen"
    if log["generator"] == "lines":
        assert sum(log["pattern"] in line for line in lines) >= log["size"] // (len(log["pattern"]) + 1)
    if log["generator"] == "one_line":
        assert max(map(len, lines)) <= 64 * 1024 + 100, "a line has an end, however long it is (A12)"
