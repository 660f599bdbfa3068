"""Reading, stopping, logs and events, against a server that shows workflows and misbehaves as told."""

import asyncio
import json
from collections.abc import Callable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.actions.backends.argo.test_argo_creation import CORR, MARKER, frozen

from daytwo_actions.backends.argo.backend import ArgoBackend
from daytwo_actions.backends.argo.job_log import CUT
from daytwo_actions.backends.base import Hint, Target
from daytwo_actions.backends.failures import (
    BackendDenied,
    BackendUnreachable,
    ExternalGone,
    GateClosed,
    LogsNotReady,
    WebhookRefused,
)
from daytwo_actions.backends.some import Streaming
from daytwo_actions.backends.tree import GateId, GateVerdict
from daytwo_standins.argo.fields import trimmed
from daytwo_store.ids import ExternalJobId, ExternalRunId

pytestmark = pytest.mark.anyio

TARGET = Target(project="shop", pipeline="deploy", ref="")
NAME = f"dt-{CORR}"
RUN = ExternalRunId(f"{NAME}:u-1")
SINCE = datetime(2026, 3, 1, 9, 59, tzinfo=UTC)
NOT_FOUND = {"code": 5, "message": f'workflows.argoproj.io "{NAME}" not found'}
DATE = "Sun, 01 Mar 2026 10:00:30 GMT"


def ours(phase: str = "Running", *, corr: str = CORR, uid: str = "u-1", **status: Any) -> dict[str, Any]:
    """Our workflow, as the server shows it."""
    document: dict[str, Any] = json.loads(frozen().body)["workflow"]
    if corr != CORR:
        document = json.loads(json.dumps(document).replace(CORR, corr))
    document["metadata"] |= {"uid": uid, "creationTimestamp": "2026-03-01T10:00:00Z"}
    return document | {"status": {"phase": phase} | status}


def pod(phase: str = "Succeeded", **change: Any) -> dict[str, Any]:
    return {"id": f"{NAME}-7", "name": f"{NAME}.ship", "type": "Pod", "templateName": "t", "phase": phase} | change


def gate(phase: str = "Running") -> dict[str, Any]:
    return {"id": f"{NAME}-9", "name": f"{NAME}.ok", "displayName": "ok", "type": "Suspend", "phase": phase}


def having(*nodes: dict[str, Any]) -> dict[str, Any]:
    return {"nodes": {node["id"]: node for node in nodes}}


class Server:
    """Answers by path; what is not there is 404."""

    def __init__(self, **routes: Any) -> None:
        self.routes: dict[tuple[str, str], Any] = {}

    def at(self, path: str, *answer: Any, method: str = "GET", **headers: str) -> "Server":
        self.routes[method, path] = (answer, headers)
        return self

    def __call__(self, request: Any, line: Any) -> None:
        found = self.routes.get((request.method, urlsplit(request.path).path))
        if found is None:
            line.answer(404, NOT_FOUND, Date=DATE)
            return
        (first, *rest), headers = found
        if callable(first):
            first(request, line)
        else:
            line.answer(first, *rest, **headers)


ONE = f"/api/v1/workflows/shop/{NAME}"
ARCHIVE = "/api/v1/archived-workflows"


def asked(server: Any) -> list[str]:
    return [urlsplit(one.path).path for one in server.requests]


def query(server: Any, number: int = -1) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(server.requests[number].path).query).items()}


@pytest.fixture
def at(serve: Any, connect: Any) -> Callable[..., tuple[ArgoBackend, Any]]:
    def start(script: Any, **settings: Any) -> tuple[ArgoBackend, Any]:
        server = serve(script)
        return connect(server.url, **settings), server

    return start


# --- resolve ---------------------------------------------------------------------------------------------------------


def template(name: str = "deploy", *, uid: str = "t-1", generation: int = 3, **spec: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "shop", "uid": uid, "generation": generation, "resourceVersion": "99"}
    return {"metadata": metadata, "spec": {"entrypoint": "main"} | spec}


TEMPLATE = "/api/v1/workflow-templates/shop/deploy"
LIB = "/api/v1/cluster-workflow-templates/lib"
USES: dict[str, Any] = {
    "templates": [{"name": "main", "steps": [[{"templateRef": {"name": "lib", "clusterScope": True}}]]}]
}


