"""A template's parameters, and the programs that it puts them into."""

from collections.abc import Mapping
from typing import Any

import pytest

from daytwo_actions.backends.argo.wire.inputs import read_template, stays
from daytwo_actions.backends.pipelines import InputType, PipelineInput, PipelineInputs, Severity

FILE = "WorkflowTemplate deploy"


def template(*templates: Mapping[str, Any], parameters: list[Any] | None = None, **spec: Any) -> dict[str, Any]:
    return {"spec": {"arguments": {"parameters": parameters or []}, "templates": list(templates), **spec}}


def read(document: Mapping[str, Any]) -> PipelineInputs:
    return read_template(document, FILE)


def test_every_parameter_is_read() -> None:
    found = read(
        template(
            {"name": "x", "container": {"args": ["{{workflow.parameters.hidden}}", "{{workflow.parameters.version}}"]}},
            parameters=[
                {"name": "version", "description": "A tag"},
                {"name": "place", "enum": ["staging", "production"], "value": "staging"},
                {"name": "count", "value": 3},
                {"name": "other", "default": "a"},
                {"name": "map", "valueFrom": {"configMapKeyRef": {"name": "a", "key": "b"}}},
                {"name": "sup", "valueFrom": {"supplied": {}, "default": "b"}},
                {"name": "daytwo_run"},
                "odd",
                {"value": "nameless"},
            ],
        )
    )
    assert list(found.inputs) == [
        PipelineInput(name="version", type=InputType.STRING, required=True, description="A tag"),
        PipelineInput(
            name="place", type=InputType.CHOICE, required=False, default="staging", options=("staging", "production")
        ),
        PipelineInput(name="count", type=InputType.STRING, required=False, default="3"),
        PipelineInput(name="other", type=InputType.STRING, required=False, default="a"),
        PipelineInput(name="map", type=InputType.STRING, required=False),
        PipelineInput(name="sup", type=InputType.STRING, required=False, default="b"),
        PipelineInput(name="hidden", type=InputType.STRING, required=True),
    ]
    assert (found.file, found.marked, found.others) == (FILE, True, True)


@pytest.mark.parametrize("document", [{}, {"spec": None}, {"spec": []}, {"spec": {"arguments": [], "templates": {}}}])
def test_what_is_no_template_has_no_parameters(document: dict[str, Any]) -> None:
    assert read(document).inputs == ()


SAFE_ENV = [{"name": "V", "value": "{{inputs.parameters.v}}"}]
# Unsafe, and its safe twin.
TWINS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a script": (
        {"script": {"command": ["bash"], "source": "set -e\necho {{inputs.parameters.v}}"}},
        {"script": {"command": ["bash"], "source": 'set -e\necho "$V"', "env": SAFE_ENV}},
    ),
    "a command": (
        {"container": {"command": ["sh", "-c"], "args": ["echo {{workflow.parameters.v}}"]}},
        {"container": {"command": ["sh", "-c"], "args": ['echo "$1"', "sh", "{{workflow.parameters.v}}"]}},
    ),
    "an expression": (
        {"container": {"command": ["/bin/bash", "-ec", "echo {{=inputs.parameters['v']}}"]}},
        {"container": {"command": ["/bin/deploy", "-c", "{{=inputs.parameters['v']}}"]}},
    ),
    "a sidecar": (
        {"sidecars": [{"name": "s", "command": ["python3"], "args": ["-u", "-c", "print('{{inputs.parameters.v}}')"]}]},
        {"sidecars": [{"name": "s", "command": ["python3"], "args": ["main.py", "-c", "{{inputs.parameters.v}}"]}]},
    ),
    "a set": (
        {"containerSet": {"containers": [{"name": "a", "command": ["sh", "-c", "x {{workflow.parameters}}"]}]}},
        {"containerSet": {"containers": [{"name": "a", "command": ["sh", "-c", "x {{workflow.parameters.place}}"]}]}},
    ),
}


@pytest.mark.parametrize("case", TWINS)
def test_the_unsafe_one_is_flagged_and_its_safe_twin_is_not(case: str) -> None:
    parameters = [{"name": "v"}, {"name": "place", "enum": ["a", "b"]}]
    unsafe, safe = (template({"name": "ship", **one}, parameters=parameters) for one in TWINS[case])
    (remark,) = [one for one in read(unsafe).remarks if one.code == "input-in-script"]
    assert remark.severity is Severity.WARNING
    assert "In the template ship, " in remark.message
    assert "env: [" in remark.message
    assert "input-in-script" not in [one.code for one in read(safe).remarks]


def test_the_line_of_a_script_is_told() -> None:
    (remark,) = [
        one
        for one in read(template({"name": "a", "script": {"source": "x\n\n{{inputs.parameters.v}}"}})).remarks
        if one.code == "input-in-script"
    ]
    assert "the template a, script, line 3" in remark.message


