"""Reading from a GitLab that is scripted answer by answer: what is concluded, and what is not."""

import base64
import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from daytwo_actions.backends.base import Listing, Marker, Pinned, Target
from daytwo_actions.backends.failures import (
    BackendDenied,
    BackendUnreachable,
    ExternalGone,
    GateClosed,
    LogsNotReady,
    OutputsUnusable,
)
from daytwo_actions.backends.gitlab.backend import GitLabBackend
from daytwo_actions.backends.tree import GateKind, GateVerdict, JobKind
from daytwo_store.ids import Corr, Digest, ExternalJobId, ExternalRunId
from daytwo_store.states import ExternalStatus

pytestmark = pytest.mark.anyio

TARGET = Target(project="acme/shop", pipeline="", ref="main")
RUN = ExternalRunId("31")
CORR = Corr("abcdefghij234567abcd")
NOW = datetime.now(UTC).replace(microsecond=0)
PROJECT = "/api/v4/projects/acme%2Fshop"
BY_ID = "/api/v4/projects/7"


def pipeline(number: int = 31, **change: Any) -> dict[str, Any]:
    return {
        "id": number, "project_id": 7, "sha": "a" * 40, "ref": "main", "status": "running", "source": "api",
        "web_url": f"https://gitlab.com/acme/shop/-/pipelines/{number}", "created_at": NOW.isoformat(),
        "updated_at": NOW.isoformat(),
    } | change  # fmt: skip


def job(number: int, name: str, status: str = "success", **change: Any) -> dict[str, Any]:
    within = {"id": 31, "project_id": 7, "status": "running"}
    return {"id": number, "name": name, "status": status, "pipeline": within} | change


class Answers:
    """What it answers by path: JSON, (status, JSON), or bytes. Everything else is a 404."""

    def __init__(self, **_: Any) -> None:
        self.by_path: dict[str, Any] = {PROJECT: {"id": 7}}

    def __call__(self, request: Any, line: Any) -> None:
        path = urlsplit(request.path).path
        said = self.by_path.get(path, (404, {"message": "404 Not Found"}))
        status, body = said if isinstance(said, tuple) else (201 if request.method == "POST" else 200, said)
        line.answer(status, body, Date=format_datetime(NOW, usegmt=True))


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
def server(answers: Answers, serve: Any) -> Any:
    return serve(answers)


@pytest.fixture
def backend(server: Any, connect: Any) -> Any:
    return connect(server.url)


def paths(server: Any) -> list[str]:
    return [urlsplit(request.path).path for request in server.requests]


# --- find ------------------------------------------------------------------------------------------------------------


def marker(*declared: str, marked: bool = True) -> Marker:
    pinned = Pinned(
        target=TARGET,
        project_id="7",
        pipeline_id=".gitlab-ci.yml",
        commit="a" * 40,
        pipeline_digest=Digest("d" * 64),
        marked=marked,
        declared=declared,
    )
    return Marker(corr=CORR, pinned=pinned)


async def find(backend: GitLabBackend, one: Marker | None = None) -> Listing:
    return await backend.find(one or marker("daytwo_run"), NOW - timedelta(seconds=60))


def lists(answers: Answers, *singles: dict[str, Any]) -> None:
    """A list as GitLab gives it, without names and people, and each pipeline by itself."""
    answers.by_path[f"{BY_ID}/pipelines"] = [
        {key: value for key, value in one.items() if key not in {"user", "name"}} for one in singles
    ]
    for one in singles:
        answers.by_path[f"{BY_ID}/pipelines/{one['id']}"] = one


OURS = {"user": {"username": "Acme-Bot"}, "name": f"Deploy 1.0 [{CORR}]"}


async def test_the_one_with_our_marker_is_found_and_asked_for_once(
    backend: GitLabBackend, answers: Answers, server: Any
) -> None:
    lists(answers, pipeline(33, source="push"), pipeline(32, user={"username": "acme-bot"}, name="x"), pipeline(**OURS))
    for _ in range(2):
        listing = await find(backend)
        assert ([one.id for one in listing.found], listing.complete) == (["31"], True)
    assert paths(server) == [
        f"{BY_ID}/pipelines",
        f"{BY_ID}/pipelines/32",
        f"{BY_ID}/pipelines/31",
        f"{BY_ID}/pipelines",
    ]
    asked = parse_qs(urlsplit(server.requests[0].path).query)
    assert (asked["ref"], asked["order_by"], asked["per_page"]) == (["main"], ["id"], ["100"])