async def test_a_template_is_pinned_by_identity_version_and_content(at: Any) -> None:
    server = Server().at(TEMPLATE, 200, template())
    backend, _ = at(server)
    first = await backend.resolve(TARGET)
    assert (first.project_id, first.pipeline_id, first.commit, first.marked) == ("shop", "t-1", "generation 3", True)
    assert await backend.resolve(TARGET) == first
    for changed in (template(uid="t-2"), template(generation=4), template(serviceAccountName="admin")):
        server.at(TEMPLATE, 200, changed)
        assert await backend.resolve(TARGET) != first


async def test_what_a_template_uses_belongs_to_it(at: Any) -> None:
    server = Server().at(TEMPLATE, 200, template(**USES)).at(LIB, 200, template("lib", entrypoint="a"))
    backend, _ = at(server)
    first = await backend.resolve(TARGET)
    server.at(LIB, 200, template("lib", entrypoint="b"))
    assert (await backend.resolve(TARGET)).pipeline_digest != first.pipeline_digest
    server.at(LIB, 404, NOT_FOUND)
    with pytest.raises(BackendDenied, match="ClusterWorkflowTemplate lib"):
        await backend.resolve(TARGET)


async def test_a_template_that_asks_before_it_works_is_fenced(at: Any) -> None:
    asks = {"name": "ship", "script": {"command": ["sh", "-e"], "source": "curl -f $D/ci/claim\n./ship.sh"}}
    called = {"name": "ship", "templateRef": {"name": "lib", "template": "ship"}}
    server = Server().at(TEMPLATE, 200, template(templates=[{"name": "main", "steps": [[called]]}]))
    server.at("/api/v1/workflow-templates/shop/lib", 200, template("lib", templates=[asks]))
    backend, _ = at(server)
    pinned = await backend.resolve(TARGET)
    assert (pinned.fenced, pinned.lasting) == (True, True)
    assert (await backend.parameters(TARGET)).fenced
    works = {"name": "ship", "script": {"command": ["sh", "-e"], "source": "./ship.sh"}}
    brief = {"secondsAfterSuccess": 10}
    server.at(TEMPLATE, 200, template(templates=[{"name": "main", "steps": [[called]]}], ttlStrategy=brief))
    server.at("/api/v1/workflow-templates/shop/lib", 200, template("lib", templates=[works]))
    pinned = await backend.resolve(TARGET)
    assert (pinned.fenced, pinned.lasting) == (False, False)
    assert not (await backend.parameters(TARGET)).fenced


async def test_templates_that_use_each_other_come_to_an_end(at: Any) -> None:
    server = Server().at(TEMPLATE, 200, template(**USES))
    server.at(LIB, 200, template("lib", templates=[{"templateRef": {"name": "deploy"}}]))
    backend, scripted = at(server)
    await backend.resolve(TARGET)
    assert len(scripted.requests) == 2


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (Target(project="shop", pipeline="deploy", ref="main"), "take `ref` out"),
        (Target(project="../x", pipeline="deploy", ref=""), "is not a namespace"),
        (Target(project="shop", pipeline="%2e%2e", ref=""), "is not the name of a template"),
        (Target(project="shop", pipeline="a\r\nX: y", ref=""), "is not the name of a template"),
    ],
)
async def test_bad_names_ask_nothing(at: Any, target: Target, said: str) -> None:
    backend, server = at(Server())
    for ask in (backend.resolve, backend.parameters):
        with pytest.raises(BackendDenied, match=said):
            await ask(target)
    assert server.requests == []


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        ((401, {"code": 16, "message": "token not valid"}), BackendDenied, "put a new token into its file"),
        ((403, {"code": 7, "message": "forbidden"}), BackendDenied, "connect-argo-workflows"),
        ((404, NOT_FOUND), BackendDenied, "does not exist in this namespace"),
        ((500, None), BackendUnreachable, "asked again"),
        ((200, b"<html>sign in</html>"), BackendUnreachable, "not what Argo Workflows's API documents"),
        ((200, b'{"metadata": {"name"'), BackendUnreachable, "not what"),
        ((200, {"metadata": {"name": 17}}), BackendUnreachable, "at metadata.name"),
        ((302, None), BackendDenied, "not followed"),
    ],
)
async def test_reads_that_fail(at: Any, answer: Any, error: type[Exception], said: str, token: str) -> None:
    backend, server = at(Server().at(TEMPLATE, *answer))
    with pytest.raises(error, match=said) as failed:
        await backend.resolve(TARGET)
    assert token not in str(failed.value)
    assert len(server.requests) == 1


