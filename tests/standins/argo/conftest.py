"""An Argo stand-in for the tests of this folder, with templates, tokens and a client."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from described import FOLDER

from daytwo_standins.argo.testing import RunningStandin, eventually, start_standin

TOKEN = "standin-token-of-the-bot"
READER = "standin-token-of-the-reader"
NARROW = "standin-token-of-somebody-in-one-namespace"
TOKENS = [
    {"login": "daytwo-bot", "token": TOKEN},
    {"login": "reader", "token": {"env": "TEST_READER_TOKEN"}, "permissions": ["read"]},
    {"login": "narrow", "token": NARROW, "namespaces": ["instant"]},
]

DEPLOY = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata:
  name: deploy
  labels: {team: shop}
  annotations: {workflows.argoproj.io/description: "Deploys a version."}
spec:
  entrypoint: main
  arguments:
    parameters:
    - {name: version, description: what to deploy}
    - {name: environment, default: staging, enum: [staging, production]}
    - {name: count, value: 3}
  templates:
  - name: main
    inputs: {parameters: [{name: version}]}
    steps:
    - - name: test
        template: test
        arguments: {parameters: [{name: version, value: "{{inputs.parameters.version}}"}]}
      - name: greet
        template: greet
    - - name: deploy
        template: deploy
        arguments: {parameters: [{name: number, value: "{{steps.test.outputs.parameters.number}}"}]}
  - name: test
    inputs: {parameters: [{name: version}]}
    outputs: {parameters: [{name: number, globalName: number, valueFrom: {path: /tmp/number.txt}}]}
    script:
      image: alpine
      command: [sh]
      env: [{name: VERSION, value: "{{inputs.parameters.version}}"}]
      source: |
        echo "testing $VERSION of {{workflow.name}} as $(id -u >/dev/null && echo somebody)"
        echo "a warning" >&2
        env | grep -c STANDIN_CANARY
        printf 7 > /tmp/number.txt
  - name: greet
    container:
      image: alpine
      command: [sh, -c]
      args: ['echo "hello from $GREETING for {{workflow.parameters.environment}}"']
      env: [{name: GREETING, valueFrom: {configMapKeyRef: {name: words, key: greeting}}}]
  - name: deploy
    inputs: {parameters: [{name: number}]}
    container: {image: alpine, command: [echo], args: ["number {{inputs.parameters.number}}"]}
"""

FAILING = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: failing}
spec:
  entrypoint: main
  arguments: {parameters: [{name: marks}]}
  onExit: bye
  templates:
  - name: main
    dag:
      tasks:
      - {name: good, template: good}
      - {name: bad, template: bad, dependencies: [good]}
      - {name: never, template: good, dependencies: [bad]}
  - name: good
    script: {image: any, command: [sh], source: "echo good >> '{{workflow.parameters.marks}}'"}
  - name: bad
    script:
      image: any
      command: [sh]
      source: |
        echo "about to fail"
        [ -e '{{workflow.parameters.marks}}.mended' ] && exit 0
        exit 3
  - name: bye
    script: {image: any, command: [sh], source: "echo '{{workflow.status}}' >> '{{workflow.parameters.marks}}.bye'"}
"""

GATED = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: gated}
spec:
  entrypoint: main
  arguments: {parameters: [{name: gate}, {name: stubborn, value: "false"}]}
  onExit: bye
  templates:
  - name: main
    steps: [[{name: wait, template: wait}]]
  - name: wait
    script:
      image: any
      command: [sh]
      env: [{name: GATE, value: "{{workflow.parameters.gate}}"}]
      source: |
        if [ '{{workflow.parameters.stubborn}}' = true ]; then trap '' TERM; fi
        echo $$ > "$GATE.pid"
        echo "waiting"
        until [ -e "$GATE" ]; do sleep 0.05; done
        echo ran >> "$GATE.done"
        echo "passed"
  - name: bye
    script: {image: any, command: [sh], source: "touch '{{workflow.parameters.gate}}.bye'"}
---
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: approved}
spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - - {name: approve, template: approve}
    - - {name: go, template: go, when: "{{steps.approve.outputs.parameters.answer}} == YES"}
  - name: approve
    suspend: {}
    inputs: {parameters: [{name: answer, default: "NO", enum: ["YES", "NO"]}]}
    outputs: {parameters: [{name: answer, valueFrom: {supplied: {}, default: "NO"}}]}
  - name: go
    container: {image: any, command: [echo], args: [gone]}
"""

