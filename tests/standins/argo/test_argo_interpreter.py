"""The interpreter alone: which pods a workflow starts, in which order, and what its tree looks like."""

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from daytwo_standins.argo.interpreter.again import again
from daytwo_standins.argo.interpreter.booleans import ExpressionError
from daytwo_standins.argo.interpreter.conditions import holds
from daytwo_standins.argo.interpreter.controls import ControlError, control
from daytwo_standins.argo.interpreter.depends import satisfied
from daytwo_standins.argo.interpreter.durations import seconds
from daytwo_standins.argo.interpreter.machine import Machine, PodResult
from daytwo_standins.argo.interpreter.names import node_id, pod_name
from daytwo_standins.argo.interpreter.nodes import Node
from daytwo_standins.argo.interpreter.phases import NodePhase
from daytwo_standins.argo.interpreter.selectors import SelectorError, matches_labels
from daytwo_standins.argo.interpreter.tags import fill
from daytwo_standins.argo.interpreter.workflow import State, Workflow, progress, state_from

ECHO = {
    "name": "echo",
    "inputs": {"parameters": [{"name": "text", "default": "nothing"}]},
    "container": {"image": "any", "command": ["echo"], "args": ["{{inputs.parameters.text}}"]},
}


class Played:
    """A workflow whose pods end as it is told: by the name of the node or of the template, successes otherwise."""

    def __init__(self, spec: str | Mapping[str, Any], parameters: Mapping[str, str] | None = None) -> None:
        told = yaml.safe_load(spec) if isinstance(spec, str) else dict(spec)
        told.setdefault("templates", []).append(copy.deepcopy(ECHO))
        told["arguments"] = {"parameters": [{"name": k, "value": v} for k, v in (parameters or {}).items()]}
        self.workflow = Workflow(
            name="wf",
            namespace="argo",
            uid="u",
            created_at=0.0,
            spec=told,
            stored_templates={},
            labels={},
            annotations={},
        )
        self.machine = Machine(self.workflow, State())
        self.now = 100.0
        self.started: list[str] = []
        self.templates: dict[str, Mapping[str, Any]] = {}

    @property
    def state(self) -> State:
        return self.machine.state

    @property
    def phases(self) -> dict[str, str]:
        return {node.name: str(node.phase) for node in self.state.nodes.values()}

    def look(self) -> list[str]:
        """Start what is to be started; the names of those nodes."""
        self.now += 1
        begun = []
        for start in self.machine.operate(self.now):
            name = self.state.nodes[start.node_id].name
            self.machine.pod_started(start.node_id, self.now)
            self.templates[name] = start.template
            begun.append(name)
        self.started += begun
        return begun

    def end(self, name: str, code: int = 0, **more: Any) -> None:
        """Let a pod end."""
        self.machine.pod_ended(node_id("wf", name), PodResult(exit_code=code, **more), self.now)

    def play(self, **codes: int) -> "Played":
        """To the end: a pod ends with the code of its display name."""
        for _ in range(50):
            begun = self.look()
            for name in begun:
                self.end(name, codes.get(self.node(name).display_name.partition("(")[0], 0))
            due = self.machine.next_at()
            if not begun and not self.state.ended and due is not None:
                self.now = max(self.now, due)
            elif not begun:
                return self
            self.again_from_disk()
        raise AssertionError("it does not end")

    def again_from_disk(self) -> None:
        """As if somebody else went on with what was written down."""
        self.machine = Machine(self.workflow, state_from(json.loads(json.dumps(self.state.to_json()))))

    def node(self, name: str) -> Node:
        return self.state.nodes[node_id("wf", name)]


STEPS = """
entrypoint: main
templates:
- name: main
  steps:
  - - {name: a, template: echo, arguments: {parameters: [{name: text, value: "{{workflow.parameters.x}}"}]}}
    - {name: b, template: echo}
  - - {name: c, template: echo}
"""


def test_ids_and_names_are_argo_s() -> None:
    # from specs/argo/examples/workflow.succeeded.steps.json
    assert node_id("steps-4k5vn", "steps-4k5vn[0].hello1") == "steps-4k5vn-1044844302"
    assert pod_name("steps-4k5vn", "steps-4k5vn[0].hello1", "whalesay") == "steps-4k5vn-whalesay-1044844302"
    assert (node_id("x", "x"), pod_name("x", "x", "main")) == ("x", "x")