async def test_fifty_megabytes_are_not_read(at: Any) -> None:
    def flood(_: Any, line: Any) -> None:
        line.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 52428800\r\n\r\n")
        for _part in range(50):
            line.raw(b" " * 1_048_576)

    backend, _ = at(Server().at(TEMPLATE, flood), answer_limit=1_000_000)
    with pytest.raises(BackendUnreachable, match="more than 1000000 bytes"):
        await backend.resolve(TARGET)


# --- find ------------------------------------------------------------------------------------------------------------


async def test_ours_is_found_alive(at: Any) -> None:
    backend, server = at(Server().at(ONE, 200, ours(), Date=DATE))
    listing = await backend.find(MARKER, SINCE)
    assert [(one.id, one.status.value) for one in listing.found] == [(RUN, "running")]
    assert listing.complete
    assert listing.server_time == datetime(2026, 3, 1, 10, 0, 30, tzinfo=UTC)
    assert asked(server) == [ONE]


async def test_ours_is_found_in_the_archive(at: Any) -> None:
    part = {"metadata": {"name": NAME, "uid": "u-1", "namespace": "shop"}}
    copy = {"metadata": {"name": f"{NAME}-copy", "uid": "u-2"}}
    server = Server().at(ARCHIVE, 200, {"items": [copy, part]}).at(f"{ARCHIVE}/u-1", 200, ours("Succeeded"))
    backend, scripted = at(server)
    listing = await backend.find(MARKER, SINCE)
    assert [(one.id, one.status.value) for one in listing.found] == [(RUN, "succeeded")]
    assert query(scripted, 1)["listOptions.labelSelector"] == f"daytwo.io/run={CORR}"


@pytest.mark.parametrize("archive", [(200, {"items": None}), (200, {}), (501, None)])
async def test_nothing_alive_and_nothing_archived_proves_absence(at: Any, archive: Any) -> None:
    backend, _ = at(Server().at(ARCHIVE, *archive))
    listing = await backend.find(MARKER, SINCE)
    assert (listing.found, listing.complete) == ((), True)
    assert listing.server_time is not None


@pytest.mark.parametrize(
    "change",
    [
        lambda it: it["metadata"].update(labels={}),
        lambda it: it["metadata"].update(creationTimestamp="2026-03-01T09:58:59Z"),
        lambda it: it["metadata"].update(creationTimestamp=None),
        lambda it: it["spec"].update(workflowTemplateRef={"name": "other"}),
        lambda it: it["spec"]["arguments"].update(parameters=[]),
    ],
)
async def test_one_with_our_name_that_is_not_ours_proves_nothing(at: Any, change: Any) -> None:
    shown = ours()
    change(shown)
    backend, _ = at(Server().at(ONE, 200, shown))
    listing = await backend.find(MARKER, SINCE)
    assert (listing.found, listing.complete) == ((), False)


@pytest.mark.parametrize("status", [500, 503])
async def test_silence_proves_nothing(at: Any, status: int) -> None:
    for server in (Server().at(ONE, status), Server().at(ARCHIVE, status)):
        backend, _ = at(server)
        with pytest.raises(BackendUnreachable):
            await backend.find(MARKER, SINCE)


# --- read ------------------------------------------------------------------------------------------------------------


async def test_a_thousand_runs_are_twenty_requests(at: Any) -> None:
    corrs = [f"{number:020d}".replace("0", "a") for number in range(2, 1_002)]

    def listing(request: Any, line: Any) -> None:
        selector = parse_qs(urlsplit(request.path).query)["listOptions.labelSelector"][0]
        wanted = selector.partition("(")[2].rstrip(")").split(",")
        line.answer(200, {"metadata": {}, "items": [ours(corr=one, uid=f"u-{one}") for one in wanted]})

    backend, server = at(Server().at("/api/v1/workflows/shop", listing))
    runs = [ExternalRunId(f"dt-{corr}:u-{corr}") for corr in corrs]
    states = await backend.read([(TARGET, run) for run in runs])
    assert [state.id for state in states] == runs
    assert len(server.requests) == 20
    assert all(len(one.path) < 4_000 for one in server.requests)