async def test_a_marker_that_went_as_a_variable_is_found_by_variables_of_our_own(
    backend: GitLabBackend, answers: Answers, server: Any
) -> None:
    lists(answers, pipeline(32, user={"username": "stranger"}), pipeline(31, user={"username": "acme-bot"}))
    answers.by_path[f"{BY_ID}/pipelines/31/variables"] = [{"key": "DAYTWO_RUN", "value": CORR}]
    listing = await find(backend, marker())
    assert ([one.id for one in listing.found], listing.complete) == (["31"], True)
    assert f"{BY_ID}/pipelines/32/variables" not in paths(server)


async def test_variables_that_may_not_be_read_prove_nothing(backend: GitLabBackend, answers: Answers) -> None:
    lists(answers, pipeline(31, user={"username": "acme-bot"}))
    answers.by_path[f"{BY_ID}/pipelines/31/variables"] = (403, {"message": "403 Forbidden"})
    with pytest.raises(BackendDenied, match="workflow: name"):
        await find(backend, marker())


@pytest.mark.parametrize(
    "change",
    [
        {"user": {"username": "stranger"}}, {"user": None}, {"user": {}}, {"project_id": 8}, {"ref": "other"},
        {"created_at": (NOW - timedelta(hours=1)).isoformat()}, {"created_at": None},
        {"created_at": (NOW + timedelta(hours=1)).isoformat()},
    ],
)  # fmt: skip
async def test_a_stranger_with_our_marker_is_neither_adopted_nor_proof_of_absence(
    change: dict[str, Any], backend: GitLabBackend, answers: Answers, connect: Any
) -> None:
    lists(answers, pipeline(**(OURS | change)))
    listing = await find(backend)
    assert (list(listing.found), listing.complete) == ([], False)


@pytest.mark.parametrize("name", [f"x{CORR}", f"{CORR}9", "", None, CORR.upper()])
async def test_only_the_whole_marker_counts(name: str | None, backend: GitLabBackend, answers: Answers) -> None:
    lists(answers, pipeline(**(OURS | {"name": name})))
    listing = await find(backend)
    assert (list(listing.found), listing.complete) == ([], True)


async def test_without_a_marker_nothing_is_asked_or_concluded(backend: GitLabBackend, server: Any) -> None:
    listing = await find(backend, marker("daytwo_run", marked=False))
    assert (list(listing.found), listing.complete) == ([], False)
    assert server.requests == []


@pytest.mark.parametrize("status", [500, 502, 429])
async def test_a_candidate_that_cannot_be_asked_for_is_no_listing(
    status: int, backend: GitLabBackend, answers: Answers
) -> None:
    lists(answers, pipeline(**OURS))
    answers.by_path[f"{BY_ID}/pipelines/31"] = (status, {})
    with pytest.raises(BackendUnreachable):
        await find(backend)


async def test_all_pages_are_read_and_one_too_many_is_not_complete(serve: Any, connect: Any) -> None:
    last = 3

    def play(request: Any, line: Any) -> None:
        parts = urlsplit(request.path)
        if parts.path != f"{BY_ID}/pipelines":
            line.answer(200, pipeline(int(parts.path.rpartition("/")[2]), user={"username": "acme-bot"}, name="x"))
            return
        page = int(parse_qs(parts.query)["page"][0])
        more = f'<http://x/?page={page + 1}>; rel="next"' if page < last else ""
        line.answer(200, [pipeline(100 - page)], Link=more)

    server = serve(play)
    assert (await find(connect(server.url))).complete
    assert sum(path == f"{BY_ID}/pipelines" for path in paths(server)) == 3
    last = 99
    assert not (await find(connect(server.url))).complete


async def test_a_gitlab_that_does_not_know_the_filter_is_not_read_to_its_beginning(serve: Any, connect: Any) -> None:
    old = (NOW - timedelta(days=9)).isoformat()
    server = serve(
        lambda _, line: line.answer(
            200, [pipeline(5, source="push", created_at=old)], Link='<http://x/?page=2>; rel="next"'
        )
    )
    listing = await find(connect(server.url))
    assert (listing.complete, len(server.requests)) == (True, 1)


# --- read ------------------------------------------------------------------------------------------------------------