def test_groups_one_after_the_other_and_the_tree_of_the_sample() -> None:
    played = Played(STEPS, {"x": "1"})
    assert played.look() == ["wf[0].a", "wf[0].b"]
    played.end("wf[0].a")
    assert played.look() == []
    played.end("wf[0].b")
    assert played.look() == ["wf[1].c"]
    played.end("wf[1].c")
    played.look()
    assert (played.state.phase, progress(played.state)) == ("Succeeded", "3/3")
    root, first, second = played.node("wf"), played.node("wf[0]"), played.node("wf[1]")
    assert (root.type, first.type, second.type, played.node("wf[1].c").type) == (
        "Steps",
        "StepGroup",
        "StepGroup",
        "Pod",
    )
    assert root.children == [first.id]
    assert first.children == [played.node("wf[0].a").id, played.node("wf[0].b").id]
    assert [played.node(f"wf[0].{name}").children for name in "ab"] == [[second.id], [second.id]]
    assert root.outbound == [played.node("wf[1].c").id]
    assert {played.node(name).boundary_id for name in ("wf[0]", "wf[0].a", "wf[1]")} == {"wf"}


def test_the_whole_group_ends_before_it_fails() -> None:
    played = Played(STEPS, {"x": "1"})
    played.look()
    played.end("wf[0].a", 3)
    played.look()
    assert played.state.phase == "Running"
    played.end("wf[0].b")
    played.look()
    bad = played.node("wf[0].a")
    assert (played.state.phase, played.state.message) == ("Failed", f"child '{bad.id}' failed")
    assert (bad.message, bad.outputs["exitCode"]) == ("main: Error (exit code 3)", "3")
    assert "wf[1]" not in played.phases


@pytest.mark.parametrize(
    "value", ["plain", 'quote " and \\', "two\nlines", "${{ x }}", "{{unknown}}", "x" * 60_000, "✓"]
)
def test_a_value_arrives_as_it_was_typed(value: str) -> None:
    played = Played(STEPS, {"x": value})
    played.look()
    assert played.templates["wf[0].a"]["container"]["args"] == [value]


def test_a_value_with_a_tag_that_is_known_is_replaced_as_in_argo() -> None:
    played = Played(STEPS, {"x": "{{workflow.name}}"})
    played.look()
    assert played.templates["wf[0].a"]["container"]["args"] == ["wf"]


def test_outputs_reach_later_steps_and_the_workflow() -> None:
    spec = """
    entrypoint: main
    templates:
    - name: main
      outputs:
        parameters:
        - {name: all, globalName: final, valueFrom: {parameter: "{{steps.a.outputs.parameters.y}}"}}
      steps:
      - - {name: a, template: echo}
      - - {name: c, template: echo, when: "{{steps.a.outputs.parameters.y}} == yes",
           arguments: {parameters: [{name: text, value: "{{steps.a.outputs.result}}/{{steps.a.exitCode}}"}]}}
        - {name: d, template: echo, when: "{{steps.a.outputs.parameters.y}} != yes"}
    """
    played = Played(spec)
    played.look()
    played.end("wf[0].a", result="said", parameters=({"name": "y", "value": "yes"},))
    assert played.look() == ["wf[1].c"]
    assert played.templates["wf[1].c"]["container"]["args"] == ["said/0"]
    skipped = played.node("wf[1].d")
    assert (skipped.type, skipped.phase, skipped.message) == ("Skipped", "Skipped", "when 'yes != yes' evaluated false")
    played.end("wf[1].c")
    played.look()
    assert played.state.outputs == [{"name": "final", "value": "yes"}]
    assert played.node("wf").outputs["parameters"][0]["value"] == "yes"


def test_items() -> None:
    spec = """
    entrypoint: main
    templates:
    - name: main
      steps:
      - - {name: a, template: echo, withItems: [x, {k: v, n: 2}, 3],
           arguments: {parameters: [{name: text, value: "{{item}}"}]}}
      - - {name: b, template: echo, withParam: "{{steps.a.outputs.result}}",
           arguments: {parameters: [{name: text, value: "{{item}}"}]}}
      - - {name: c, template: echo, withParam: "[]"}
    """
    played = Played(spec)
    assert played.look() == ["wf[0].a(0:x)", "wf[0].a(1:k:v,n:2)", "wf[0].a(2:3)"]
    assert played.templates["wf[0].a(1:k:v,n:2)"]["container"]["args"] == ['{"k":"v","n":2}']
    for name in list(played.started):
        played.end(name, result="5")
    assert played.look() == ["wf[1].b(0:5)", "wf[1].b(1:5)", "wf[1].b(2:5)"]
    for name in played.started[3:]:
        played.end(name)
    played.look()
    assert (played.state.phase, played.phases["wf[2].c"]) == ("Succeeded", "Skipped")