def test_a_claim_as_the_only_first_step_is_a_fence() -> None:
    claim = {"name": "ask", "script": {"source": "curl -f $D/api/v1/ci/claim"}}
    steps = {"name": "main", "steps": [[{"name": "a", "template": "ask"}], [{"name": "b", "template": "work"}]]}
    assert read(template(steps, claim, entrypoint="main")).fenced
    by_reference = {
        "name": "main",
        "steps": [[{"name": "a", "templateRef": {"name": "daytwo-claim", "template": "c"}}]],
    }
    found = read(template(by_reference, entrypoint="main"))
    assert found.fenced
    assert [one.code for one in found.remarks] == ["elsewhere"]
    late = {"name": "main", "steps": [[{"name": "b", "template": "work"}], [{"name": "a", "template": "ask"}]]}
    assert not read(template(late, claim, entrypoint="main")).fenced
    assert not read(template(claim)).fenced


@pytest.mark.parametrize(
    ("step", "spec"),
    [
        ({"continueOn": {"failed": True}}, {}),
        ({"when": "{{workflow.parameters.v}} == 1"}, {}),
        ({"withItems": []}, {}),
        ({"hooks": {"exit": {"template": "work"}}}, {}),
        ({}, {"onExit": "work"}),
        ({}, {"hooks": {"running": {"template": "work", "expression": "true"}}}),
    ],
)
def test_what_may_go_past_the_claim_is_no_fence(step: dict[str, Any], spec: dict[str, Any]) -> None:
    claim = {"name": "ask", "script": {"source": "curl -f $D/api/v1/ci/claim"}}
    main = {"name": "main", "steps": [[{"name": "a", "template": "ask", **step}], [{"name": "b", "template": "work"}]]}
    assert not read(template(main, claim, entrypoint="main", **spec)).fenced


@pytest.mark.parametrize(
    ("asking", "fenced"),
    [
        ({"script": {"command": ["sh"], "source": "curl -f $D/ci/claim"}}, True),
        ({"script": {"command": ["sh"], "source": "./deploy.sh\ncurl -f $D/ci/claim"}}, False),
        ({"script": {"command": ["sh"], "source": "echo no daytwo-claim yet\n./deploy.sh"}}, False),
        ({"script": {"command": ["sh"], "source": "curl -f $D/ci/claim\n./deploy.sh"}}, False),
        ({"script": {"command": ["sh", "-e"], "source": "curl -f $D/ci/claim\n./deploy.sh"}}, True),
        ({"script": {"command": ["python"], "source": "daytwo-claim"}}, False),
        ({"script": {"command": ["sh"], "source": "true", "env": [{"name": "NEXT", "value": "daytwo-claim"}]}}, False),
        ({"container": {"command": ["curl"], "args": ["-f", "{{workflow.parameters.d}}/ci/claim"]}}, True),
        ({"container": {"command": ["sh", "-c"], "args": ["curl -f $D/ci/claim"]}}, True),
        ({"container": {"command": ["sh", "-c"], "args": ["./deploy.sh; curl -f $D/ci/claim"]}}, False),
        ({"container": {"command": ["deploy"], "args": ["daytwo-claim"]}}, False),
        ({"container": {"command": ["daytwo-claim"]}, "sidecars": [{"name": "ship"}]}, False),
        ({"container": {"command": ["daytwo-claim"]}, "initContainers": [{"name": "ship"}]}, False),
        ({"container": {"command": ["daytwo-claim"]}, "memoize": {"key": "x"}}, False),
        ({"steps": [[{"name": "ship", "template": "work"}], [{"name": "daytwo-claim", "template": "ask"}]]}, False),
    ],
)
def test_a_template_that_works_before_it_asks_is_no_fence(asking: dict[str, Any], fenced: bool) -> None:
    main = {"name": "main", "steps": [[{"name": "a", "template": "ask"}], [{"name": "b", "template": "work"}]]}
    assert read(template(main, {"name": "ask", **asking}, entrypoint="main")).fenced is fenced


@pytest.mark.parametrize(
    ("strategy", "lasts"),
    [
        (None, True),
        ({"secondsAfterCompletion": 3600}, True),
        ({"secondsAfterCompletion": 86400, "secondsAfterSuccess": 5}, False),
        ({"secondsAfterFailure": 0}, False),
        ({"secondsAfterCompletion": "{{=1}}"}, False),
    ],
)
def test_ended_workflows_have_to_stay_for_an_hour(strategy: dict[str, Any] | None, lasts: bool) -> None:
    document = template(**({"ttlStrategy": strategy} if strategy is not None else {}))
    assert stays(document["spec"]) is lasts
    assert ("removed-soon" in [one.code for one in read(document).remarks]) is not lasts