async def test_a_retry_in_gitlab_is_seen_while_it_runs(backend: GitLabBackend, answers: Answers) -> None:
    for status, finished, attempt in [
        ("running", NOW.isoformat(), 2),
        ("running", None, 1),
        ("failed", NOW.isoformat(), 1),
    ]:
        answers.by_path[f"{PROJECT}/pipelines/31"] = pipeline(status=status, finished_at=finished)
        (state,) = await backend.read([(TARGET, RUN)])
        assert state is not None
        assert state.attempt == attempt


async def test_what_is_gone_is_none_and_what_cannot_be_seen_is_not(backend: GitLabBackend, answers: Answers) -> None:
    assert list(await backend.read([(TARGET, RUN)])) == [None]
    del answers.by_path[PROJECT]
    with pytest.raises(BackendDenied):
        await backend.read([(TARGET, RUN)])


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"<html>", id="a page"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"{", id="cut"),
        pytest.param([], id="a list"),
        pytest.param(pipeline(id="31"), id="an id as text"),
        pytest.param(pipeline(id=0), id="no id"),
        pytest.param(pipeline(status=1), id="a number as state"),
        pytest.param(pipeline(created_at="yesterday"), id="no time"),
    ],
)
async def test_a_broken_answer_is_no_state(body: Any, backend: GitLabBackend, answers: Answers) -> None:
    answers.by_path[f"{PROJECT}/pipelines/31"] = (200, body)
    with pytest.raises(BackendUnreachable):
        await backend.read([(TARGET, RUN)])


@pytest.mark.parametrize(
    "project",
    ["shop", "acme/", "/acme/shop", "acme//shop", "acme/../x", "-x/y", "acme/%2e%2e", "acme/shop?x", "a/b\r\nX: 1"],
)
async def test_a_name_that_is_none_is_not_asked_for(project: str, backend: GitLabBackend, server: Any) -> None:
    with pytest.raises(BackendDenied):
        await backend.read([(Target(project=project, pipeline="", ref="main"), RUN)])
    for ref in ("", "-x", "a b", "../x", "a\r\nb", "x" * 300):
        with pytest.raises(BackendDenied):
            await backend.resolve(Target(project="acme/shop", pipeline="", ref=ref))
    for run in ("0", "-1", "31/../32", "x", ""):
        with pytest.raises(BackendDenied):
            await backend.read([(TARGET, ExternalRunId(run))])
    assert server.requests == []


async def test_what_a_commit_does_not_hold_still_is_named_also_in_local_files(
    backend: GitLabBackend, answers: Answers, server: Any
) -> None:
    files = {
        ".gitlab-ci.yml": "include: [ci/a.yml, {template: Deploy.gitlab-ci.yml}]\ntest: {script: make}\n",
        "ci/a.yml": "include: [ci/a.yml, ci/none.yml, {project: acme/ci, file: b.yml}]\n",
    }
    answers.by_path[f"{PROJECT}/repository/commits/main"] = {"id": "a" * 40}
    for name, text in files.items():
        content = base64.b64encode(text.encode()).decode()
        there = {"encoding": "base64", "size": len(text), "content": content}
        answers.by_path[f"{PROJECT}/repository/files/{quote(name, safe='')}"] = there
    pinned = await backend.resolve(TARGET)
    unreadable = "b.yml of acme/ci at its default branch, which this credential cannot read"
    assert (pinned.held, pinned.loose) == ((), ("GitLab's template Deploy.gitlab-ci.yml", unreadable))
    asked = len(server.requests)
    assert await backend.resolve(TARGET) == pinned
    assert len(server.requests) == asked + 2, "files of a commit are read once, others each time"


# --- jobs, gates, children -------------------------------------------------------------------------------------------


def has_jobs(
    answers: Answers, *jobs: dict[str, Any], starters: Any = (), run: str = "31", place: str = PROJECT
) -> None:
    answers.by_path[f"{place}/pipelines/{run}/jobs"] = list(jobs)
    answers.by_path[f"{place}/pipelines/{run}/trigger_jobs"] = list(starters)


