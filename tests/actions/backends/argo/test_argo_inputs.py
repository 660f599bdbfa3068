"""A template's parameters, and the programs that it puts them into."""

from collections.abc import Mapping
from dataclasses import replace
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
    assert [one.name for one in found.inputs if one.refusing is None] == ["place"], "only options can be no text"
    assert [replace(one, refusing=None) for one in found.inputs] == [
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


ASKS = {"command": ["sh", "-e"], "source": "curl -f $D/api/v1/ci/claim\n./work.sh"}
WORKS = {"command": ["sh", "-e"], "source": "./work.sh"}
MAIN = {"name": "main", "steps": [[{"name": "a", "template": "one"}], [{"name": "b", "template": "two"}]]}


def fenced(*templates: dict[str, Any], parts: Any = None, **spec: Any) -> bool:
    return read_template(template(*templates, **{"entrypoint": "main", **spec}), "deploy", parts).fenced


def test_a_template_is_fenced_when_each_that_works_asks_itself() -> None:
    one, two = {"name": "one", "script": ASKS}, {"name": "two", "script": ASKS}
    assert fenced(MAIN, one, two)
    assert not fenced(MAIN, one, {"name": "two", "script": WORKS}), "a retry leaves out the step that asked"
    assert not fenced(MAIN, one), "what is not there cannot be looked at"
    assert fenced(MAIN, one, {"name": "two", "suspend": {}})
    dag = {
        "name": "main",
        "dag": {"tasks": [{"name": "a", "template": "one"}, {"name": "b", "inline": {"script": ASKS}}]},
    }
    assert fenced(dag, one)
    assert not fenced({"name": "main", "dag": {"tasks": [{"name": "b", "inline": {"script": WORKS}}]}})
    assert not fenced(one, two)


@pytest.mark.parametrize(
    ("step", "spec"),
    [
        ({"onExit": "late"}, {}),
        ({"hooks": {"exit": {"template": "late"}}}, {}),
        ({}, {"onExit": "late"}),
        ({}, {"hooks": {"running": {"template": "late", "expression": "true"}}}),
    ],
)
def test_what_is_run_at_an_end_has_to_ask_too(step: dict[str, Any], spec: dict[str, Any]) -> None:
    main = {"name": "main", "steps": [[{"name": "a", "template": "one", **step}]]}
    one = {"name": "one", "script": ASKS}
    assert fenced(main, one, {"name": "late", "script": ASKS}, **spec)
    assert not fenced(main, one, {"name": "late", "script": WORKS}, **spec)


def test_templates_that_stand_elsewhere_have_to_ask_too() -> None:
    main = {"name": "main", "steps": [[{"name": "a", "templateRef": {"name": "lib", "template": "one"}}]]}
    inner = {"name": "one", "steps": [[{"name": "b", "template": "two"}]]}
    asks = {("lib", False): template(inner, {"name": "two", "script": ASKS})["spec"]}
    works = {("lib", False): template(inner, {"name": "two", "script": WORKS})["spec"]}
    assert fenced(main, parts=asks)
    assert not fenced(main, parts=works)
    assert not fenced(main, parts={("lib", True): asks["lib", False]}), "the cluster's is another one"
    assert not fenced(main)
    ours = [[{"name": "a", "templateRef": {"name": f"daytwo-{name}", "template": "x"}}] for name in ("claim", "report")]
    assert fenced({"name": "main", "steps": ours})


@pytest.mark.parametrize(
    ("asking", "asks"),
    [
        ({"script": {"command": ["sh"], "source": "curl -f $D/ci/claim"}}, True),
        ({"script": {"command": ["sh"], "source": "./deploy.sh\ncurl -f $D/ci/claim"}}, False),
        ({"script": {"command": ["sh"], "source": "echo no daytwo-claim yet\n./deploy.sh"}}, False),
        ({"script": {"command": ["sh"], "source": "curl -f $D/ci/claim\n./deploy.sh"}}, False),
        ({"script": ASKS}, True),
        ({"script": ASKS, "retryStrategy": {"limit": 2}}, False),
        ({"script": ASKS, "podSpecPatch": "{}"}, False),
        ({"script": {"command": ["python"], "source": "daytwo-claim"}}, False),
        ({"script": {"command": ["sh"], "source": "true", "env": [{"name": "NEXT", "value": "daytwo-claim"}]}}, False),
        ({"container": {"command": ["curl"], "args": ["-f", "{{workflow.parameters.d}}/ci/claim"]}}, True),
        ({"container": {"command": ["sh", "-c"], "args": ["curl -f $D/ci/claim"]}}, True),
        ({"container": {"command": ["sh", "-c"], "args": ["./deploy.sh; curl -f $D/ci/claim"]}}, False),
        ({"container": {"command": ["deploy"], "args": ["daytwo-claim"]}}, False),
        ({"container": {"command": ["daytwo-claim"]}, "sidecars": [{"name": "ship"}]}, False),
        ({"container": {"command": ["daytwo-claim"]}, "initContainers": [{"name": "ship"}]}, False),
        ({"container": {"command": ["daytwo-claim"]}, "memoize": {"key": "x"}}, False),
        ({"resource": {"action": "create"}}, False),
        ({"http": {"url": "https://d/ci/claim"}}, False),
    ],
)
def test_a_template_that_works_before_it_asks_is_no_fence(asking: dict[str, Any], asks: bool) -> None:
    assert fenced({"name": "main", **asking}) is asks
    assert not fenced({"name": "main", **asking}, templateDefaults={"sidecars": [{"name": "ship"}]})
    assert not fenced({"name": "main", **asking}, podSpecPatch="{}")


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