DAG = """
entrypoint: main
templates:
- name: main
  dag:
    tasks:
    - {name: late, template: echo, depends: "left && right.Succeeded"}
    - {name: left, template: echo, dependencies: [first]}
    - {name: right, template: echo, dependencies: [first]}
    - {name: first, template: echo}
    - {name: mend, template: echo, depends: left.Failed}
"""


def test_tasks_wait_for_each_other() -> None:
    played = Played(DAG)
    assert played.look() == ["wf.first"]
    played.end("wf.first")
    assert played.look() == ["wf.left", "wf.right"]
    played.end("wf.left")
    assert played.look() == []
    assert (played.phases["wf.mend"], played.node("wf.mend").message) == (
        "Omitted",
        "omitted: depends condition not met",
    )
    played.end("wf.right")
    assert played.look() == ["wf.late"]
    played.end("wf.late")
    played.look()
    assert played.state.phase == "Succeeded"
    assert played.node("wf").children == [played.node("wf.first").id]
    assert played.node("wf.left").children == [played.node("wf.mend").id, played.node("wf.late").id]


def test_a_task_may_mend_what_failed_but_who_needed_it_is_omitted() -> None:
    played = Played(DAG).play(left=1)
    assert played.phases["wf.mend"] == "Succeeded"
    assert played.phases["wf.late"] == "Omitted"
    assert played.state.phase == "Failed"
    alone = Played(DAG.replace('depends: "left && right.Succeeded"', "dependencies: [right]")).play(left=1)
    assert (alone.phases["wf.mend"], alone.state.phase) == ("Succeeded", "Succeeded")


def test_a_dag_that_fails_begins_nothing_new() -> None:
    spec = """
    entrypoint: main
    templates:
    - name: main
      dag:
        tasks: [{name: bad, template: echo}, {name: slow, template: echo}, {name: next, template: echo, depends: slow}]
    """
    played = Played(spec)
    assert played.look() == ["wf.bad", "wf.slow"]
    played.end("wf.bad", 1)
    played.end("wf.slow")
    assert played.look() == []
    assert (played.state.phase, "wf.next" in played.phases) == ("Failed", False)
    on = Played(spec.replace("dag:", "dag:\n        failFast: false")).play(bad=1)
    assert (on.state.phase, on.phases["wf.next"]) == ("Failed", "Succeeded")


def test_items_of_a_task() -> None:
    spec = """
    entrypoint: main
    templates:
    - name: main
      dag:
        tasks:
        - {name: many, template: echo, withItems: [1, 2]}
        - {name: any, template: echo, depends: many.AnySucceeded}
    """
    played = Played(spec)
    assert played.look() == ["wf.many(0:1)", "wf.many(1:2)"]
    played.end("wf.many(0:1)", 1)
    played.end("wf.many(1:2)")
    assert played.look() == ["wf.any"]
    assert (played.node("wf.many").type, played.phases["wf.many"]) == ("TaskGroup", "Failed")
    assert played.node("wf.many(1:2)").children == [played.node("wf.any").id]


RETRIED = """
entrypoint: main
templates:
- name: main
  retryStrategy: {limit: "2"}
  container: {image: any, command: [sh], args: ["{{retries}} {{workflow.name}}"]}
"""


def test_it_is_tried_again_and_no_more_than_told() -> None:
    played = Played(RETRIED).play(wf=1)
    assert played.started == ["wf(0)", "wf(1)", "wf(2)"]
    assert played.templates["wf(2)"]["container"]["args"] == ["2 wf"]
    root = played.node("wf")
    assert (root.type, root.phase, root.message) == ("Retry", "Failed", "No more retries left")
    assert [played.node(name).retried for name in ("wf", "wf(0)")] == [False, True]
    assert Played(RETRIED).play().started == ["wf(0)"]
    waits = Played(RETRIED.replace('"2"', '"1", backoff: {duration: 30s}'))
    waits.look()
    waits.end("wf(0)", 1)
    assert waits.look() == []
    waits.now += 30
    assert waits.look() == ["wf(1)"]