async def test_child_pipelines_are_groups_also_in_another_project(
    backend: GitLabBackend, answers: Answers, server: Any
) -> None:
    child = {"id": 40, "project_id": 7, "status": "running", "web_url": "https://gitlab.com/x"}
    other = {"id": 50, "project_id": 9, "status": "success"}
    hidden = {"id": 60, "project_id": 10, "status": "failed"}
    starters = [
        job(2, "child", downstream_pipeline=child),
        job(3, "other", downstream_pipeline=other),
        job(4, "hidden", downstream_pipeline=hidden),
        job(5, "nothing yet", "created", downstream_pipeline=None),
    ]
    has_jobs(answers, job(6, "last"), job(1, "first"), starters=starters)
    has_jobs(answers, job(7, "inner"), run="40")
    has_jobs(answers, job(8, "far"), run="50", place="/api/v4/projects/9")
    tree = (await backend.jobs(TARGET, RUN)).jobs
    assert [(one.id, one.name, one.parent, one.kind) for one in tree] == [
        ("1", "first", None, JobKind.JOB),
        ("2", "child", None, JobKind.GROUP),
        ("7", "inner", "2", JobKind.JOB),
        ("3", "other", None, JobKind.GROUP),
        ("9/8", "far", "3", JobKind.JOB),
        ("4", "hidden", None, JobKind.GROUP),
        ("5", "nothing yet", None, JobKind.GROUP),
        ("6", "last", None, JobKind.JOB),
    ]
    by_name = {one.name: one.status for one in tree}
    assert (by_name["child"], by_name["hidden"]) == (ExternalStatus.RUNNING, ExternalStatus.FAILED)
    answers.by_path["/api/v4/projects/9/jobs/8/trace"] = b"far away\n"
    assert await log(backend, ExternalJobId("9/8")) == b"far away"


async def test_a_gitlab_before_19_2_calls_them_bridges_and_none_are_asked_for_twice(
    backend: GitLabBackend, answers: Answers, server: Any
) -> None:
    answers.by_path[f"{PROJECT}/pipelines/31/jobs"] = [job(1, "one")]
    answers.by_path[f"{PROJECT}/pipelines/31/bridges"] = []
    for _ in range(2):
        assert [one.name for one in (await backend.jobs(TARGET, RUN)).jobs] == ["one"]
    kinds = [path.rpartition("/")[2] for path in paths(server)]
    assert kinds == ["jobs", "trigger_jobs", "bridges", "jobs"]


async def test_children_that_are_their_own_parents_end(backend: GitLabBackend, answers: Answers, server: Any) -> None:
    again = {"id": 31, "project_id": 7, "status": "running"}
    has_jobs(answers, starters=[job(1, "again", downstream_pipeline=again)])
    await backend.jobs(TARGET, RUN)
    assert len(server.requests) < 40


async def test_a_manual_job_waits_only_while_its_pipeline_does(backend: GitLabBackend, answers: Answers) -> None:
    over = {"pipeline": {"id": 31, "project_id": 7, "status": "success"}}
    has_jobs(answers, job(1, "approve", "manual", allow_failure=False), job(2, "extra", "manual", **over))
    approve, extra = (await backend.jobs(TARGET, RUN)).jobs
    assert approve.gate is not None
    assert (approve.gate.id, approve.gate.kind, approve.status) == (
        "job:1",
        GateKind.MANUAL_JOB,
        ExternalStatus.WAITING,
    )
    assert extra.gate is None


@pytest.mark.parametrize("answers_it", [False, True])
async def test_a_blocked_deployment_says_how_many_approvals_are_missing(
    answers_it: bool, answers: Answers, server: Any, connect: Any
) -> None:
    backend = connect(server.url, approves_deployments=answers_it)
    has_jobs(answers, job(1, "deploy", "manual"))
    listed = {"id": 15, "deployable": {"id": 1}, "environment": {"name": "production"}}
    answers.by_path[f"{PROJECT}/deployments"] = [listed, {"id": 16, "deployable": {}, "environment": {}}]
    answers.by_path[f"{PROJECT}/deployments/15"] = listed | {"pending_approval_count": 2}
    (deploy,) = (await backend.jobs(TARGET, RUN)).jobs
    assert deploy.gate is not None
    assert (deploy.gate.kind, deploy.gate.title) == (GateKind.DEPLOYMENT, "production")
    assert deploy.gate.waits_for == "approval of the deployment to production (2 more)"
    assert deploy.gate.verdicts == (frozenset(GateVerdict) if answers_it else frozenset())

    answers.by_path[f"{PROJECT}/deployments/15/approval"] = {"status": "approved"}
    await backend.answer(TARGET, RUN, deploy.gate.id, GateVerdict.STOP, comment=" because ")
    (post,) = server.sent()
    assert json.loads(post.body) == {"status": "rejected", "comment": "because"}