async def test_what_is_not_listed_is_asked_for_alone_and_in_the_archive(at: Any) -> None:
    other = ExternalRunId("dt-bbbb:u-9")
    by_hand = ExternalRunId("hello")
    server = Server().at("/api/v1/workflows/shop", 200, {"items": [ours(uid="u-newer")]})
    server.at(ONE, 200, ours(uid="u-newer")).at(f"{ARCHIVE}/u-1", 200, ours("Failed"))
    server.at("/api/v1/workflows/shop/hello", 200, ours(corr="x") | {"metadata": {"name": "hello", "uid": "h"}})
    backend, _ = at(server)
    states = await backend.read([(TARGET, RUN), (TARGET, other), (TARGET, by_hand)])
    assert [state and state.status.value for state in states] == ["failed", None, "running"]
    assert states[2].id == "hello:h"


async def test_workflows_that_are_too_large_together_are_listed_without_nodes(at: Any) -> None:
    def listing(request: Any, line: Any) -> None:
        large = "items.status.nodes" in parse_qs(urlsplit(request.path).query)["fields"][0]
        pad = {"message": "x" * 30_000} if large else {}
        line.answer(200, {"items": [ours(**pad), ours(corr="bbbb", uid="u-2")]})

    backend, server = at(Server().at("/api/v1/workflows/shop", listing), answer_limit=20_000)
    states = await backend.read([(TARGET, RUN), (TARGET, ExternalRunId("dt-bbbb:u-2"))])
    assert [state.status.value for state in states] == ["running", "running"]
    assert len(server.requests) == 2


@pytest.mark.parametrize("limit", [20_000_000, 4_000])
async def test_a_retry_is_seen_in_a_listing_of_several_runs(
    at: Any, sample: Callable[[str], bytes], limit: int
) -> None:
    """A workflow that Argo itself has shown after its retry, in a listing with the fields that we ask for."""
    theirs = json.loads(sample("workflow.succeeded.steps.json").replace(b"steps-4k5vn", NAME.encode()))

    def listing(request: Any, line: Any) -> None:
        fields = parse_qs(urlsplit(request.path).query)["fields"][0]
        line.answer(200, trimmed({"items": [theirs, ours(corr="bbbb", uid="u-2")]}, fields))

    backend, _ = at(Server().at("/api/v1/workflows/shop", listing), answer_limit=limit)
    run = ExternalRunId(f"{NAME}:{theirs['metadata']['uid']}")
    state, other = await backend.read([(TARGET, run), (TARGET, ExternalRunId("dt-bbbb:u-2"))])
    assert state.updated_at == datetime(2024, 9, 19, 2, 43, 44, tzinfo=UTC)
    assert state.attempt == (2 if limit > 4_000 else 1), "without its nodes nobody can tell"
    assert other.attempt == 1


async def test_a_server_without_an_archive_has_none(at: Any) -> None:
    refused = {"code": 13, "message": "getting archived workflows not supported"}
    backend, _ = at(Server().at(f"{ARCHIVE}/u-1", 500, refused))
    assert await backend.read([(TARGET, RUN)]) == [None]
    with pytest.raises(ExternalGone, match="deleted"):
        await backend.jobs(TARGET, RUN)


async def test_one_namespace_that_does_not_answer_leaves_all_unknown(at: Any) -> None:
    backend, _ = at(Server().at(ONE, 200, ours()).at("/api/v1/workflows/other/dt-a", 503))
    with pytest.raises(BackendUnreachable):
        await backend.read([(TARGET, RUN), (Target(project="other", pipeline="x", ref=""), ExternalRunId("dt-a"))])


async def test_outputs_and_artifacts(at: Any) -> None:
    root = {"id": NAME, "name": NAME, "type": "Pod", "phase": "Succeeded", "outputs": {
        "parameters": [{"name": "url", "value": "https://x"}], "artifacts": [{"name": "report"}]}}  # fmt: skip
    backend, server = at(Server().at(ONE, 200, ours("Succeeded", **having(root))))
    assert await backend.outputs(TARGET, RUN) == {"url": "https://x"}
    (file,) = await backend.artifacts(TARGET, RUN)
    assert file.url == f"{server.url}/artifact-files/shop/workflows/{NAME}/{NAME}/outputs/report"


# --- stop and answer -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("force", "verb"), [(False, "stop"), (True, "terminate")])
async def test_stopping(at: Any, force: bool, verb: str) -> None:
    backend, server = at(Server().at(ONE, 200, ours()).at(f"{ONE}/{verb}", 200, ours(), method="PUT"))
    await backend.cancel(TARGET, RUN, force=force)
    assert asked(server) == [ONE, f"{ONE}/{verb}"]
    assert json.loads(server.requests[1].body) == {"namespace": "shop", "name": NAME}


