"""The contract of a backend, every method, on each kind of CI system: its stand-in, with runs that really execute."""

import asyncio
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from contract_systems import READER, System
from contracting import Attempt, Receiver, attempt, dispatched, log_of
from pydantic import SecretStr

from daytwo_actions.backends.base import Ambiguous, Backend, Refused
from daytwo_actions.backends.failures import (
    BackendDenied,
    BackendUnreachable,
    ExternalGone,
    GateClosed,
    LogsNotReady,
    WebhookRefused,
)
from daytwo_actions.backends.tree import ExternalGate, GateVerdict, JobKind
from daytwo_store.ids import ExternalJobId, ExternalRunId
from daytwo_store.states import EXTERNAL_ENDS, ExternalStatus

pytestmark = pytest.mark.anyio


async def test_a_target_is_pinned(backend: Backend, ci: System) -> None:
    pinned = await backend.resolve(ci.deploy)
    assert (pinned.marked, pinned.fenced) == (True, False)
    assert await backend.resolve(ci.deploy) == pinned
    if ci.repository:
        assert pinned.commit == ci.commits[-1]
        assert (await backend.resolve(replace(ci.deploy, ref="1.0.0"))).commit == ci.commits[0]
    if ci.unmarked is not None:
        assert (await backend.resolve(ci.unmarked)).marked is False


async def test_a_target_that_is_not_there_is_denied(backend: Backend, ci: System) -> None:
    for change in ci.wrong:
        with pytest.raises(BackendDenied):
            await backend.resolve(replace(ci.deploy, **change))


async def test_the_same_commit_costs_one_request(backend: Backend, ci: System) -> None:
    await backend.resolve(ci.deploy)
    before = len(ci.standin.control.requests())
    await backend.resolve(ci.deploy)
    assert [line["operation"] for line in ci.standin.control.requests()[before:]] == ci.pinning


def told(backend: Backend, receiver: Receiver, run: ExternalRunId) -> set[str]:
    """The events about a run that have arrived, each verified."""
    hints = [hint for headers, body in list(receiver.got) for hint in backend.webhook(headers, body)]
    return {hint.event for hint in hints if hint.run == run}


async def test_a_run_from_its_dispatch_to_its_log(executing: System, backend: Backend, receiver: Receiver) -> None:
    ci = executing
    one = await attempt(backend, ci.deploy, version="1.0.0", graceful=True)
    absent = await one.find()
    assert (list(absent.found), absent.complete) == ([], True)
    assert absent.server_time is not None

    run = await one.start()
    (line,) = dispatched(ci, one)
    assert (ci.run_of(line), line["body_sha256"], line["actor"]) == (run, one.request.digest, "acme-bot")
    commit = one.request.pinned.commit if ci.repository else None
    assert line.get("head_sha") == commit

    state = await one.until(run, *EXTERNAL_ENDS)
    assert (state.status, state.detail, state.attempt) == (ExternalStatus.SUCCEEDED, ci.ended, 1)
    assert state.commit == commit
    assert state.url.startswith(ci.standin.url.rpartition(":")[0])
    listing = await one.find()
    assert [found.id for found in listing.found] == [run]
    assert listing.complete

    tree = await backend.jobs(ci.deploy, run)
    jobs = [job for job in tree.jobs if job.kind is JobKind.JOB]
    assert [(job.name, job.status) for job in jobs] == [
        ("test", ExternalStatus.SUCCEEDED),
        ("ship", ExternalStatus.SUCCEEDED),
    ]
    assert b"version=1.0.0 graceful=true" in await log_of(backend, ci, run, jobs[0].id)
    assert await backend.outputs(ci.deploy, run) is None


async def test_webhooks_are_verified(executing: System, backend: Backend, receiver: Receiver) -> None:
    ci = executing
    if not ci.hooks:
        with pytest.raises(WebhookRefused):
            backend.webhook({}, b"{}")
        return
    run = await (await attempt(backend, ci.deploy)).start()
    deadline = time.monotonic() + 15
    while not ci.started <= told(backend, receiver, run):
        assert time.monotonic() < deadline, told(backend, receiver, run)
        await asyncio.sleep(0.05)
    headers, body = receiver.got[0]
    for wrong in ({}, dict.fromkeys(headers, "wrong")):
        with pytest.raises(WebhookRefused):
            backend.webhook(wrong, body)