EXIT = """
entrypoint: main
onExit: bye
templates:
- name: main
  steps: [[{name: a, template: echo}], [{name: b, template: echo}]]
- name: bye
  container: {image: any, command: [sh], args: ["{{workflow.status}}", "{{workflow.failures}}"]}
"""


def test_the_exit_handler_knows_how_it_went_and_its_failure_counts() -> None:
    played = Played(EXIT).play(a=1)
    status, failures = played.templates["wf.onExit"]["container"]["args"]
    assert (status, json.loads(failures)[0]["displayName"]) == ("Failed", "a")
    assert played.node("wf.onExit").hooked
    assert (played.state.phase, played.state.message) == ("Failed", f"child '{played.node('wf[0].a').id}' failed")
    own = Played(EXIT)
    for name in ("wf[0].a", "wf[1].b"):
        assert own.look() == [name]
        own.end(name)
    own.look()
    own.end("wf.onExit", 7)
    own.look()
    assert (own.state.phase, own.state.message) == ("Failed", "main: Error (exit code 7)")


def test_stop_runs_the_exit_handler_and_terminate_does_not() -> None:
    for verb, handled in (("stop", True), ("terminate", False)):
        played = Played(EXIT)
        played.look()
        control(played.state, verb, {}, played.now)
        why = "workflow shutdown with strategy:  " + verb.capitalize()
        assert played.machine.stops(played.now) == {played.node("wf[0].a").id: why}
        played.end("wf[0].a", -9, stopped=why)
        assert played.look() == (["wf.onExit"] if handled else [])
        assert played.machine.stops(played.now) == {}
        if handled:
            played.end("wf.onExit")
            played.look()
        assert (played.state.phase, played.state.message) == (
            "Failed",
            f"Stopped with strategy '{verb.capitalize()}'",
        )
        with pytest.raises(ControlError, match="completed workflow"):
            control(played.state, verb, {}, played.now)


GATED = """
entrypoint: main
templates:
- name: main
  steps:
  - - {name: approve, template: gate}
  - - {name: go, template: echo, when: "{{steps.approve.outputs.parameters.answer}} == YES"}
- name: gate
  suspend: {}
  outputs: {parameters: [{name: answer, valueFrom: {supplied: {}}}]}
"""


def test_a_gate_waits_is_answered_and_resumed() -> None:
    played = Played(GATED)
    assert played.look() == []
    gate = played.node("wf[0].approve")
    assert (gate.type, gate.phase) == ("Suspend", "Running")
    selector = {"nodeFieldSelector": "displayName=approve"}
    with pytest.raises(ControlError, match="has not been set"):
        control(played.state, "resume", selector, played.now)
    with pytest.raises(ControlError, match="not expecting"):
        control(played.state, "set", {**selector, "outputParameters": '{"other": "x"}'}, played.now)
    control(played.state, "set", {**selector, "outputParameters": '{"answer": "YES"}'}, played.now)
    control(played.state, "resume", selector, played.now)
    assert played.look() == ["wf[1].go"]
    with pytest.raises(ControlError, match="only targets suspend nodes"):
        control(played.state, "resume", selector, played.now)


def test_a_gate_may_be_refused() -> None:
    played = Played(GATED)
    played.look()
    control(played.state, "stop", {"nodeFieldSelector": "displayName=approve", "message": "no"}, played.now)
    played.look()
    assert (played.state.phase, played.node("wf[0].approve").message) == ("Failed", "no")


def test_a_pause_ends_by_itself() -> None:
    played = Played("{entrypoint: main, templates: [{name: main, suspend: {duration: 1m30s}}]}")
    played.look()
    assert played.machine.next_at() == played.now + 90
    played.now += 90
    played.look()
    assert played.state.phase == "Succeeded"


def test_a_suspended_workflow_starts_nothing_until_it_is_resumed() -> None:
    played = Played(STEPS, {"x": "1"})
    control(played.state, "suspend", {}, played.now)
    assert played.look() == []
    control(played.state, "resume", {}, played.now)
    assert played.look() == ["wf[0].a", "wf[0].b"]