ECHO = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: echo}
spec:
  entrypoint: main
  arguments: {parameters: [{name: text, value: nothing}]}
  templates:
  - name: main
    inputs: {parameters: [{name: text}]}
    container: {image: any, command: [printf, '%s\\n'], args: ["{{inputs.parameters.text}}"]}
"""
SHARED = """\
apiVersion: argoproj.io/v1alpha1
kind: ClusterWorkflowTemplate
metadata: {name: shared}
spec:
  entrypoint: main
  arguments: {parameters: [{name: text}]}
  templates:
  - name: main
    steps: [[{name: say, templateRef: {name: shared, template: say, clusterScope: true}}]]
  - name: say
    container: {image: any, command: [echo], args: ["shared {{workflow.parameters.text}}"]}
"""
FILES = {"deploy.yaml": DEPLOY, "failing.yml": FAILING, "gated.yaml": GATED, "echo.yaml": ECHO}


@pytest.fixture(scope="session")
def specs() -> Path:
    """The folder with Argo's description and samples; what needs it is left out where it is not at hand."""
    if not FOLDER.is_dir():
        pytest.skip("the descriptions are not at hand; name their folder by DAYTWO_SPECS")
    return FOLDER / "argo"


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStandin]:
    """The stand-in of this folder's tests."""
    with start_standin(
        tmp_path_factory.mktemp("argo"),
        {"argo": FILES, "instant": FILES, "scripted": FILES},
        tokens=TOKENS,
        cluster={"shared.yaml": SHARED},
        namespace_settings={
            "argo": {"config_maps": {"words": {"greeting": "the map"}}},
            "instant": {"executor": "instant"},
            "scripted": {"executor": "scripted", "archive": False},
        },
        settings={"grace": 0.5, "keep_alive": 0.2, "watch_seconds": 2},
        environment={"TEST_READER_TOKEN": READER, "STANDIN_CANARY": "the server's own"},
    ) as standin:
        yield standin


@pytest.fixture
def standin(running: RunningStandin) -> Iterator[RunningStandin]:
    """The stand-in, without the faults of the test before."""
    yield running
    running.control.clear_faults()


@pytest.fixture(scope="session")
def client(running: RunningStandin) -> Iterator[httpx.Client]:
    """Plain HTTP with the bot's token."""
    headers = {"authorization": f"Bearer {TOKEN}"}
    with httpx.Client(base_url=running.url, headers=headers, trust_env=False) as one:
        yield one


@pytest.fixture
def api(client: httpx.Client, standin: RunningStandin) -> httpx.Client:
    """The same, without the faults of the test before."""
    return client


Create = Callable[..., dict[str, Any]]


def body_of(template: str, name: str = "", *, cluster: bool = False, **parameters: str) -> dict[str, Any]:
    """What is sent to create a workflow."""
    reference = {"name": template, **({"clusterScope": True} if cluster else {})}
    given = [{"name": key, "value": value} for key, value in parameters.items()]
    metadata = {"name": name} if name else {"generateName": f"{template}-"}
    spec = {"workflowTemplateRef": reference, "arguments": {"parameters": given}}
    return {"workflow": {"metadata": {**metadata, "labels": {"daytwo.dev/run": "r1"}}, "spec": spec}}


@pytest.fixture
def create(api: httpx.Client) -> Create:
    """Create a workflow and give it."""

    def send(template: str, *, namespace: str = "argo", **more: Any) -> dict[str, Any]:
        answer = api.post(f"/api/v1/workflows/{namespace}", json=body_of(template, **more))
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    return send


Ended = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.fixture
def ended(api: httpx.Client) -> Ended:
    """Wait until a workflow has ended and give it."""

    def wait(created: dict[str, Any]) -> dict[str, Any]:
        path = f"/api/v1/workflows/{created['metadata']['namespace']}/{created['metadata']['name']}"

        def look() -> dict[str, Any] | None:
            found: dict[str, Any] = api.get(path).json()
            return found if found["status"].get("phase") in {"Succeeded", "Failed", "Error"} else None

        found: dict[str, Any] = eventually(look)
        return found

    return wait


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Path]:
    """A gate that a gated workflow waits for; opened at the end, so that nothing waits on."""
    path = tmp_path / "gate"
    yield path
    path.touch()
