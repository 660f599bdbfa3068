"""What GitHub itself waits for, answers to it, and what a run leaves behind: artifacts and results."""

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from daytwo_actions.backends.base import ExternalState, Target
from daytwo_actions.backends.failures import (
    BackendDenied,
    BackendUnreachable,
    ExternalGone,
    GateClosed,
    OutputsUnusable,
)
from daytwo_actions.backends.github.backend import GitHubBackend
from daytwo_actions.backends.tree import GateId, GateVerdict, JobKind
from daytwo_actions.backends.wire.result_file import LARGEST_ARCHIVE
from daytwo_store.ids import ExternalRunId
from daytwo_store.states import ExternalStatus

pytestmark = pytest.mark.anyio

REPO = "/repos/acme/shop"
RUNS = f"{REPO}/actions/runs"
RUN = ExternalRunId("17")
PENDING = f"{RUNS}/17/pending_deployments"
TARGET = Target(project="acme/shop", pipeline="deploy.yml", ref="main")
GATE = GateId("5")


def run(number: int = 17, **change: Any) -> dict[str, Any]:
    return {"id": number, "status": "waiting", "updated_at": "2026-03-01T10:00:06Z"} | change


def environment(*, answerable: bool = True) -> dict[str, Any]:
    reviewer = {"type": "User", "reviewer": {"login": "ada"}}
    named = {"id": 5, "name": "production", "html_url": "https://github.com/acme/shop/deployments"}
    return {"environment": named, "wait_timer": 0, "current_user_can_approve": answerable, "reviewers": [reviewer]}


def job(status: str = "waiting") -> dict[str, Any]:
    link = "https://github.com/acme/shop/actions/runs/17/job/1"
    return {"id": 1, "name": "deploy", "status": status, "html_url": link}