async def test_a_run_that_fails_says_where(executing: System, backend: Backend) -> None:
    ci = executing
    one = await attempt(backend, ci.deploy, version="1.2.0")
    run = await one.start()
    assert (await one.until(run, *EXTERNAL_ENDS)).status is ExternalStatus.FAILED
    jobs = {job.name: job for job in (await backend.jobs(ci.deploy, run)).jobs}
    assert (jobs["test"].status, jobs["ship"].status) == (ExternalStatus.FAILED, ExternalStatus.SKIPPED)
    failed = [step.name for step in jobs["test"].steps if step.status is ExternalStatus.FAILED]
    assert failed == [ci.step] if ci.step else not jobs["test"].steps
    assert ci.error in await log_of(backend, ci, run, jobs["test"].id)


async def test_cancelling_reaches_the_run_and_is_no_error_afterwards(executing: System, backend: Backend) -> None:
    ci = executing
    one = await attempt(backend, ci.deploy, seconds=60)
    run = await one.start()
    await one.until(run, ExternalStatus.RUNNING)
    last = (await backend.jobs(ci.deploy, run)).jobs[-1]
    if not backend.traits.live_logs:
        with pytest.raises(LogsNotReady):
            await log_of(backend, ci, run, last.id)
    await backend.cancel(ci.deploy, run)
    assert (await one.until(run, *EXTERNAL_ENDS)).status is ExternalStatus.CANCELLED
    await backend.cancel(ci.deploy, run)
    with suppress(ExternalGone):  # GitHub's force-cancel of an ended run: 409
        await backend.cancel(ci.deploy, run, force=True)


async def gate_of(backend: Backend, ci: System, one: Attempt, run: ExternalRunId) -> ExternalGate:
    """What the run waits for."""
    await one.until(run, ExternalStatus.WAITING)
    [gate] = [job.gate for job in (await backend.jobs(ci.gated, run)).jobs if job.gate is not None]
    return gate


async def test_what_waits_goes_on_by_a_word_and_takes_no_second_one(executing: System, backend: Backend) -> None:
    ci = executing
    answering = ci.connect(**ci.answering)
    one = await attempt(backend, ci.gated)
    run = await one.start()
    gate = first = await gate_of(answering, ci, one, run)
    assert gate.verdicts == frozenset(GateVerdict)
    await answering.answer(ci.gated, run, gate.id, GateVerdict.GO, comment="go on")
    with pytest.raises(GateClosed):
        await answering.answer(ci.gated, run, gate.id, GateVerdict.GO, comment="once more")
    if ci.plays:  # what is approved there has still to be played
        gate = await gate_of(answering, ci, one, run)
        assert gate.id != first.id
        await answering.answer(ci.gated, run, gate.id, GateVerdict.GO, comment="")
    assert (await one.until(run, *EXTERNAL_ENDS)).status is ExternalStatus.SUCCEEDED
    jobs = (await backend.jobs(ci.gated, run)).jobs
    assert [job.gate for job in jobs] == [None] * len(jobs)
    [ship] = [job for job in jobs if job.name == "ship"]
    assert b"shipped" in b"".join([piece async for piece in backend.logs(ci.gated, run, ship.id)])
    for verdict in GateVerdict:
        with pytest.raises(GateClosed):
            await answering.answer(ci.gated, run, first.id, verdict, comment="")
    answering.close()