async def test_one_that_has_ended_is_not_stopped_again(at: Any) -> None:
    backend, server = at(Server().at(ONE, 200, ours("Failed")))
    await backend.cancel(TARGET, RUN)
    assert asked(server) == [ONE]


async def test_one_that_ends_in_between_was_stopped(at: Any) -> None:
    server = Server().at(ONE, 200, ours())

    def ended(_: Any, line: Any) -> None:
        server.at(ONE, 200, ours("Succeeded"))
        line.answer(500, {"code": 13, "message": "cannot shutdown a completed workflow"})

    backend, _ = at(server.at(f"{ONE}/stop", ended, method="PUT"))
    await backend.cancel(TARGET, RUN)


async def test_stopping_that_fails_says_so(at: Any) -> None:
    server = Server().at(ONE, 200, ours())
    backend, scripted = at(server.at(f"{ONE}/stop", 403, {"code": 7, "message": "no"}, method="PUT"))
    with pytest.raises(BackendDenied, match="update and patch"):
        await backend.cancel(TARGET, RUN)
    assert len(scripted.sent("PUT")) == 1
    server.at(f"{ONE}/stop", lambda _, line: line.reset(), method="PUT")
    with pytest.raises(BackendUnreachable):
        await backend.cancel(TARGET, RUN)
    assert len(scripted.sent("PUT")) == 2


async def test_another_workflow_of_the_same_name_is_not_stopped(at: Any) -> None:
    backend, server = at(Server().at(ONE, 200, ours(uid="u-2")))
    with pytest.raises(ExternalGone):
        await backend.cancel(TARGET, RUN)
    assert server.sent("PUT") == []


@pytest.mark.parametrize(
    ("verdict", "verb", "more"), [(GateVerdict.GO, "resume", {}), (GateVerdict.STOP, "stop", {"message": "no\r\n!"})]
)
async def test_answering_a_gate(at: Any, verdict: GateVerdict, verb: str, more: dict[str, str]) -> None:
    server = Server().at(ONE, 200, ours(**having(gate()))).at(f"{ONE}/{verb}", 200, ours(), method="PUT")
    backend, scripted = at(server)
    await backend.answer(TARGET, RUN, GateId(f"{NAME}-9"), verdict, comment="no\r\n!")
    body = json.loads(scripted.requests[1].body)
    assert body == {"namespace": "shop", "name": NAME, "nodeFieldSelector": f"id={NAME}-9"} | more


@pytest.mark.parametrize("shown", [ours(**having(gate("Succeeded"))), ours(), ours("Failed", **having(gate()))])
async def test_nothing_waits_any_more(at: Any, shown: Any) -> None:
    backend, server = at(Server().at(ONE, 200, shown))
    with pytest.raises(GateClosed):
        await backend.answer(TARGET, RUN, GateId(f"{NAME}-9"), GateVerdict.GO, comment="")
    assert server.sent("PUT") == []


async def test_somebody_else_was_faster(at: Any) -> None:
    said = {"code": 13, "message": "currently, set only targets suspend nodes: no suspend nodes matching nodeField…"}
    server = Server().at(ONE, 200, ours(**having(gate()))).at(f"{ONE}/resume", 500, said, method="PUT")
    backend, _ = at(server)
    with pytest.raises(GateClosed):
        await backend.answer(TARGET, RUN, GateId(f"{NAME}-9"), GateVerdict.GO, comment="")


# --- logs ------------------------------------------------------------------------------------------------------------

LOG = f"{ONE}/log"
KEPT = f"/artifact-files/shop/workflows/{NAME}/{NAME}-7/outputs/main-logs"
ARCHIVED = "/artifact-files/shop/archived-workflows/u-1/" + f"{NAME}-7/outputs/main-logs"


def entries(*lines: str) -> bytes:
    return b"".join(json.dumps({"result": {"content": line, "podName": "p"}}).encode() + b"\n" for line in lines)


async def log_of(backend: ArgoBackend, job: str = f"{NAME}-7") -> bytes:
    return b"".join([piece async for piece in backend.logs(TARGET, RUN, ExternalJobId(job))])


async def test_the_log_of_a_pod(at: Any) -> None:
    server = Server().at(ONE, 200, ours(**having(pod("Running")))).at(LOG, 200, entries("one", "", "drei ✓"))
    backend, scripted = at(server)
    assert (await log_of(backend)).decode() == "one\n\ndrei ✓\n"
    assert query(scripted) == {"podName": f"{NAME}-7", "logOptions.container": "main"}
    assert scripted.requests[1].headers["accept"] == "application/json"