class Vendor:
    """Answers by path, `(status, body, headers)` or a body; POSTs by `post`."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self.answers = dict(answers)
        self.post: tuple[int, Any] = (200, [])

    def __call__(self, request: Any, line: Any) -> None:
        if request.method == "POST":
            line.answer(*self.post)
            return
        found = self.answers.get(urlsplit(request.path).path)
        if found is None:
            line.answer(404, {"message": "Not Found"})
        elif isinstance(found, tuple):
            line.answer(found[0], found[1], **found[2])
        else:
            line.answer(200, found)


async def read(backend: GitHubBackend, *numbers: str) -> list[ExternalState]:
    states = await backend.read([(TARGET, ExternalRunId(number)) for number in numbers])
    return [state for state in states if state is not None]


def asked(server: Any, part: str) -> list[str]:
    return [request.path for request in server.requests if part in request.path]


class TestWaiting:
    async def test_a_run_says_what_it_waits_for_and_asks_once(self, serve: Any, connect: Any) -> None:
        vendor = Vendor({f"{RUNS}/17": run(), PENDING: [environment()]})
        server = serve(vendor)
        backend = connect(server.url)
        for _ in range(3):
            (state,) = await read(backend, "17")
            assert (state.status, state.waits_for) == (ExternalStatus.WAITING, "a review of production by ada")
        assert len(asked(server, "pending")) == 1
        vendor.answers[f"{RUNS}/17"] = run(updated_at="2026-03-01T10:09:00Z")
        vendor.answers[PENDING] = []
        (state,) = await read(backend, "17")
        assert state.waits_for == "the protection rules of an environment"
        assert len(asked(server, "pending")) == 2

    async def test_of_many_that_wait_ten_are_asked_in_one_look(self, serve: Any, connect: Any) -> None:
        listed = [run(number) for number in range(1, 31)]
        vendor = Vendor({RUNS: {"total_count": 30, "workflow_runs": listed}})
        vendor.answers |= {f"{RUNS}/{number}/pending_deployments": [environment()] for number in range(1, 31)}
        server = serve(vendor)
        backend = connect(server.url)
        for looks in (10, 20, 30, 30):
            states = await read(backend, *map(str, range(1, 31)))
            assert len([state for state in states if "ada" in (state.waits_for or "")]) == looks
            assert len(asked(server, "pending")) == looks

    async def test_that_it_cannot_be_had_does_not_hide_the_state(self, serve: Any, connect: Any) -> None:
        vendor = Vendor({f"{RUNS}/17": run(), PENDING: (403, {"message": "Resource not accessible"}, {})})
        (state,) = await read(connect(serve(vendor).url), "17")
        assert state.waits_for == "the protection rules of an environment"

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"status": "pending"}, "other runs of its concurrency group"),
            ({"status": "completed", "conclusion": "action_required"}, "somebody's approval of the run"),
        ],
    )
    async def test_what_is_no_environment_is_not_asked_for(
        self, change: dict[str, Any], words: str, serve: Any, connect: Any
    ) -> None:
        server = serve(Vendor({f"{RUNS}/17": run(**change)}))
        (state,) = await read(connect(server.url), "17")
        assert (state.status, state.waits_for) == (ExternalStatus.WAITING, words)
        assert len(server.requests) == 1

    async def test_the_gate_stands_in_the_tree_with_the_page_where_it_is_answered(
        self, serve: Any, connect: Any
    ) -> None:
        jobs = f"{RUNS}/17/attempts/1/jobs"
        vendor = Vendor({jobs: {"total_count": 1, "jobs": [job()]}, PENDING: [environment(answerable=False)]})
        server = serve(vendor)
        backend = connect(server.url)
        one, gate = (await backend.jobs(TARGET, RUN)).jobs
        assert (one.kind, one.status) == (JobKind.JOB, ExternalStatus.WAITING)
        assert (gate.kind, gate.name, gate.url) == (
            JobKind.GATE, "production", "https://github.com/acme/shop/actions/runs/17",
        )  # fmt: skip
        assert gate.gate is not None
        assert (gate.gate.waits_for, gate.gate.verdicts) == ("a review by ada", frozenset())
        vendor.answers[jobs] = {"total_count": 1, "jobs": [job("in_progress")]}
        assert len((await backend.jobs(TARGET, RUN)).jobs) == 1
        assert len(asked(server, "pending")) == 1


async def answer(backend: GitHubBackend, verdict: GateVerdict = GateVerdict.GO) -> None:
    await backend.answer(TARGET, RUN, GATE, verdict, comment="as approved in Daytwo")


class TestAnswering:
    async def test_it_is_one_post_as_documented(self, serve: Any, connect: Any) -> None:
        server = serve(Vendor({}))
        await answer(connect(server.url), GateVerdict.STOP)
        (post,) = server.requests
        assert (post.method, post.path) == ("POST", PENDING)
        document = {"environment_ids": [5], "state": "rejected", "comment": "as approved in Daytwo"}
        assert json.loads(post.body) == document

    @pytest.mark.parametrize("status", [404, 422])
    async def test_when_nothing_waits_any_more_that_is_said(self, status: int, serve: Any, connect: Any) -> None:
        vendor = Vendor({PENDING: []})
        vendor.post = (status, {"message": "There are no pending deployment requests"})
        with pytest.raises(GateClosed):
            await answer(connect(serve(vendor).url))

    @pytest.mark.parametrize(("status", "words"), [(403, "Only a required reviewer"), (422, "Nothing was changed")])
    async def test_who_may_not_is_told_so(self, status: int, words: str, serve: Any, connect: Any) -> None:
        vendor = Vendor({PENDING: [environment()]})
        vendor.post = (status, {"message": "no"})
        with pytest.raises(BackendDenied, match=words):
            await answer(connect(serve(vendor).url))

    async def test_a_lost_answer_is_said_and_not_sent_again(self, serve: Any, connect: Any) -> None:
        for vendor in (lambda _, line: line.reset(), lambda _, line: line.answer(502, b"<html>")):
            server = serve(vendor)
            with pytest.raises(BackendUnreachable, match="is not known; look at the run"):
                await answer(connect(server.url))
            assert len(server.requests) == 1

    async def test_that_it_was_not_sent_is_said_too(self, connect: Any) -> None:
        with pytest.raises(BackendUnreachable, match="Nothing was changed"):
            await answer(connect("http://127.0.0.1:1"))


def artifact(number: int, name: str = "daytwo-result", **change: Any) -> dict[str, Any]:
    made = f"2026-03-01T10:{number:02d}:00Z"
    return {"id": number, "name": name, "size_in_bytes": 100, "expired": False, "created_at": made} | change


def zipped(content: bytes, name: str = "result.json") -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr(name, content)
    return target.getvalue()


class House:
    """GitHub with a store elsewhere, which refuses our credential."""

    def __init__(self, serve: Any, *artifacts: dict[str, Any], archive: bytes = b"", status: int = 200) -> None:
        def store(request: Any, line: Any) -> None:
            assert "authorization" not in request.headers
            line.answer(status, archive)

        self.store = serve(store)
        link = {"Location": f"{self.store.url}/zip?signature=s3cret"}
        listed = {"total_count": len(artifacts), "artifacts": list(artifacts)}
        self.vendor = Vendor({f"{RUNS}/17": run(status="completed"), f"{RUNS}/17/artifacts": listed})
        self.vendor.answers |= {
            f"{REPO}/actions/artifacts/{one['id']}/zip": (302, None, link) for one in artifacts if not one["expired"]
        }
        self.server = serve(self.vendor)


class TestLeft:
    async def test_artifacts_are_listed_with_the_page_where_people_get_them(self, serve: Any, connect: Any) -> None:
        house = House(serve, artifact(1, "logs", expires_at="2026-06-01T00:00:00Z"), artifact(2, expired=True))
        first, second = await connect(house.server.url).artifacts(TARGET, RUN)
        assert (first.name, first.size, first.expired) == ("logs", 100, False)
        assert first.url == f"{house.server.url}/acme/shop/actions/runs/17/artifacts/1"
        assert (first.expires_at is not None, second.expired) == (True, True)

    async def test_results_come_out_of_the_newest_archive(self, serve: Any, connect: Any) -> None:
        house = House(serve, artifact(1), artifact(3), artifact(2), artifact(9, "x"), archive=zipped(b'{"url": "x"}'))
        backend = connect(house.server.url)
        assert await backend.outputs(TARGET, RUN) == {"url": "x"}
        assert asked(house.server, "/zip") == [f"{REPO}/actions/artifacts/3/zip"]
        assert len(await backend.artifacts(TARGET, RUN)) == 4
        assert len(asked(house.server, "/artifacts?")) == 1, "files and results are listed once"

    async def test_among_more_files_than_are_listed_results_are_asked_for_by_name(
        self, serve: Any, connect: Any
    ) -> None:
        house = House(serve, artifact(3), archive=zipped(b"{}"))

        def page(request: Any, line: Any) -> None:
            if urlsplit(request.path).path != f"{RUNS}/17/artifacts":
                return house.vendor(request, line)
            named = "name" in parse_qs(urlsplit(request.path).query)
            shown = [artifact(3)] if named else [artifact(9, f"file-{number}") for number in range(100)]
            more = {} if named else {"Link": '<http://x/?page=2>; rel="next"'}
            return line.answer(200, {"total_count": 900, "artifacts": shown}, **more)

        server = serve(page)
        assert await connect(server.url).outputs(TARGET, RUN) == {}
        assert len(asked(server, "/artifacts?")) == 6

    async def test_results_of_what_somebody_ran_again_are_not_ours(self, serve: Any, connect: Any) -> None:
        house = House(serve, artifact(1), artifact(5), archive=zipped(b"{}"))
        house.vendor.answers[f"{RUNS}/17"] = run(status="in_progress", run_attempt=3)
        house.vendor.answers[f"{RUNS}/17/attempts/2"] = run(run_attempt=2, run_started_at="2026-03-01T10:04:00Z")
        assert await connect(house.server.url).outputs(TARGET, RUN) == {}
        assert asked(house.server, "/zip") == [f"{REPO}/actions/artifacts/1/zip"]

    async def test_no_results_are_none(self, serve: Any, connect: Any) -> None:
        house = House(serve, artifact(1, "other"))
        assert await connect(house.server.url).outputs(TARGET, RUN) is None
        assert len(house.server.requests) == 1, "whether it was run again is asked where there are results"

    @pytest.mark.parametrize(
        ("change", "archive", "status", "why"),
        [
            ({"expired": True}, b"", 200, "has expired"),
            ({"size_in_bytes": 5_000_000}, b"", 200, "has 5000000 bytes"),
            ({}, b"x" * (LARGEST_ARCHIVE + 1), 200, "more than"),
            ({}, b"", 410, "expired or was deleted"),
            ({}, b"", 404, "expired or was deleted"),
            ({}, b"<html>", 200, "not a zip archive"),
            ({}, zipped(b"{}", "../result.json"), 200, "no result.json at its top"),
        ],
    )
    async def test_results_that_cannot_be_used_are_said_and_change_nothing(
        self, change: dict[str, Any], archive: bytes, status: int, why: str, serve: Any, connect: Any
    ) -> None:
        house = House(serve, artifact(1, **change), archive=archive, status=status)
        with pytest.raises(OutputsUnusable, match=why) as unusable:
            await connect(house.server.url).outputs(TARGET, RUN)
        assert "s3cret" not in str(unusable.value)

    @pytest.mark.parametrize("status", [404, 410])
    async def test_an_archive_that_github_does_not_offer_any_more(self, status: int, serve: Any, connect: Any) -> None:
        house = House(serve, artifact(1))
        house.vendor.answers[f"{REPO}/actions/artifacts/1/zip"] = (status, {"message": "Gone"}, {})
        with pytest.raises(OutputsUnusable, match="expired or was deleted"):
            await connect(house.server.url).outputs(TARGET, RUN)

    @pytest.mark.parametrize(
        ("link", "denied"),
        [("file:///etc/passwd", True), ("http://10.0.0.1/x", True), ("", True), ("http://127.0.0.1:1/x", False)],
    )
    async def test_a_link_that_is_not_safe_is_not_fetched(
        self, link: str, denied: bool, serve: Any, connect: Any
    ) -> None:
        house = House(serve, artifact(1))
        house.vendor.answers[f"{REPO}/actions/artifacts/1/zip"] = (302, None, {"Location": link})
        with pytest.raises(BackendDenied if denied else BackendUnreachable):
            await connect(house.server.url).outputs(TARGET, RUN)

    async def test_of_a_run_that_is_gone(self, serve: Any, connect: Any) -> None:
        backend = connect(serve(Vendor({REPO: {"id": 7}})).url)
        with pytest.raises(ExternalGone):
            await backend.artifacts(TARGET, RUN)
        with pytest.raises(ExternalGone):
            await backend.outputs(TARGET, RUN)


async def test_environments_are_names_for_a_form(serve: Any, connect: Any) -> None:
    listed = {"total_count": 3, "environments": [{"name": name} for name in ("production", "staging", "Stage 2")]}
    backend = connect(serve(Vendor({f"{REPO}/environments": listed})).url)
    page = await backend.names("environments", "acme/shop", search="", cursor=None)
    assert (list(page.names), page.next_cursor) == (["production", "staging", "Stage 2"], None)
    found = await backend.names("environments", "acme/shop", search="stag", cursor=None)
    assert list(found.names) == ["staging", "Stage 2"]
    with pytest.raises(BackendDenied, match="tags, branches, environments"):
        await backend.names("namespaces", "acme/shop", search="", cursor=None)
