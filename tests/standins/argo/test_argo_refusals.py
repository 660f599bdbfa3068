"""What is refused, with which code and in whose words; nothing of it was started."""

import copy
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from argo_streams import objects_in

from daytwo_standins.argo.testing import RunningStandin, start_standin

Create = Callable[..., dict[str, Any]]
ALL = "/api/v1/workflows/instant"


def _body(spec: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {"workflow": {"metadata": {"generateName": "x-", **metadata}, "spec": spec}}


def _own(*templates: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return _body({"entrypoint": "main", "templates": list(templates), **spec})


POD: dict[str, Any] = {"name": "main", "container": {"image": "any", "command": ["true"]}}


def _errors(specs: Path) -> dict[str, dict[str, Any]]:
    data = json.loads((specs / "errors.json").read_text(encoding="utf-8"))
    return {case["when"]: case for case in data["cases"]}


def test_a_name_that_is_taken(specs: Path, standin: RunningStandin, api: httpx.Client, create: Create) -> None:
    create("echo", namespace="instant", name="hint")
    before = len(standin.control.ledger())
    answer = api.post(ALL, json=_body({"workflowTemplateRef": {"name": "echo"}}, name="hint", generateName=""))
    wanted = _errors(specs)["create with a name that exists (no generateName)"]
    assert (answer.status_code, answer.json()) == (wanted["http"], wanted["body"])
    generated = api.post(ALL, json=_body({"workflowTemplateRef": {"name": "echo"}}, name="hint", generateName="hint-"))
    assert generated.status_code == 409
    assert "was not able to generate a unique name" in generated.json()["message"]
    assert len(standin.control.ledger()) == before


def test_of_many_at_once_one_gets_the_name(standin: RunningStandin, api: httpx.Client) -> None:
    before, body = len(standin.control.ledger()), _body({"workflowTemplateRef": {"name": "echo"}}, name="many")
    with ThreadPoolExecutor(8) as people:
        codes = list(people.map(lambda _: api.post(ALL, json=body).status_code, range(8)))
    assert sorted(codes) == [200] + [409] * 7
    assert len(standin.control.ledger()) == before + 1


def test_a_name_is_free_again_after_a_delete(api: httpx.Client, create: Create) -> None:
    first = create("echo", namespace="instant", name="twice")
    assert api.delete(f"{ALL}/twice").status_code == 200
    second = create("echo", namespace="instant", name="twice")
    assert first["metadata"]["uid"] != second["metadata"]["uid"]
    assert api.get(f"{ALL}/twice").json()["metadata"]["uid"] == second["metadata"]["uid"]


def test_who_may_not(specs: Path, standin: RunningStandin, api: httpx.Client) -> None:
    def ask(token: str, method: str, path: str) -> tuple[int, dict[str, Any]]:
        headers = {"authorization": token} if token else {}
        answer = httpx.request(method, f"{standin.url}{path}", headers=headers, json={}, trust_env=False)
        return answer.status_code, answer.json()

    wanted = _errors(specs)["no or bad token"]
    for token in ("", "Bearer nonsense", "Basic abc", "bearer"):
        assert ask(token, "GET", ALL) == (wanted["http"], wanted["body"])
    status, told = ask("Bearer standin-token-of-the-reader", "POST", ALL)
    assert (status, told["code"]) == (403, 7)
    assert told["message"] == (
        'workflows.argoproj.io is forbidden: User "system:serviceaccount:argo:reader" cannot create resource '
        '"workflows" in API group "argoproj.io" in the namespace "instant"'
    )
    assert ask("Bearer standin-token-of-the-reader", "GET", ALL)[0] == 200
    status, told = ask("Bearer standin-token-of-the-reader", "GET", f"{ALL}/x/log")
    assert (status, told["error"]["http_code"], told["error"]["grpc_code"]) == (200, 403, 7), "told in the stream"
    narrow = "Bearer standin-token-of-somebody-in-one-namespace"
    paths = (ALL, "/api/v1/workflows/argo", "/api/v1/workflows/", "/api/v1/workflow-templates/")
    assert [ask(narrow, "GET", path)[0] for path in paths] == [200, 403, 403, 403]
    archive = "/api/v1/archived-workflows"
    assert [ask(narrow, "GET", f"{archive}{more}")[0] for more in ("", "?namespace=argo", "?namespace=instant")] == [
        403,
        403,
        200,
    ]
    assert ask(narrow, "GET", "/api/v1/nothing")[1]["code"] == 5


def test_what_is_not_there(specs: Path, api: httpx.Client) -> None:
    wanted = _errors(specs)["unknown workflow"]
    answer = api.get(f"{ALL}/not-found")
    assert (answer.status_code, answer.json()) == (wanted["http"], wanted["body"])
    stream = api.get(f"{ALL}/not-found/log", headers={"accept": "text/event-stream"})
    assert (stream.status_code, objects_in(stream.text)[0]["error"]["message"]) == (200, wanted["body"]["message"])
    for path, kind in (
        ("/api/v1/workflow-templates/argo/none", "workflowtemplates"),
        ("/api/v1/cluster-workflow-templates/none", "clusterworkflowtemplates"),
    ):
        assert api.get(path).json()["message"] == f'{kind}.argoproj.io "none" not found'
    for body in (
        {"workflowTemplateRef": {"name": "none"}},
        {"workflowTemplateRef": {"name": "x", "clusterScope": True}},
    ):
        answer = api.post(ALL, json=_body(body))
        assert (answer.status_code, answer.json()["code"]) == (404, 5)
    assert api.post("/api/v1/workflows/nowhere", json=_own(POD)).status_code == 404


def test_parameters(specs: Path, standin: RunningStandin, api: httpx.Client) -> None:
    before = len(standin.control.ledger())
    reference = {"workflowTemplateRef": {"name": "deploy"}}
    wanted = _errors(specs)["validation (missing parameter, value not in enum, unknown resourceKind)"]
    answer = api.post(ALL, json=_body(reference))
    assert (answer.status_code, answer.json()["code"]) == (wanted["http"], wanted["body"]["code"])
    assert answer.json()["message"] == wanted["body"]["message"].replace("message", "version")
    parameters = [{"name": "version", "value": "1"}, {"name": "environment", "value": "moon"}]
    answer = api.post(ALL, json=_body({**reference, "arguments": {"parameters": parameters}}))
    assert answer.status_code == 400
    assert answer.json()["message"] == (
        "spec.arguments.environment.value should be present in spec.arguments.environment.enum list"
    )
    assert len(standin.control.ledger()) == before


@pytest.mark.parametrize(
    ("metadata", "text"),
    [
        ({"generateName": ""}, "name or generateName is required"),
        ({"name": "Upper"}, "RFC 1123"),
        ({"name": "../x"}, "RFC 1123"),
        ({"name": "a\r\nb"}, "RFC 1123"),
        ({"name": "x" * 64}, "must not be more than 63 characters long (currently 64)"),
        ({"labels": {"a": "two words"}}, "a valid label must be"),
        ({"labels": {"a": "x" * 64}}, "a valid label must be"),
        ({"namespace": "other"}, "does not match the namespace"),
    ],
)
def test_names(api: httpx.Client, metadata: dict[str, Any], text: str) -> None:
    answer = api.post(ALL, json=_body({"workflowTemplateRef": {"name": "echo"}}, **metadata))
    assert (answer.status_code, answer.json()["code"]) == (400, 3)
    assert text in answer.json()["message"]


def _with(**more: Any) -> dict[str, Any]:
    return {**copy.deepcopy(POD), **more}


def _steps(*steps: dict[str, Any]) -> dict[str, Any]:
    return {"name": "main", "steps": [list(steps)]}


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (_body({}), "spec.entrypoint is required"),
        (_own(), "spec.entrypoint template name 'main' undefined"),
        (_own(POD, onExit="none"), "spec.onExit template name 'none' undefined"),
        (_own({"name": "main"}), "must have exactly one of"),
        (_own(_with(http={"url": "http://x"})), "does not know `http`"),
        (_own(_with(inputs={"artifacts": [{"name": "a"}]})), "does not know `artifacts`"),
        (_own(POD, hooks={"exit": {}}), "spec.hooks: the stand-in does not know"),
        (_own(_steps({"name": "a", "template": "none"})), "templates.main.a template name 'none' undefined"),
        (_own(_with(container={"image": "x", "args": ["{{inputs.parameters.x}}"]})), "failed to resolve"),
        (_own(_with(container={"image": "x", "args": ["{{workflow.parameters.x}}"]})), "failed to resolve"),
        (_own(_with(container={"image": "x", "args": ["{{=1+1}}"]})), "does not evaluate expressions"),
        (
            _own({"name": "main", "dag": {"tasks": [{"name": "a", "inline": POD, "dependencies": ["b"]}]}}),
            "templates.main.tasks.a dependency 'b' not defined",
        ),
        (
            _own({"name": "main", "dag": {"tasks": [{"name": "a", "inline": POD, "depends": "a"}]}}),
            "dependency cycle detected: a",
        ),
    ],
)
def test_what_cannot_be_run(standin: RunningStandin, api: httpx.Client, body: dict[str, Any], text: str) -> None:
    before = len(standin.control.ledger())
    answer = api.post(ALL, json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, 3), answer.text
    assert text in answer.json()["message"]
    assert len(standin.control.ledger()) == before