async def test_an_answer_that_comes_too_late_or_is_none(backend: GitLabBackend, answers: Answers, server: Any) -> None:
    answers.by_path[f"{PROJECT}/jobs/1/play"] = (400, {"message": "400 Bad request - Unplayable Job"})
    answers.by_path[f"{PROJECT}/jobs/2/play"] = (403, {"message": "403 Forbidden"})
    for gate, error in [
        ("job:1", GateClosed), ("job:2", BackendDenied), ("job:3", ExternalGone), ("job:../4", BackendDenied),
        ("other:1", BackendDenied), ("", BackendDenied), ("deployment:x", BackendDenied),
    ]:  # fmt: skip
        with pytest.raises(error):
            await backend.answer(TARGET, RUN, gate, GateVerdict.GO, comment="")  # type: ignore[arg-type]
    assert [urlsplit(post.path).query for post in server.sent()] == ["", "", ""]


@pytest.mark.parametrize("status", [200, 201])
async def test_cancelling_with_force_cuts_off_what_still_cleans_up(
    status: int, backend: GitLabBackend, answers: Answers, server: Any
) -> None:
    answers.by_path[f"{PROJECT}/pipelines/31/cancel"] = (status, pipeline())
    answers.by_path[f"{PROJECT}/jobs/2/cancel"] = (status, {})
    has_jobs(answers, job(1, "done"), job(2, "cleans up", "canceling"))
    await backend.cancel(TARGET, RUN)
    assert len(server.sent()) == 1
    await backend.cancel(TARGET, RUN, force=True)
    assert [(urlsplit(post.path).path, json.loads(post.body)) for post in server.sent()[1:]] == [
        (f"{PROJECT}/pipelines/31/cancel", {}),
        (f"{PROJECT}/jobs/2/cancel", {"force": True}),
    ]


async def test_cancelling_with_force_reaches_the_pipelines_below(
    backend: GitLabBackend, answers: Answers, server: Any
) -> None:
    """One that may not be cut off, or not be seen, keeps none of the others from it; and it is told."""
    answers.by_path[f"{PROJECT}/pipelines/31/cancel"] = pipeline()
    child, other = {"id": 40, "project_id": 7}, {"id": 50, "project_id": 9}
    hidden, deeper = {"id": 60, "project_id": 10}, {"id": 41, "project_id": 7}
    starters = [job(n, "s", downstream_pipeline=one) for n, one in ((2, hidden), (3, other), (4, child))]
    has_jobs(answers, job(1, "top", "canceling"), starters=starters)
    has_jobs(answers, job(7, "inner", "canceling"), starters=[job(8, "s", downstream_pipeline=deeper)], run="40")
    has_jobs(answers, job(9, "innermost", "canceling"), job(10, "done"), run="41")
    has_jobs(answers, job(11, "far", "canceling"), run="50", place="/api/v4/projects/9")
    for path in (f"{PROJECT}/jobs/1", f"{PROJECT}/jobs/7", f"{PROJECT}/jobs/9"):
        answers.by_path[f"{path}/cancel"] = {}
    answers.by_path["/api/v4/projects/9/jobs/11/cancel"] = (403, {"message": "403 Forbidden"})
    with pytest.raises(BackendDenied, match="for force Maintainer"):
        await backend.cancel(TARGET, RUN, force=True)
    forced = [urlsplit(post.path).path for post in server.sent() if json.loads(post.body) == {"force": True}]
    assert sorted(forced) == sorted(
        [f"{PROJECT}/jobs/1/cancel", f"{PROJECT}/jobs/7/cancel", f"{PROJECT}/jobs/9/cancel",
         "/api/v4/projects/9/jobs/11/cancel"]
    )  # fmt: skip


# --- logs and results ------------------------------------------------------------------------------------------------


async def log(backend: GitLabBackend, number: ExternalJobId = ExternalJobId("1")) -> bytes:  # noqa: B008 - a text
    return b"".join([piece async for piece in backend.logs(TARGET, RUN, number)])