async def test_a_log_that_breaks_goes_on_where_it_was(at: Any) -> None:
    whole = entries(*(f"line {number}" for number in range(100)))
    tries: list[int] = []

    def broken(_: Any, line: Any) -> None:
        tries.append(1)
        part = whole[: 1_000 * len(tries)] if len(tries) < 3 else whole
        line.raw(f"HTTP/1.1 200 OK\r\nContent-Length: {len(whole)}\r\n\r\n".encode() + part)
        line.hangup()

    backend, _ = at(Server().at(ONE, 200, ours(**having(pod()))).at(LOG, broken))
    assert (await log_of(backend)).decode() == "".join(f"line {number}\n" for number in range(100))
    assert len(tries) == 3


async def test_a_log_that_always_breaks_is_asked_for_later(at: Any) -> None:
    backend, server = at(Server().at(ONE, 200, ours(**having(pod()))).at(LOG, lambda _, line: line.hangup()))
    with pytest.raises(BackendUnreachable, match="asked again"):
        await log_of(backend)
    assert len(server.requests) == 4


async def test_after_the_pod_the_kept_log_is_read(at: Any) -> None:
    kept = pod(outputs={"artifacts": [{"name": "main-logs"}]})
    server = Server().at(ONE, 200, ours("Succeeded", **having(kept))).at(LOG, 200, b"").at(KEPT, 200, b"kept\n")
    backend, _ = at(server)
    assert await log_of(backend) == b"kept\n"
    server.at(KEPT, 404).at(ARCHIVED, 200, b"archived\n")
    assert await log_of(backend) == b"archived\n"
    server.at(ARCHIVED, 404)
    with pytest.raises(LogsNotReady, match="lost the log"):
        await log_of(backend)


async def test_nothing_printed_is_told_from_nothing_left(at: Any) -> None:
    server = Server().at(ONE, 200, ours("Succeeded", **having(pod()))).at(LOG, 200, b"")
    backend, _ = at(server)
    assert await log_of(backend) == b""
    gone = ours("Succeeded", **having(pod()), storedWorkflowTemplateSpec={"podGC": {"strategy": "OnPodCompletion"}})
    server.at(ONE, 200, gone)
    with pytest.raises(LogsNotReady, match="its pod is gone"):
        await log_of(backend)
    server.at(ONE, 200, ours(**having(pod("Running")), storedWorkflowTemplateSpec={"podGC": {"strategy": "x"}}))
    assert await log_of(backend) == b""


@pytest.mark.parametrize(
    "node",
    [
        pod("Pending"),
        pod(""),
        pod("Skipped"),
        pod("Omitted"),
        pod(type="Steps"),
        pod("Running", type="Suspend"),
        gate(),
    ],
)
async def test_what_has_no_log(at: Any, node: dict[str, Any]) -> None:
    backend, server = at(Server().at(ONE, 200, ours(**having(node | {"id": f"{NAME}-7"}))))
    with pytest.raises(LogsNotReady):
        await log_of(backend)
    assert asked(server) == [ONE]


async def test_errors_within_the_log(at: Any) -> None:
    line = {"error": {"grpc_code": 13, "http_code": 500, "message": "container \r\n is creating"}}
    server = Server().at(ONE, 200, ours(**having(pod()))).at(LOG, 200, entries("one") + json.dumps(line).encode())
    backend, _ = at(server)
    with pytest.raises(BackendUnreachable, match="is creating"):
        await log_of(backend)
    gone = {"error": {"grpc_code": 5, "http_code": 404, "message": "pods not found"}}
    server.at(LOG, 200, json.dumps(gone).encode())
    assert await log_of(backend) == b""


async def test_a_log_is_cut_where_the_settings_say(at: Any) -> None:
    server = Server().at(ONE, 200, ours(**having(pod()))).at(LOG, 200, entries(*["x" * 500] * 10))
    backend, _ = at(server, log_limit=1_024)
    log = await log_of(backend)
    assert log.endswith(CUT)
    assert len(log) == 1_024 + len(CUT)


@pytest.mark.parametrize("job", ["../x", "", "a b", "a\r\nb"])
async def test_ids_that_are_none(at: Any, job: str) -> None:
    backend, server = at(Server().at(ONE, 200, ours()))
    with pytest.raises(BackendDenied):
        await log_of(backend, job)
    assert asked(server) == [ONE]