@pytest.mark.parametrize("raw", [b"{", b"[]", b"{}", b'{"workflow": 1}', b'{"workflow": {"metadata": 1}}', b"\xff"])
def test_bodies_that_are_none(api: httpx.Client, raw: bytes) -> None:
    answer = api.post(ALL, content=raw, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, 3)


def test_a_dry_run_starts_nothing(standin: RunningStandin, api: httpx.Client) -> None:
    before = len(standin.control.ledger())
    body = {**_body({"workflowTemplateRef": {"name": "echo"}}, name="dry"), "serverDryRun": True}
    assert api.post(ALL, json=body).json()["metadata"]["name"] == "dry"
    assert len(standin.control.ledger()) == before
    assert api.get(f"{ALL}/dry").status_code == 404


def test_the_rate_limit(tmp_path: Path) -> None:
    tokens = [{"login": "bot", "token": "t"}]
    with start_standin(tmp_path, {}, tokens=tokens, settings={"rate_limit": 1}) as standin:
        headers = {"authorization": "Bearer t"}
        with httpx.Client(base_url=standin.url, headers=headers, trust_env=False) as client:
            answers = [client.get("/api/v1/version") for _ in range(6)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert (refused[0].json()["code"], refused[0].headers["x-rate-limit-limit"]) == (8, "1")
    assert int(refused[0].headers["retry-after"]) >= 1
