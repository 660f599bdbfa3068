"""Reading: the state of runs, targets, jobs, logs, names, against a server that is scripted."""

import asyncio
import base64
import gzip
import hashlib
import json
import time
from collections.abc import Callable, Mapping
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from daytwo_actions.backends.base import Marker, Pinned, Target
from daytwo_actions.backends.failures import BackendDenied, BackendUnreachable, ExternalGone, LogsNotReady
from daytwo_actions.backends.github.backend import GitHubBackend
from daytwo_actions.backends.github.job_log import CUT
from daytwo_store.ids import Corr, Digest, ExternalJobId, ExternalRunId
from daytwo_store.states import ExternalStatus

pytestmark = pytest.mark.anyio

REPO = "/repos/acme/shop"
TARGET = Target(project="acme/shop", pipeline="deploy.yml", ref="main")
CORR = Corr("abcdefghij234567abcd")
SINCE = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
DATE = "Sun, 01 Mar 2026 10:05:00 GMT"
FILE = b"""
run-name: Deploy [${{ inputs.daytwo_run }}]
on: {workflow_dispatch: {inputs: {daytwo_run: {}}}}
"""


def run(number: int = 17, **change: Any) -> dict[str, Any]:
    return {
        "id": number,
        "status": "in_progress",
        "conclusion": None,
        "html_url": f"https://github.com/acme/shop/actions/runs/{number}",
        "head_sha": "a" * 40,
        "head_branch": "main",
        "event": "workflow_dispatch",
        "display_title": f"Deploy [{CORR}]",
        "workflow_id": 9,
        "run_attempt": 1,
        "actor": {"login": "acme-bot"},
        "repository": {"id": 7},
        "created_at": "2026-03-01T10:00:05Z",
        "updated_at": "2026-03-01T10:00:06Z",
    } | change


def marker(*, marked: bool = True) -> Marker:
    pinned = Pinned(
        target=TARGET, project_id="7", pipeline_id="9", commit="a" * 40, pipeline_digest=Digest("d" * 64), marked=marked
    )
    return Marker(corr=CORR, pinned=pinned)


def runs(*listed: dict[str, Any], total: int | None = None) -> dict[str, Any]:
    return {"total_count": len(listed) if total is None else total, "workflow_runs": list(listed)}