async def test_an_erased_log_and_one_that_is_still_empty(backend: GitLabBackend, answers: Answers) -> None:
    answers.by_path[f"{PROJECT}/jobs/1/trace"] = b""
    answers.by_path[f"{PROJECT}/jobs/1"] = job(1, "one", erased_at=NOW.isoformat())
    with pytest.raises(LogsNotReady, match="erased"):
        await log(backend)
    answers.by_path[f"{PROJECT}/jobs/1"] = job(1, "one", "pending")
    with pytest.raises(LogsNotReady, match="nothing"):
        await log(backend)
    with pytest.raises(LogsNotReady):
        await log(backend, ExternalJobId("2"))


@pytest.mark.parametrize(("status", "error"), [(403, BackendDenied), (401, BackendDenied), (502, BackendUnreachable)])
async def test_a_log_that_is_not_given(
    status: int, error: type[Exception], backend: GitLabBackend, answers: Answers
) -> None:
    answers.by_path[f"{PROJECT}/jobs/1/trace"] = (status, {"message": "no"})
    with pytest.raises(error):
        await log(backend)


async def test_a_log_beyond_the_limit_is_cut_visibly(answers: Answers, server: Any, connect: Any) -> None:
    answers.by_path[f"{PROJECT}/jobs/1/trace"] = b"x" * 5_000
    given = await log(connect(server.url, log_limit=1024))
    assert given.startswith(b"x" * 1024 + b"\nERROR: Daytwo has cut")


async def test_a_log_that_breaks_off_is_not_taken_for_whole(serve: Any, connect: Any) -> None:
    def play(_: Any, line: Any) -> None:
        line.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        line.hangup()

    with pytest.raises(BackendUnreachable):
        await log(connect(serve(play).url))


def archive(name: str = "result.json", content: bytes = b'{"version": "1.2"}') -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as opened:
        opened.writestr(name, content)
    return packed.getvalue()


def leaves(number: int, **change: Any) -> dict[str, Any]:
    return job(number, "build", artifacts_file={"filename": "daytwo-result.zip", "size": 100}, **change)


async def test_results_of_the_latest_are_fetched_from_a_store_without_our_credential(
    backend: GitLabBackend, answers: Answers, serve: Any, token: str
) -> None:
    store = serve(lambda _, line: line.answer(200, archive()))

    class Moved(Answers):
        def __call__(self, request: Any, line: Any) -> None:
            if request.path.endswith("/artifacts"):
                line.answer(302, None, Location=f"{store.url}/signed?secret")
            else:
                answers(request, line)

    other = serve(Moved())
    answers.by_path[f"{PROJECT}/pipelines/31/jobs"] = [leaves(2), leaves(5), job(9, "z", artifacts_file={})]
    moved = GitLabBackend(backend._settings.model_copy(update={"base": other.url}), observe=lambda *_: None)
    assert await moved.outputs(TARGET, RUN) == {"version": "1.2"}
    moved.close()
    assert [request.path for request in other.requests if "artifacts" in request.path] == [
        f"{PROJECT}/jobs/5/artifacts"
    ]
    (fetched,) = store.requests
    assert token not in repr(fetched)


@pytest.mark.parametrize(
    "body", [b"", b"no zip", archive("other.json"), archive("../result.json"), archive(content=b"[" * 9_000)], ids=len
)
async def test_results_that_cannot_be_taken_say_why(body: bytes, backend: GitLabBackend, answers: Answers) -> None:
    answers.by_path[f"{PROJECT}/pipelines/31/jobs"] = [leaves(2)]
    answers.by_path[f"{PROJECT}/jobs/2/artifacts"] = body
    with pytest.raises(OutputsUnusable, match=r"^The results that job 2 of .* cannot be used: .*\. Nothing was taken"):
        await backend.outputs(TARGET, RUN)


async def test_results_that_are_gone_are_told_apart_from_none(backend: GitLabBackend, answers: Answers) -> None:
    answers.by_path[f"{PROJECT}/pipelines/31/jobs"] = [leaves(2)]
    with pytest.raises(OutputsUnusable, match="expired or were deleted"):
        await backend.outputs(TARGET, RUN)
    answers.by_path[f"{PROJECT}/pipelines/31/jobs"] = [job(2, "build")]
    assert await backend.outputs(TARGET, RUN) is None


async def test_why_a_job_without_a_log_has_failed(backend: GitLabBackend, answers: Answers) -> None:
    answers.by_path[f"{PROJECT}/jobs/1"] = job(1, "one", "failed", failure_reason="no_matching_runner")
    assert list(await backend.annotations(TARGET, ExternalJobId("1"))) == [
        "one: no runner has its tags (no_matching_runner)"
    ]