async def test_what_waits_ends_by_a_no_and_takes_no_second_word(executing: System, backend: Backend) -> None:
    ci = executing
    answering = ci.connect(**ci.answering)
    one = await attempt(backend, ci.gated)
    run = await one.start()
    gate = await gate_of(answering, ci, one, run)
    await answering.answer(ci.gated, run, gate.id, GateVerdict.STOP, comment="not today")
    assert (await one.until(run, *EXTERNAL_ENDS)).status is ExternalStatus.FAILED
    for verdict in GateVerdict:
        with pytest.raises(GateClosed):
            await answering.answer(ci.gated, run, gate.id, verdict, comment="")
    jobs = (await backend.jobs(ci.gated, run)).jobs
    assert [job.gate for job in jobs] == [None] * len(jobs)
    assert ("ship", ExternalStatus.SUCCEEDED) not in [(job.name, job.status) for job in jobs]
    answering.close()


async def test_one_run_is_recognised_by_its_id(backend: Backend, ci: System) -> None:
    """With the checks of a listing, so that an id that an answer or a person names can be held against an attempt."""
    one, other = await attempt(backend, ci.instant), await attempt(backend, ci.instant)
    ours, theirs = await one.start(), await other.start()
    shown = await one.recognise(ours)
    assert shown is not None
    assert (shown.ours, shown.state.id, list(shown.misfits)) == (True, ours, [])
    foreign = await one.recognise(theirs)
    assert foreign is not None
    assert (foreign.ours, foreign.marked) == (False, False)
    assert other.request.corr in foreign.title, "a person can see whose it is"
    assert await one.recognise(ExternalRunId("999999999")) is None
    late = await backend.recognise(one.marker, ours, datetime.now(UTC) + timedelta(seconds=60))
    assert late is not None
    assert list(late.misfits) == ["it was created at another time"]


async def test_a_run_that_lost_its_marker_fits_in_all_else(backend: Backend, ci: System) -> None:
    if not ci.lags:
        return  # there, the marker is the name, and cannot be lost
    ci.standin.control.add_fault({"match": {"operation": "dispatch", "times": 1}, "hide_marker": True})
    one = await attempt(backend, ci.instant)
    run = await one.start()
    shown = await one.recognise(run)
    assert shown is not None
    assert (shown.marked, list(shown.misfits)) == (False, [])
    listing = await one.find()
    assert (listing.found, listing.unmarked) == ((), (run,)), "it may be this one, so absence is not proven"
    other = await attempt(backend, ci.instant)
    another = await other.start()
    listing = await other.find()
    assert ([state.id for state in listing.found], listing.unmarked) == ([another], (run,))


async def test_many_runs_are_read_in_one_request(backend: Backend, ci: System) -> None:
    attempts = [await attempt(backend, ci.instant) for _ in range(4)]
    ids = [await one.start() for one in attempts]
    before = len(ci.standin.control.requests())
    states = await backend.read([(ci.instant, run) for run in reversed(ids)])
    assert [state and state.id for state in states] == list(reversed(ids))
    assert [line["operation"] for line in ci.standin.control.requests()[before:]] == ci.listing


async def test_what_was_deleted_is_gone(backend: Backend, ci: System) -> None:
    gone = ExternalRunId("999999999")
    assert list(await backend.read([(ci.deploy, gone)])) == [None]
    with pytest.raises(ExternalGone):
        await backend.jobs(ci.deploy, gone)
    with pytest.raises(ExternalGone):
        await backend.cancel(ci.deploy, gone)
    with pytest.raises(LogsNotReady):
        await log_of(backend, ci, gone, ExternalJobId("999999999"))


async def test_names_of_branches_and_tags(backend: Backend, ci: System) -> None:
    if not ci.repository:
        for listed in ("branches", "tags"):
            with pytest.raises(BackendDenied, match="lists"):
                await backend.names(listed, ci.deploy.project, search="", cursor=None)  # type: ignore[arg-type]
        return
    branches = await backend.names("branches", "acme/shop", search="", cursor=None)
    assert (list(branches.names), branches.next_cursor) == (["main"], None)
    page = await backend.names("tags", "acme/shop", search="", cursor=None)
    assert (set(page.names), page.next_cursor) == ({"1.0.0", "1.2.0"}, None)
    assert list((await backend.names("tags", "acme/shop", search="1.2", cursor=None)).names) == ["1.2.0"]
    assert list((await backend.names("tags", "acme/shop", search="2.0", cursor=None)).names) == ["1.2.0"]
    with pytest.raises(BackendDenied):
        await backend.names("tags", "acme/none", search="", cursor=None)