class Vendor:
    """Answers by path; what is not there is 404. `answers` may be changed while it runs."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self.answers: dict[str, Any] = dict(answers)
        self.headers: dict[str, dict[str, str]] = {}

    def __call__(self, request: Any, line: Any) -> None:
        path = urlsplit(request.path).path
        found = self.answers.get(path)
        if callable(found):
            found(request, line)
        elif found is None:
            line.answer(404, {"message": "Not Found"})
        else:
            etag = f'"{hash(json.dumps(found))}"'
            if request.headers.get("if-none-match") == etag:
                line.answer(304, None, ETag=etag, Date=DATE)
            else:
                line.answer(200, found, ETag=etag, Date=DATE, **self.headers.get(path, {}))


def repository_with(commit: str = "a" * 40) -> dict[str, Any]:
    return {
        f"{REPO}/git/ref/heads/main": {"ref": "refs/heads/main", "object": {"type": "commit", "sha": commit}},
        f"{REPO}/contents/.github/workflows/deploy.yml": {
            "type": "file",
            "encoding": "base64",
            "content": base64.encodebytes(FILE).decode(),
        },
        f"{REPO}/actions/workflows/deploy.yml": {"id": 9, "path": ".github/workflows/deploy.yml", "state": "active"},
        REPO: {"id": 7, "full_name": "acme/shop"},
    }


def asked(server: Any) -> list[str]:
    return [request.path for request in server.requests]


def parameters(request: Any) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(request.path).query).items()}


class TestResolve:
    async def test_a_target_is_pinned_and_costs_one_free_request_while_its_commit_stays(
        self, serve: Any, connect: Any
    ) -> None:
        vendor = Vendor(repository_with())
        server = serve(vendor)
        backend = connect(server.url)
        pinned = await backend.resolve(TARGET)
        assert (pinned.project_id, pinned.pipeline_id, pinned.commit, pinned.marked) == ("7", "9", "a" * 40, True)
        assert pinned.pipeline_digest == hashlib.sha256(FILE).hexdigest()
        assert len(server.requests) == 4
        (contents,) = [request for request in server.requests if "/contents/" in request.path]
        assert parameters(contents) == {"ref": "a" * 40}

        assert await backend.resolve(TARGET) == pinned
        assert asked(server)[4:] == [f"{REPO}/git/ref/heads/main"]
        assert "if-none-match" in server.requests[-1].headers

        vendor.answers |= repository_with("b" * 40)
        assert (await backend.resolve(TARGET)).commit == "b" * 40
        assert len(server.requests) == 9

    async def test_a_tag_is_found_and_asked_for_first_from_then_on(self, serve: Any, connect: Any) -> None:
        vendor = Vendor(repository_with())
        vendor.answers[f"{REPO}/git/ref/tags/1.0.0"] = {
            "ref": "refs/tags/1.0.0",
            "object": {"type": "tag", "sha": "e" * 40},
        }
        vendor.answers[f"{REPO}/git/tags/{'e' * 40}"] = {"object": {"type": "commit", "sha": "c" * 40}}
        server = serve(vendor)
        backend = connect(server.url)
        target = Target(project="acme/shop", pipeline="deploy.yml", ref="1.0.0")
        assert (await backend.resolve(target)).commit == "c" * 40
        assert asked(server)[:3] == [
            f"{REPO}/git/ref/heads/1.0.0",
            f"{REPO}/git/ref/tags/1.0.0",
            f"{REPO}/git/tags/{'e' * 40}",
        ]
        server.requests.clear()
        assert (await backend.resolve(target)).commit == "c" * 40
        assert asked(server) == [f"{REPO}/git/ref/tags/1.0.0"]

    @pytest.mark.parametrize(
        ("path", "instead", "says"),
        [
            (f"{REPO}/git/ref/heads/main", None, "no branch or tag 'main'"),
            (f"{REPO}/actions/workflows/deploy.yml", None, "on the default branch"),
            (f"{REPO}/contents/.github/workflows/deploy.yml", None, ".github/workflows/deploy.yml"),
            (
                f"{REPO}/actions/workflows/deploy.yml",
                {"id": 9, "path": "x", "state": "disabled_manually"},
                "disabled_manually",
            ),
            (
                f"{REPO}/contents/.github/workflows/deploy.yml",
                {"type": "file", "encoding": "none", "content": ""},
                "at most 1 MB",
            ),
            (
                f"{REPO}/git/ref/heads/main",
                {"ref": "refs/heads/main", "object": {"type": "tree", "sha": "a" * 40}},
                "not to a commit",
            ),
        ],
    )
    async def test_what_is_not_there_is_denied_with_a_reason(
        self, path: str, instead: Any, says: str, serve: Any, connect: Any
    ) -> None:
        vendor = Vendor(repository_with())
        vendor.answers[path] = instead
        backend = connect(serve(vendor).url)
        with pytest.raises(BackendDenied, match=says):
            await backend.resolve(TARGET)

    async def test_a_file_without_the_marker_is_not_marked(self, serve: Any, connect: Any) -> None:
        vendor = Vendor(repository_with())
        plain = base64.b64encode(b"on: workflow_dispatch").decode()
        vendor.answers[f"{REPO}/contents/.github/workflows/deploy.yml"]["content"] = plain
        backend = connect(serve(vendor).url)
        assert (await backend.resolve(TARGET)).marked is False

    @pytest.mark.parametrize("target", [{"project": "acme"}, {"pipeline": "x"}, {"ref": "a b"}])
    async def test_a_malformed_target_is_denied_without_asking(
        self, target: dict[str, str], serve: Any, connect: Any
    ) -> None:
        server = serve(Vendor({}))
        wanted = {"project": "acme/shop", "pipeline": "deploy.yml", "ref": "main"} | target
        with pytest.raises(BackendDenied):
            await connect(server.url).resolve(Target(**wanted))
        assert server.requests == []


class TestFind:
    PATH = f"{REPO}/actions/workflows/9/runs"

    async def test_a_run_with_the_marker_that_fits_is_found(self, serve: Any, connect: Any) -> None:
        other = run(18, display_title="Deploy [zzzzzzzzzzzzzzzzzzzz]")
        server = serve(Vendor({self.PATH: runs(run(), other)}))
        listing = await connect(server.url).find(marker(), SINCE)
        assert [state.id for state in listing.found] == ["17"]
        assert listing.complete
        assert listing.server_time == datetime(2026, 3, 1, 10, 5, tzinfo=UTC)
        (request,) = server.requests
        assert parameters(request) == {
            "event": "workflow_dispatch",
            "created": ">=2026-03-01T10:00:00Z",
            "per_page": "100",
            "page": "1",
        }

    async def test_nothing_found_in_a_complete_listing_may_prove_absence(self, serve: Any, connect: Any) -> None:
        listing = await connect(serve(Vendor({self.PATH: runs()})).url).find(marker(), SINCE)
        assert (list(listing.found), listing.complete) == ([], True)

    @pytest.mark.parametrize(
        "change",
        [
            {"actor": {"login": "mallory"}}, {"repository": {"id": 8}}, {"workflow_id": 10}, {"event": "push"},
            {"head_branch": "other"}, {"created_at": "2026-03-01T09:00:00Z"}, {"created_at": "2026-03-01T11:00:00Z"},
        ],
    )  # fmt: skip
    async def test_a_stranger_with_our_marker_is_neither_adopted_nor_proof_of_absence(
        self, change: dict[str, Any], serve: Any, connect: Any
    ) -> None:
        listing = await connect(serve(Vendor({self.PATH: runs(run(**change))})).url).find(marker(), SINCE)
        assert (list(listing.found), listing.complete) == ([], False)

    async def test_all_pages_are_read(self, serve: Any, connect: Any) -> None:
        def page(request: Any, line: Any) -> None:
            number = int(parameters(request)["page"])
            listed = [run(100 * number + n, display_title="x") for n in range(100)]
            if number == 3:
                listed = [run(17)]
            following = f'<{server.url}/x?page={number + 1}>; rel="next"' if number < 3 else ""
            line.answer(200, runs(*listed, total=201), Link=following, Date=DATE)

        server = serve(Vendor({self.PATH: page}))
        listing = await connect(server.url).find(marker(), SINCE)
        assert [state.id for state in listing.found] == ["17"]
        assert listing.complete
        assert len(server.requests) == 3

    @pytest.mark.parametrize("total", [2, 1001])
    async def test_a_listing_that_lacks_something_is_not_complete(self, total: int, serve: Any, connect: Any) -> None:
        listing = await connect(serve(Vendor({self.PATH: runs(run(), total=total)})).url).find(marker(), SINCE)
        assert not listing.complete

    async def test_absence_is_dated_by_the_oldest_page_and_a_run_by_the_newest(self, serve: Any, connect: Any) -> None:
        def page(request: Any, line: Any) -> None:
            first = parameters(request)["page"] == "1"
            listed = run(18, display_title="x") if first else run(17, created_at="2026-03-01T10:07:00Z")
            following = '<http://x/?page=2>; rel="next"' if first else ""
            line.answer(
                200, runs(listed, total=2), Link=following, Date=DATE if first else DATE.replace(":05:", ":07:")
            )

        listing = await connect(serve(Vendor({self.PATH: page})).url).find(marker(), SINCE)
        assert [state.id for state in listing.found] == ["17"]
        assert listing.server_time == datetime(2026, 3, 1, 10, 5, tzinfo=UTC)

    async def test_a_page_that_fails_is_no_listing(self, serve: Any, connect: Any) -> None:
        def page(request: Any, line: Any) -> None:
            if parameters(request)["page"] == "2":
                line.answer(502)
            line.answer(200, runs(run(), total=2), Link='<http://x/?page=2>; rel="next"', Date=DATE)

        with pytest.raises(BackendUnreachable):
            await connect(serve(Vendor({self.PATH: page})).url).find(marker(), SINCE)

    async def test_without_a_marker_in_the_workflow_nothing_is_asked_or_concluded(
        self, serve: Any, connect: Any
    ) -> None:
        server = serve(Vendor({}))
        listing = await connect(server.url).find(marker(marked=False), SINCE)
        assert (list(listing.found), listing.complete, server.requests) == ([], False, [])

    async def test_our_own_login_is_asked_once_when_it_is_not_set(self, serve: Any, connect: Any) -> None:
        server = serve(Vendor({self.PATH: runs(run()), "/user": {"login": "Acme-Bot"}}))
        backend = connect(server.url, login=None)
        both = await asyncio.gather(backend.find(marker(), SINCE), backend.find(marker(), SINCE))
        assert [len(listing.found) for listing in both] == [1, 1]
        assert asked(server).count("/user") == 1

    async def test_an_app_that_cannot_ask_for_its_login_is_told_to_set_it(self, serve: Any, connect: Any) -> None:
        server = serve(Vendor({"/user": lambda _, line: line.answer(403, {"message": "Resource not accessible"})}))
        with pytest.raises(BackendDenied, match="as `login`"):
            await connect(server.url, login=None).find(marker(), SINCE)


async def read(backend: GitHubBackend, *numbers: str, project: str = "acme/shop") -> list[Any]:
    target = Target(project=project, pipeline="deploy.yml", ref="main")
    return list(await backend.read([(target, ExternalRunId(number)) for number in numbers]))


class TestRecognise:
    PATH = f"{REPO}/actions/runs/17"

    async def test_a_run_is_ours_by_the_same_signs_as_in_a_listing(self, serve: Any, connect: Any) -> None:
        vendor = Vendor({self.PATH: run()})
        server = serve(vendor)
        backend = connect(server.url)
        ours = await backend.recognise(marker(), ExternalRunId("17"), SINCE)
        assert ours is not None
        assert (ours.state.id, ours.state.status, ours.ours) == ("17", ExternalStatus.RUNNING, True)
        for change in ({"display_title": "Deploy"}, {"actor": {"login": "eve"}}, {"workflow_id": 8}, {"event": "push"}):
            vendor.answers[self.PATH] = run(**change)
            other = await backend.recognise(marker(), ExternalRunId("17"), SINCE)
            assert other is not None
            assert (other.ours, other.marked) == (False, "display_title" not in change)
            assert len(other.misfits) == (0 if "display_title" in change else 1)
        del vendor.answers[self.PATH]
        assert await backend.recognise(marker(), ExternalRunId("17"), SINCE) is None
        assert set(asked(server)) == {self.PATH}


class TestRead:
    LIST = f"{REPO}/actions/runs"

    async def test_one_run_is_one_request_and_free_while_nothing_changes(
        self, serve: Any, connect: Any, observed: Any
    ) -> None:
        vendor = Vendor({f"{self.LIST}/17": run()})
        server = serve(vendor)
        backend = connect(server.url)
        (first,) = await read(backend, "17")
        assert (first.id, first.status, first.attempt, first.commit) == ("17", ExternalStatus.RUNNING, 1, "a" * 40)
        assert await read(backend, "17") == [first]
        assert [call[:2] for call in observed.calls] == [("run.read", 200), ("run.read", 304)]
        vendor.answers[f"{self.LIST}/17"] = run(status="completed", conclusion="success")
        (ended,) = await read(backend, "17")
        assert (ended.status, ended.attempt) == (ExternalStatus.SUCCEEDED, 1)

    async def test_what_somebody_ran_again_in_github_is_counted_and_not_believed(
        self, serve: Any, connect: Any
    ) -> None:
        again = run(status="in_progress", conclusion=None, run_attempt=3)
        first = run(status="completed", conclusion="failure")
        vendor = Vendor({f"{self.LIST}/17": again, self.LIST: runs(again, run(18))})
        vendor.answers[f"{self.LIST}/17/attempts/1"] = first
        backend = connect(serve(vendor).url)
        for wanted in (["17"], ["17", "18"]):
            state = (await read(backend, *wanted))[0]
            assert (state.status, state.attempt, state.detail) == (ExternalStatus.FAILED, 3, "completed, failure")
        del vendor.answers[f"{self.LIST}/17/attempts/1"]
        (lost,) = await read(backend, "17")
        assert (lost.status, lost.attempt) == (ExternalStatus.UNKNOWN, 3)
        assert "run again in GitHub" in lost.detail

    async def test_several_runs_are_one_listing_in_the_order_asked(self, serve: Any, connect: Any) -> None:
        server = serve(Vendor({self.LIST: runs(*(run(number) for number in range(17, 47)))}))
        backend = connect(server.url)
        wanted = ["30", "17", "46", "30"]
        assert [state.id for state in await read(backend, *wanted)] == wanted
        assert [state.id for state in await read(backend, *wanted)] == wanted
        assert asked(server) == [server.requests[0].path] * 2
        assert parameters(server.requests[0]) == {"event": "workflow_dispatch", "per_page": "100", "page": "1"}
        assert "if-none-match" in server.requests[1].headers

    async def test_a_run_that_the_listing_does_not_have_is_read_alone(self, serve: Any, connect: Any) -> None:
        server = serve(Vendor({self.LIST: runs(run(17), run(18)), f"{self.LIST}/3": run(3)}))
        assert [state.id for state in await read(connect(server.url), "17", "3", "18")] == ["17", "3", "18"]
        assert len(server.requests) == 2

    async def test_a_run_that_is_gone_is_none(self, serve: Any, connect: Any) -> None:
        server = serve(Vendor({REPO: {"id": 7}, self.LIST: runs(run(17))}))
        assert await read(connect(server.url), "16") == [None]
        found = await read(connect(server.url), "16", "17")
        assert [state and state.id for state in found] == [None, "17"]

    async def test_a_repository_that_cannot_be_seen_does_not_make_runs_vanish(self, serve: Any, connect: Any) -> None:
        backend = connect(serve(Vendor({})).url)
        for numbers in (["17"], ["17", "18"]):
            with pytest.raises(BackendDenied, match="the repository acme/shop"):
                await read(backend, *numbers)

    async def test_runs_of_several_repositories(self, serve: Any, connect: Any) -> None:
        other = "/repos/acme/billing/actions/runs/5"
        server = serve(Vendor({f"{self.LIST}/17": run(), other: run(5)}))
        billing = Target(project="acme/billing", pipeline="deploy.yml", ref="main")
        wanted = [(billing, ExternalRunId("5")), (TARGET, ExternalRunId("17"))]
        assert [state.id for state in await connect(server.url).read(wanted)] == ["5", "17"]
        assert sorted(asked(server)) == sorted([other, f"{self.LIST}/17"])

    @pytest.mark.parametrize("status", [401, 403, 500, 502, 429])
    async def test_what_fails_is_never_a_state(self, status: int, serve: Any, connect: Any) -> None:
        server = serve(lambda _, line: line.answer(status, {"message": "no"}))
        with pytest.raises((BackendDenied, BackendUnreachable)):
            await read(connect(server.url), "17")
        assert len(server.requests) == 1

    async def test_an_id_that_github_cannot_have_given_is_not_asked_for(self, serve: Any, connect: Any) -> None:
        server = serve(Vendor({}))
        for number in ("../17", "17/cancel", "", "0", "-1", "17?x", "x"):
            with pytest.raises(BackendDenied):
                await read(connect(server.url), number)
        assert server.requests == []


BROKEN: dict[str, Callable[[Any, Any], None]] = {
    "HTML": lambda _, line: line.answer(200, b"<html>Sign in</html>"),
    "JSON cut short": lambda _, line: line.answer(200, b'{"id": 17, "sta'),
    "body cut short": lambda _, line: (line.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"), line.hangup()),
    "reset": lambda _, line: line.reset(),
    "hangup": lambda _, line: line.hangup(),
    "id as a string": lambda _, line: line.answer(200, run() | {"id": "17"}),
    "another shape": lambda _, line: line.answer(200, [run()]),
    "202": lambda _, line: line.answer(202, {}),
    "304 unasked": lambda _, line: line.answer(304),
    "huge": lambda _, line: line.answer(200, b" " * 300_000),
    "huge when unpacked": lambda _, line: line.answer(200, gzip.compress(b" " * 30_000_000), Content_Encoding="gzip"),
}


@pytest.mark.parametrize("play", BROKEN.values(), ids=BROKEN.keys())
async def test_a_broken_answer_is_no_state_and_not_asked_again_at_once(play: Any, serve: Any, connect: Any) -> None:
    server = serve(play)
    started = time.monotonic()
    with pytest.raises((BackendUnreachable, BackendDenied)):
        await read(connect(server.url, answer_limit=100_000), "17")
    assert len(server.requests) == 1
    assert time.monotonic() - started < 1.5  # PyGithub would wait two seconds over a 202 and ask again


@pytest.mark.parametrize("part", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"])
async def test_a_read_that_drips_ends_with_its_time(part: bytes, serve: Any, connect: Any) -> None:
    server = serve(lambda _, line: (line.raw(part), line.drip(b"x" * 9999, every=0.05)))
    backend = connect(server.url, total_timeout=timedelta(seconds=0.5), read_timeout=timedelta(seconds=5))
    started = time.monotonic()
    with pytest.raises(BackendUnreachable):
        await read(backend, "17")
    assert time.monotonic() - started < 1.5


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_read_is_not_redirected(status: int, serve: Any, connect: Any) -> None:
    foreign = serve(lambda _, line: line.answer(200, run()))

    def play(request: Any, line: Any) -> None:
        line.answer(status, {"message": "Moved"}, Location=f"{foreign.url}{request.path}")

    server = serve(play)
    with pytest.raises(BackendDenied, match="somewhere else"):
        await read(connect(server.url), "17")
    assert (len(server.requests), foreign.connections) == (1, 0)


async def test_an_answer_that_was_given_up_does_not_become_the_next_ones(serve: Any, connect: Any) -> None:
    answers = iter([b"{" + b" " * 200_000 + json.dumps(run(99)).encode(), json.dumps(run(17)).encode()])
    server = serve(lambda _, line: line.answer(200, next(answers)))
    backend = connect(server.url, answer_limit=100_000, read_threads=1)
    with pytest.raises(BackendUnreachable, match="more than 100000 bytes"):
        await read(backend, "17")
    assert [state.id for state in await read(backend, "17")] == ["17"]


async def test_reads_wait_for_a_thread_without_losing_their_time(serve: Any, connect: Any) -> None:
    def slowly(request: Any, line: Any) -> None:
        line.ending.wait(0.15)
        line.answer(200, run(int(request.path.rpartition("/")[2])))

    projects = [f"acme/r{number}" for number in range(1, 9)]
    backend = connect(serve(slowly).url, read_threads=2, total_timeout=timedelta(seconds=0.5))
    found = await asyncio.gather(*(read(backend, "17", project=project) for project in projects))
    assert [states[0].id for states in found] == ["17"] * 8


class TestJobs:
    PATH = f"{REPO}/actions/runs/17/attempts/1/jobs"

    async def test_jobs_of_all_pages(self, serve: Any, connect: Any) -> None:
        def page(request: Any, line: Any) -> None:
            number = int(parameters(request)["page"])
            step = {"number": 1, "name": "Check out", "status": "completed", "conclusion": "success"}
            job = {"id": number, "name": f"job {number}", "status": "queued", "conclusion": None, "steps": [step]}
            following = '<http://x/?page=2>; rel="next"' if number == 1 else ""
            line.answer(200, {"total_count": 2, "jobs": [job]}, Link=following)

        server = serve(Vendor({self.PATH: page}))
        tree = await connect(server.url).jobs(TARGET, ExternalRunId("17"))
        assert [(job.id, job.name, job.status) for job in tree.jobs] == [
            ("1", "job 1", ExternalStatus.QUEUED),
            ("2", "job 2", ExternalStatus.QUEUED),
        ]
        assert tree.jobs[0].steps[0].status is ExternalStatus.SUCCEEDED
        assert {urlsplit(path).path for path in asked(server)} == {f"{REPO}/actions/runs/17/attempts/1/jobs"}

    async def test_what_is_noted_is_read_to_its_end_failures_first_and_of_twenty_jobs(
        self, serve: Any, connect: Any
    ) -> None:
        failed = [
            {"id": n, "name": f"job {n}", "status": "completed", "conclusion": "failure", "steps": []}
            for n in range(1, 26)
        ]

        def notes(request: Any, line: Any) -> None:
            number, per_page = int(parameters(request)["page"]), parameters(request)["per_page"]
            assert per_page == "100"
            level = "warning" if number == 1 else "failure"
            noted = [{"annotation_level": level, "message": f"said on page {number}"}]
            line.answer(200, noted, Link='<http://x/?page=2>; rel="next"' if number == 1 else "")

        routes: dict[str, Any] = {self.PATH: {"total_count": len(failed), "jobs": failed}}
        for one in failed:
            routes[f"{REPO}/check-runs/{one['id']}/annotations"] = notes
        backend = connect(serve(Vendor(routes)).url)
        jobs = (await backend.jobs(TARGET, ExternalRunId("17"))).jobs
        assert [list(job.notes) for job in jobs[:20]] == [["said on page 2", "warning: said on page 1"]] * 20
        assert [list(job.notes) for job in jobs[20:]] == [[]] * 5
        assert await backend.annotations(TARGET, ExternalJobId("21")) == ["said on page 2"]

    async def test_of_a_run_that_is_gone(self, serve: Any, connect: Any) -> None:
        with pytest.raises(ExternalGone):
            await connect(serve(Vendor({REPO: {"id": 7}})).url).jobs(TARGET, ExternalRunId("17"))


class TestCancel:
    @pytest.mark.parametrize(("force", "verb"), [(False, "cancel"), (True, "force-cancel")])
    @pytest.mark.parametrize("status", [202, 409])
    async def test_asking_is_enough_and_an_ended_run_is_no_error(
        self, force: bool, verb: str, status: int, serve: Any, connect: Any
    ) -> None:
        server = serve(lambda _, line: line.answer(status, {}))
        await connect(server.url).cancel(TARGET, ExternalRunId("17"), force=force)
        assert [(one.method, one.path, one.body) for one in server.requests] == [
            ("POST", f"{REPO}/actions/runs/17/{verb}", b"")
        ]

    @pytest.mark.parametrize(
        ("status", "error"),
        [(403, BackendDenied), (401, BackendDenied), (500, BackendUnreachable), (307, BackendDenied)],
    )
    async def test_what_fails_is_raised(self, status: int, error: type[Exception], serve: Any, connect: Any) -> None:
        server = serve(lambda _, line: line.answer(status, {"message": "no"}))
        with pytest.raises(error, match="cancellation of run 17"):
            await connect(server.url).cancel(TARGET, ExternalRunId("17"))
        assert len(server.requests) == 1

    async def test_of_a_run_that_is_gone(self, serve: Any, connect: Any) -> None:
        with pytest.raises(ExternalGone):
            await connect(serve(Vendor({REPO: {"id": 7}})).url).cancel(TARGET, ExternalRunId("17"))


async def log(backend: GitHubBackend, job: str = "5") -> bytes:
    return b"".join([piece async for piece in backend.logs(TARGET, ExternalRunId("17"), ExternalJobId(job))])


class TestLogs:
    PATH = f"{REPO}/actions/jobs/5/logs"

    def linking(self, link: str) -> Vendor:
        return Vendor({self.PATH: lambda _, line: line.answer(302, None, Location=link)})

    async def test_the_link_is_followed_without_our_credential(
        self, serve: Any, connect: Any, token: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        text = b"\xef\xbb\xbf2026-03-01T10:00:00.1234567Z hi\n" * 10_000
        store = serve(lambda _, line: line.answer(200, text))
        server = serve(self.linking(f"{store.url}/blob?sig=s3cr3tsignature"))
        with caplog.at_level("DEBUG"):
            assert await log(connect(server.url)) == text
        (request,) = store.requests
        assert "authorization" not in request.headers
        assert request.path == "/blob?sig=s3cr3tsignature"
        assert "s3cr3tsignature" not in caplog.text
        assert token not in caplog.text

    @pytest.mark.parametrize(
        "link",
        [
            "http://store.example/blob", "ftp://127.0.0.1/x", "file:///etc/passwd", "", "/relative", "http://",
            "https://[::", "javascript:alert(1)",
        ],
    )  # fmt: skip
    async def test_a_link_that_is_not_safe_is_not_followed(self, link: str, serve: Any, connect: Any) -> None:
        with pytest.raises(BackendDenied, match=r"not fetched|somewhere else"):
            await log(connect(serve(self.linking(link)).url))

    @pytest.mark.parametrize("status", [404, 410])
    async def test_no_log_yet_or_any_more(self, status: int, serve: Any, connect: Any) -> None:
        server = serve(lambda _, line: line.answer(status, b"BlobNotFound"))
        with pytest.raises(LogsNotReady):
            await log(connect(server.url))
        gone = serve(lambda _, line: line.answer(status))
        with pytest.raises(LogsNotReady):
            await log(connect(serve(self.linking(f"{gone.url}/blob")).url))

    @pytest.mark.parametrize("status", [301, 302, 403, 500])
    async def test_a_store_that_answers_something_else(self, status: int, serve: Any, connect: Any) -> None:
        foreign = serve(lambda _, line: line.answer(200, b"log"))
        store = serve(lambda _, line: line.answer(status, None, Location=foreign.url))
        with pytest.raises(BackendUnreachable) as error:
            await log(connect(serve(self.linking(f"{store.url}/blob?sig=s3cr3t")).url))
        assert "s3cr3t" not in "".join(everything_in(error.value))
        assert foreign.connections == 0

    async def test_a_log_that_breaks_off_is_not_taken_for_whole(self, serve: Any, connect: Any) -> None:
        half = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf"
        store = serve(lambda _, line: (line.raw(half), line.hangup()))
        pieces: list[bytes] = []

        async def collect(backend: GitHubBackend) -> None:
            async for piece in backend.logs(TARGET, ExternalRunId("17"), ExternalJobId("5")):
                pieces.append(piece)

        with pytest.raises(BackendUnreachable) as error:
            await collect(connect(serve(self.linking(f"{store.url}/b?sig=s3cr3t")).url))
        assert pieces == [b"half"]
        assert "s3cr3t" not in "".join(everything_in(error.value))

    async def test_who_stops_reading_gives_the_connection_back(self, serve: Any, connect: Any, eventually: Any) -> None:
        gone: list[bool] = []

        def play(_: Any, line: Any) -> None:
            line.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            try:
                while not line.ending.wait(0.01):
                    line.raw(b"4\r\nlog\n\r\n")
            except OSError:
                gone.append(True)
                raise

        backend = connect(serve(self.linking(serve(play).url)).url)
        async with aclosing(backend.logs(TARGET, ExternalRunId("17"), ExternalJobId("5"))) as pieces:
            async for piece in pieces:
                assert piece.startswith(b"log")
                break
        await eventually(lambda: gone == [True])

    async def test_a_log_beyond_the_limit_is_cut_visibly(self, serve: Any, connect: Any) -> None:
        store = serve(lambda _, line: line.answer(200, b"x" * 100_000))
        text = await log(connect(serve(self.linking(store.url)).url, log_limit=1024))
        assert text == b"x" * 1024 + CUT

    async def test_a_log_that_drips_ends_with_its_time(self, serve: Any, connect: Any) -> None:
        def play(_: Any, line: Any) -> None:
            line.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
            line.drip(b"x" * 9999, every=0.05)

        store = serve(play)
        backend = connect(serve(self.linking(store.url)).url, log_timeout=timedelta(seconds=0.5))
        started = time.monotonic()
        with pytest.raises(BackendUnreachable):
            await log(backend)
        assert time.monotonic() - started < 1.5


class TestOptions:
    @pytest.mark.parametrize(("kind", "path"), [("tags", f"{REPO}/tags"), ("branches", f"{REPO}/branches")])
    async def test_a_page_and_the_next(self, kind: Any, path: str, serve: Any, connect: Any) -> None:
        def page(request: Any, line: Any) -> None:
            number = int(parameters(request)["page"])
            following = '<http://x/?page=2>; rel="next"' if number == 1 else ""
            line.answer(200, [{"name": f"{number}.0"}, {"name": f"{number}.1"}], Link=following)

        backend = connect(serve(Vendor({path: page})).url)
        first = await backend.names(kind, "acme/shop", search="", cursor=None)
        assert (list(first.names), first.next_cursor) == (["1.0", "1.1"], "2")
        second = await backend.names(kind, "acme/shop", search="", cursor="2")
        assert (list(second.names), second.next_cursor) == (["2.0", "2.1"], None)

    async def test_a_search_finds_an_exact_name_wherever_it_is(self, serve: Any, connect: Any) -> None:
        def page(request: Any, line: Any) -> None:
            line.answer(
                200, [{"name": "x1.2.0"}, {"name": "1.2.0"}, {"name": "2.0.0"}], Link='<http://x/?page=2>; rel="next"'
            )

        match = f"{REPO}/git/matching-refs/tags/1.2.0"
        found = [
            {"ref": f"refs/tags/{name}", "object": {"type": "commit", "sha": "a" * 40}}
            for name in ("1.2.0", "1.2.0-rc")
        ]
        server = serve(Vendor({f"{REPO}/tags": page, match: found}))
        backend = connect(server.url)
        first = await backend.names("tags", "acme/shop", search="1.2.0", cursor=None)
        assert list(first.names) == ["1.2.0", "1.2.0-rc"]
        assert [one.path for one in server.requests] == [match]
        rest = await backend.names("tags", "acme/shop", search="1.2.0", cursor=first.next_cursor)
        assert list(rest.names) == ["x1.2.0"]
        assert rest.next_cursor == "2"
        again = await backend.names("tags", "acme/shop", search="1.2.0", cursor=None)
        assert again == first
        assert len(server.requests) == 2, "it was asked for a moment ago"
        found.clear()
        for _ in range(2):  # that there is none is not remembered
            await backend.names("tags", "acme/shop", search="9.9.9", cursor=None)
        assert [one.path for one in server.requests].count(match.replace("1.2.0", "9.9.9")) == 2

    async def test_a_search_goes_on_over_pages_without_a_hit_but_not_for_ever(self, serve: Any, connect: Any) -> None:
        link = '<http://x/?page=9>; rel="next"'
        server = serve(
            Vendor(
                {
                    f"{REPO}/git/matching-refs/heads/Feature": [],
                    f"{REPO}/branches": lambda _, line: line.answer(200, [{"name": "main"}], Link=link),
                }
            )
        )
        found = await connect(server.url).names("branches", "acme/shop", search="Feature", cursor=None)
        assert (list(found.names), found.next_cursor) == ([], "6")
        assert len(server.requests) == 6

    @pytest.mark.parametrize("cursor", ["0x", "-1", "", "²", "1234567"])
    async def test_a_cursor_that_was_not_given_out_is_denied(self, cursor: str, serve: Any, connect: Any) -> None:
        server = serve(Vendor({}))
        with pytest.raises(BackendDenied):
            await connect(server.url).names("tags", "acme/shop", search="", cursor=cursor)
        assert server.requests == []

    async def test_a_repository_that_is_not_there_is_denied(self, serve: Any, connect: Any) -> None:
        with pytest.raises(BackendDenied, match="acme/shop"):
            await connect(serve(Vendor({})).url).names("tags", "acme/shop", search="", cursor=None)


def everything_in(error: BaseException | None, *, variables: bool = False) -> list[str]:
    """All that a handler of an error can get hold of: its chain, arguments, and the variables along its way."""
    texts: list[str] = []
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        texts += [repr(error), str(error), repr(vars(error))]
        trace = error.__traceback__ if variables else None
        while trace is not None:
            if trace.tb_frame.f_code.co_filename != __file__:
                texts += [repr(value) for value in trace.tb_frame.f_locals.values()]
            trace = trace.tb_next
        error = error.__cause__ or error.__context__
    return texts


@pytest.mark.parametrize("play", [*BROKEN.values(), lambda _, line: line.answer(401, {"message": "Bad credentials"})])
async def test_no_error_and_no_log_has_the_credential(
    play: Any, serve: Any, connect: Any, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    server = serve(play)
    with caplog.at_level("DEBUG"), pytest.raises((BackendDenied, BackendUnreachable)) as error:
        await read(connect(server.url, answer_limit=100_000), "17")
    assert token in server.requests[0].headers["authorization"]
    assert token not in "".join(everything_in(error.value, variables=True))
    assert token not in caplog.text