# --- events ----------------------------------------------------------------------------------------------------------

EVENTS = "/api/v1/workflow-events/shop"


def event(kind: str, version: int, phase: str) -> bytes:
    metadata = {"name": NAME, "namespace": "shop", "uid": "u-1", "resourceVersion": str(version)}
    told = {"result": {"type": kind, "object": {"metadata": metadata, "status": {"phase": phase}}}}
    return b"data: " + json.dumps(told).encode() + b"\n\n\n"


async def some(backend: Streaming, count: int, *projects: str) -> list[Hint]:
    found: list[Hint] = []
    async with asyncio.timeout(10), aclosing(backend.listen(projects or ("shop",))) as hints:  # type: ignore[type-var]
        async for hint in hints:
            found.append(hint)
            if len(found) == count:
                break
    return found


async def test_events_as_they_come(at: Any) -> None:
    def stream(_: Any, line: Any) -> None:
        line.raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n:\n")
        for piece in (event("ADDED", 1, ""), event("MODIFIED", 2, "Running")[:20]):
            line.raw(piece)
        line.raw(event("MODIFIED", 2, "Running")[20:] + b":\n" + event("MODIFIED", 3, "Succeeded"))
        line.hold()

    backend, server = at(Server().at(EVENTS, stream))
    assert isinstance(backend, Streaming)
    hints = await some(backend, 3)
    assert [(hint.run, hint.project_id, hint.event, hint.final) for hint in hints] == [
        (RUN, "shop", "workflow.created", False),
        (RUN, "shop", "workflow.running", False),
        (RUN, "shop", "workflow.succeeded", True),
    ]
    assert server.requests[0].headers["accept"] == "text/event-stream"
    assert query(server)["listOptions.labelSelector"] == "daytwo.io/run"


async def test_when_the_watch_ends_the_workflows_are_listed_and_watched_anew(at: Any) -> None:
    streams: list[int] = []

    def stream(_: Any, line: Any) -> None:
        streams.append(1)
        line.raw(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + event("ADDED", 1, "Running"))
        if len(streams) > 1:
            line.raw(event("MODIFIED", 3, "Succeeded"))
            line.hold()
        line.hangup()

    listed = ours("Running")
    listed["metadata"]["resourceVersion"] = "2"
    server = Server().at(EVENTS, stream).at("/api/v1/workflows/shop", 200, {"items": [listed]})
    backend, scripted = at(server)
    assert [hint.delivery for hint in await some(backend, 3)] == ["u-1:1:running", "u-1:2:running", "u-1:3:succeeded"]
    assert asked(scripted) == [EVENTS, "/api/v1/workflows/shop", EVENTS]


@pytest.mark.parametrize(("there", "read"), [(3, 3), (10_000, 20)])
async def test_the_list_after_a_watch_is_read_to_its_end_and_no_further_than_that(
    at: Any, there: int, read: int
) -> None:
    pages: list[str] = []

    def stream(_: Any, line: Any) -> None:
        line.raw(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        if pages:
            line.raw(event("ADDED", 1_000, "Running"))
            line.hold()
        line.hangup()

    def listed(request: Any, line: Any) -> None:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(request.path).query).items()}
        pages.append(asked.get("listOptions.continue", ""))
        one = ours("Running")
        one["metadata"]["resourceVersion"] = str(len(pages))
        more = "" if len(pages) == there else f"after {len(pages)}"
        line.answer(200, {"metadata": {"continue": more}, "items": [one]})

    backend, _ = at(Server().at(EVENTS, stream).at("/api/v1/workflows/shop", listed))
    hints = await some(backend, read + 1)
    assert [hint.delivery for hint in hints] == [f"u-1:{n}:running" for n in [*range(1, read + 1), 1_000]]
    assert pages == ["", *(f"after {n}" for n in range(1, read))]


@pytest.mark.parametrize(
    ("play", "error"),
    [
        ((403, {"code": 7, "message": "no"}), BackendDenied),
        ((503, None), BackendUnreachable),
        ((200, b'data: {"error":{"http_code":403,"message":"forbidden"}}\n\n'), BackendUnreachable),
        ((200, b"data: <html>\n\n"), BackendUnreachable),
        ((lambda _, line: line.hangup(),), BackendUnreachable),
        ((lambda _, line: line.reset(),), BackendUnreachable),
    ],
)
async def test_a_stream_that_cannot_be_had_is_told(at: Any, play: Any, error: type[Exception], token: str) -> None:
    backend, _ = at(Server().at(EVENTS, *play))
    with pytest.raises(error) as failed:
        await some(backend, 1)
    assert token not in str(failed.value)