async def test_what_can_be_dispatched_and_what_it_takes(backend: Backend, ci: System) -> None:
    listed = {one.pipeline: one.why_not for one in await backend.pipelines(ci.deploy.project)}
    assert listed[ci.deploy.pipeline] is None
    takes = await backend.parameters(ci.deploy)
    assert {one.name: one.type for one in takes.inputs} == ci.types
    assert [one.name for one in takes.inputs if one.required] == ["version"]
    assert takes.marked


async def test_a_pipeline_without_the_marker_is_dispatched_and_cannot_be_looked_up(
    backend: Backend, ci: System
) -> None:
    if ci.unmarked is None:
        pytest.skip("every run carries the marker there")
    one = await attempt(backend, ci.unmarked)
    run = await one.start()
    assert (await one.read(run)).status is ExternalStatus.SUCCEEDED
    listing = await one.find()
    assert (list(listing.found), listing.complete) == ([], False)


async def test_inputs_that_the_pipeline_does_not_take_are_refused(backend: Backend, ci: System) -> None:
    one = await attempt(backend, ci.instant, graceful="neither")
    sent = await one.send()
    assert isinstance(sent, Refused)
    assert sent.retry_after is None
    assert dispatched(ci, one) == []


async def test_a_token_that_may_only_read_is_refused(ci: System) -> None:
    reader = ci.connect(token=SecretStr(READER))
    one = await attempt(reader, ci.deploy)
    sent = await one.send()
    reader.close()
    assert isinstance(sent, Refused)
    assert ci.readers_advice in sent.detail
    assert dispatched(ci, one) == []


async def test_a_wrong_token_is_denied(ci: System) -> None:
    stranger = ci.connect(token=SecretStr("wrong"))
    with pytest.raises(BackendDenied, match="credential"):
        await stranger.resolve(ci.deploy)
    stranger.close()


AFTER_ACCEPT: list[dict[str, Any]] = [
    {"status": {"code": 502, "when": "after"}},
    {"status": {"code": 500, "when": "after"}},
    {"reset": {"when": "after"}},
    {"reset": {"when": "mid_body"}},
    {"truncate": {"n": 20}},
    {"garbage": {"body": "<html>"}},
]


@pytest.mark.parametrize("fault", AFTER_ACCEPT, ids=lambda fault: next(iter(fault)))
async def test_what_was_accepted_without_saying_so_is_found_and_was_sent_once(
    fault: dict[str, Any], backend: Backend, ci: System
) -> None:
    one = await attempt(backend, ci.instant)
    ci.standin.control.add_fault({"match": {"operation": "dispatch", "times": 1}, **fault})
    assert isinstance(await one.send(), Ambiguous)
    (line,) = dispatched(ci, one)
    assert [found.id for found in (await one.find()).found] == [ci.run_of(line)]


async def test_two_that_are_alike_in_all_and_sent_in_one_second_are_told_apart(backend: Backend, ci: System) -> None:
    """The same target, inputs and second, and both answers are lost: each finds the run that it has begun."""
    for _ in range(20):  # until a slow machine has sent both in one second
        one, other = await attempt(backend, ci.instant), await attempt(backend, ci.instant)
        lost = {"match": {"operation": "dispatch", "times": 2}, "status": {"code": 502, "when": "after"}}
        ci.standin.control.add_fault(lost)
        sent = await asyncio.gather(one.send(), other.send())
        assert [type(answer) for answer in sent] == [Ambiguous, Ambiguous]
        begun = [[ci.run_of(line) for line in dispatched(ci, each)] for each in (one, other)]
        assert [len(each) for each in begun] == [1, 1]
        listings = await asyncio.gather(one.find(), other.find())
        assert [[state.id for state in listing.found] for listing in listings] == begun
        seconds = {state.created_at.replace(microsecond=0) for each in listings for state in each.found}
        if len(seconds) == 1:
            return
    raise AssertionError("no two were begun in one second")