def test_the_deadline() -> None:
    played = Played(EXIT + "\nactiveDeadlineSeconds: 10\n")
    played.look()
    assert played.machine.next_at() == played.now + 10
    played.now += 10
    assert set(played.machine.stops(played.now)) == {played.node("wf[0].a").id}
    played.end("wf[0].a", -15, stopped="Step exceeded its deadline")
    assert played.look() == ["wf.onExit"]


def test_parallelism() -> None:
    played = Played("parallelism: 1\n" + STEPS, {"x": "1"})
    assert played.look() == ["wf[0].a"]
    assert played.phases["wf[0].b"] == "Pending"
    played.end("wf[0].a")
    assert played.look() == ["wf[0].b"]


def test_a_retry_keeps_what_succeeded() -> None:
    played = Played(STEPS, {"x": "1"}).play(c=1)
    assert played.state.phase == "Failed"
    played.machine = Machine(played.workflow, again(played.state, "wf"))
    assert played.look() == ["wf[1].c"]
    played.end("wf[1].c")
    played.look()
    assert (played.state.phase, played.node("wf").message) == ("Succeeded", "")


def test_what_cannot_be_run_is_an_error_of_its_node() -> None:
    spec = "{entrypoint: main, templates: [{name: main, steps: [[{name: a, template: none}]]}]}"
    played = Played(spec).play()
    assert (played.node("wf[0].a").phase, played.node("wf[0].a").message) == ("Error", "template none not found")
    assert played.state.phase == "Failed"
    assert Played("{entrypoint: none}").play().state.phase == "Error"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", True),
        ("YES == YES", True),
        ("prod != prod", False),
        ("2 > 10", False),
        ("'a b' == \"a b\"", True),
        ("(a == b || 1 <= 1) && !(x == y)", True),
        ("staging in (staging, production)", True),
        ("'v1.2' =~ '^v1'", True),
        ("true", True),
    ],
)
def test_conditions(text: str, wanted: bool) -> None:
    assert holds(text) is wanted


@pytest.mark.parametrize("text", ["a b", "1.2.3 == 1.2.3", "a ==", "a == 'x", "foo", "1 < a", "(a == a"])
def test_conditions_that_cannot_be_read(text: str) -> None:
    with pytest.raises(ExpressionError, match="Invalid 'when' expression"):
        holds(text)


def test_expressions_of_tasks() -> None:
    now = {"A": [NodePhase.SUCCEEDED], "B": [NodePhase.FAILED], "C": [NodePhase.SKIPPED]}

    def held(text: str) -> bool:
        return satisfied(text, now.__getitem__, lambda _: frozenset())

    assert held("A && (B.Succeeded || C)")
    assert held("B.Failed && !B.Succeeded && C.Skipped")
    assert not held("A && B")
    with pytest.raises(ExpressionError, match="no result"):
        held("A.Finished")


def test_lengths_of_time() -> None:
    assert [seconds(one) for one in (5, "5", "10s", "1h30m", "250ms")] == [5, 5, 10, 5400, 0.25]
    with pytest.raises(ExpressionError):
        seconds("soon")


def test_selectors() -> None:
    labels = {"app": "daytwo", "run": "r1"}
    for selector in ("app=daytwo", "app==daytwo,run", "!other", "run in (r1, r2),app!=x", "app notin (a)"):
        assert matches_labels(selector, labels), selector
    for selector in ("app=x", "other", "run notin (r1)", "!app"):
        assert not matches_labels(selector, labels), selector
    with pytest.raises(SelectorError):
        matches_labels("two words", labels)


def test_tags_are_filled_once_per_round() -> None:
    assert fill({"a": "{{x}} {{ y }} {{z"}, {"x": "{{y}}", "y": "1"}) == {"a": "{{y}} 1 {{z"}
    assert fill({"a": "{{x}}"}, {"x": "{{y}}"}, {"y": "1"}) == {"a": "1"}


@pytest.mark.parametrize("example", ["workflow.succeeded.steps.json", "workflow.failed.steps.json"])
def test_the_tree_has_the_ids_of_a_real_one(specs: Path, example: str) -> None:
    sample = json.loads((specs / "examples" / example).read_text(encoding="utf-8"))
    nodes = sample["status"]["nodes"].values()
    assert {node_id(sample["metadata"]["name"], node["name"]) for node in nodes} == {node["id"] for node in nodes}