async def test_a_version_that_is_too_old_begins_anew(at: Any) -> None:
    told: list[int] = []

    def stream(_: Any, line: Any) -> None:
        told.append(1)
        old = b'data: {"error":{"grpc_code":11,"http_code":410,"message":"too old resource version"}}\n\n'
        line.answer(200, old if len(told) == 1 else event("ADDED", 7, "Running"))

    backend, _ = at(Server().at(EVENTS, stream).at("/api/v1/workflows/shop", 200, {"items": None}))
    assert [hint.event for hint in await some(backend, 1)] == ["workflow.running"]


async def test_a_stream_that_falls_silent_is_given_up(at: Any) -> None:
    def stream(_: Any, line: Any) -> None:
        line.raw(b"HTTP/1.1 200 OK\r\n\r\n:\n")
        line.hold()

    backend, server = at(Server().at(EVENTS, stream), stream_silence=timedelta(seconds=0.3))
    with pytest.raises(BackendUnreachable, match="in time"):
        await some(backend, 1)
    assert len(server.requests) == 1


# --- listing, webhooks -----------------------------------------------------------------------------------------------


async def test_pipelines_of_the_namespace_and_of_the_cluster(at: Any) -> None:
    library = template("parts")
    del library["spec"]["entrypoint"]
    server = Server().at("/api/v1/workflow-templates/shop", 200, {"items": [template(), library]})
    server.at("/api/v1/cluster-workflow-templates", 200, {"items": [template("base")]})
    backend, scripted = at(server)
    found = {one.pipeline: one for one in await backend.pipelines("shop")}
    assert [(name, one.why_not is None) for name, one in found.items()] == [
        ("deploy", True), ("parts", False), ("cluster/base", True),
    ]  # fmt: skip
    assert found["cluster/base"].url == f"{scripted.url}/cluster-workflow-templates/base"
    page = await backend.names("pipelines", "shop", search="DE", cursor=None)
    assert (page.names, page.next_cursor) == (["deploy"], None)
    server.at("/api/v1/cluster-workflow-templates", 403, {"code": 7, "message": "no"})
    assert [one.pipeline for one in await backend.pipelines("shop")] == ["deploy", "parts"]


async def test_namespaces_where_they_may_be_seen(at: Any) -> None:
    items = [template(), {"metadata": {"name": "x", "namespace": "web"}}]
    server = Server().at("/api/v1/workflow-templates/", 200, {"items": items})
    backend, _ = at(server)
    assert (await backend.names("namespaces", "", search="", cursor=None)).names == ["shop", "web"]
    server.at("/api/v1/workflow-templates/", 403, {"code": 7, "message": "no"})
    with pytest.raises(BackendDenied, match="takes a role in the cluster"):
        await backend.names("namespaces", "", search="", cursor=None)
    with pytest.raises(BackendDenied, match="not branches"):
        await backend.names("branches", "shop", search="", cursor=None)


async def test_many_names_come_in_pages(at: Any) -> None:
    items = [template(f"t-{number:03d}") for number in range(150)]
    server = Server().at("/api/v1/workflow-templates/shop", 200, {"items": items})
    backend, _ = at(server)
    first = await backend.names("pipelines", "shop", search="", cursor=None)
    second = await backend.names("pipelines", "shop", search="", cursor=first.next_cursor)
    assert [*first.names, *second.names] == [f"t-{number:03d}" for number in range(150)]
    assert second.next_cursor is None


async def test_parameters_are_the_templates(at: Any) -> None:
    declared = [{"name": "version"}, {"name": "where", "enum": ["a", "b"], "value": "a"}]
    backend, _ = at(Server().at(TEMPLATE, 200, template(arguments={"parameters": declared})))
    found = await backend.parameters(TARGET)
    assert [(one.name, one.type.value, one.required, one.default) for one in found.inputs] == [
        ("version", "string", True, None),
        ("where", "choice", False, "a"),
    ]
    assert found.file == "deploy"


async def test_no_webhook_is_taken(at: Any) -> None:
    backend, _ = at(Server())
    with pytest.raises(WebhookRefused, match="/ci/report"):
        backend.webhook({}, b"{}")
    assert await backend.annotations(TARGET, ExternalJobId("x")) == ()