@pytest.mark.parametrize("fault", [{"status": {"code": 503}}, {"reset": {"when": "before"}}], ids=["status", "reset"])
async def test_what_was_not_accepted_is_in_doubt_until_a_complete_listing_lacks_it(
    fault: dict[str, Any], backend: Backend, ci: System
) -> None:
    one = await attempt(backend, ci.instant)
    ci.standin.control.add_fault({"match": {"operation": "dispatch", "times": 1}, **fault})
    assert isinstance(await one.send(), Ambiguous)
    listing = await one.find()
    assert (list(listing.found), listing.complete) == ([], True)
    assert dispatched(ci, one) == []


async def test_an_answer_that_comes_too_late_is_in_doubt_and_found(backend: Backend, ci: System) -> None:
    one = await attempt(backend, ci.instant)
    ci.standin.control.add_fault(
        {"match": {"operation": "dispatch", "times": 1}, "timeout": {"seconds": 1.5, "when": "after"}}
    )
    assert isinstance(await backend.send(one.request, seconds=0.5), Ambiguous)
    await listed(one)
    assert len((await one.find()).found) == 1
    assert len(dispatched(ci, one)) == 1


@pytest.mark.parametrize("code", [403, 429])
async def test_a_rate_limit_is_told(code: int, backend: Backend, ci: System) -> None:
    if code not in ci.limits:
        pytest.skip(f"a {code} says something else there")
    one = await attempt(backend, ci.instant)
    ci.standin.control.add_fault(
        {"match": {"operation": "dispatch", "times": 1}, "retry_after": {"seconds": 7, "code": code}}
    )
    sent = await one.send()
    assert isinstance(sent, Refused)
    assert sent.retry_after == 7.0
    assert dispatched(ci, one) == []


@pytest.mark.parametrize("code", [301, 302, 307, 308])
async def test_a_redirection_is_not_followed(code: int, backend: Backend, ci: System) -> None:
    one = await attempt(backend, ci.instant)
    url = f"{ci.standin.url}{one.request.path}?again"
    ci.standin.control.add_fault(
        {"match": {"operation": "dispatch", "times": 1}, "redirect": {"code": code, "url": url}}
    )
    assert isinstance(await one.send(), Ambiguous)
    assert dispatched(ci, one) == []


async def test_a_listing_that_lags_shows_it_later(backend: Backend, ci: System) -> None:
    one = await attempt(backend, ci.instant)
    ci.standin.control.add_fault({"match": {"run": one.request.corr}, "lag": {"seconds": 1.0}})
    await one.start()
    if not ci.lags:
        assert [found.id for found in (await one.find()).found] == [ci.run_of(line) for line in dispatched(ci, one)]
        return
    assert list((await one.find()).found) == []
    await listed(one)


async def listed(one: Attempt) -> None:
    """Until the stand-in shows it, which may take a moment."""
    deadline = time.monotonic() + 15
    while not (await one.find()).found:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)


async def test_another_ones_run_with_our_marker_is_not_adopted(ci: System, backend: Backend) -> None:
    if not ci.actors:
        pytest.skip("nobody else can know the name before it is sent")
    one = await attempt(backend, ci.instant)
    await one.start()
    other = ci.connect(login="somebody-else")
    listing = await other.find(one.marker, one.since)
    other.close()
    assert (list(listing.found), listing.complete) == ([], False)


async def test_while_it_is_down_nothing_is_concluded(backend: Backend, ci: System) -> None:
    one = await attempt(backend, ci.instant)
    ci.standin.kill()
    try:
        sent = await one.send()
        assert isinstance(sent, Refused)
        assert sent.retry_after is not None
        with pytest.raises(BackendUnreachable):
            await one.find()
        with pytest.raises(BackendUnreachable):
            await backend.read([(ci.instant, ExternalRunId("1"))])
    finally:
        ci.standin.start()
    assert await one.start()
    assert len(dispatched(ci, one)) == 1
