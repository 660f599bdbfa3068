"""States, trees, pods and results, read from the vendor's own samples."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from daytwo_actions.backends.argo.wire.nodes import tree_of
from daytwo_actions.backends.argo.wire.objects import Node, Workflow, WorkflowList
from daytwo_actions.backends.argo.wire.pods import pod_of
from daytwo_actions.backends.argo.wire.results import artifacts_of, keeps_log, outputs_of
from daytwo_actions.backends.argo.wire.runs import state_of
from daytwo_actions.backends.tree import GateVerdict, Job, JobKind

PAGE = "https://argo.example.com"
Sample = Callable[[str], bytes]


def workflow(nodes: list[dict[str, Any]] | None = None, **status: Any) -> Workflow:
    by_id = {node["id"]: {"type": "Pod", "phase": "Succeeded", "boundaryID": "w"} | node for node in nodes or []}
    document = {
        "metadata": {"name": "w", "namespace": "shop", "uid": "u-1"},
        "spec": status.pop("spec", {}),
        "status": {"phase": "Running", "nodes": by_id} | status,
    }
    return Workflow.model_validate_json(json.dumps(document))


def jobs(found: Workflow) -> dict[str, Job]:
    return {job.name: job for job in tree_of(found, page=PAGE).jobs}


@pytest.mark.parametrize(
    ("name", "status", "waits", "attempt"),
    [
        ("workflow.failed.no-nodes.json", "failed", None, 1),
        ("workflow.failed.steps.json", "failed", None, 1),
        ("workflow.running.single-pod.json", "running", None, 1),
        ("workflow.running.suspended.json", "waiting", "somebody to resume approve", 1),
        ("workflow.succeeded.single-pod.json", "succeeded", None, 1),
        ("workflow.succeeded.steps.json", "succeeded", None, 2),  # somebody has retried it: it keeps a node of before
    ],
)
def test_states_of_samples(sample: Sample, name: str, status: str, waits: str | None, attempt: int) -> None:
    found = Workflow.model_validate_json(sample(name))
    state = state_of(found, page=PAGE)
    assert (state.status, state.waits_for, state.attempt) == (status, waits, attempt)
    assert state.id == f"{found.metadata.name}:{found.metadata.uid}" if found.metadata.uid else found.metadata.name
    assert state.url == f"{PAGE}/workflows/{found.metadata.namespace}/{found.metadata.name}"


def test_why_it_failed_is_told_in_argos_words(sample: Sample) -> None:
    state = state_of(Workflow.model_validate_json(sample("workflow.failed.steps.json")), page=PAGE)
    assert state.detail == "Failed: child 'steps-9fkqc-3224593506' failed"


def test_a_tree_of_steps(sample: Sample) -> None:
    tree = tree_of(Workflow.model_validate_json(sample("workflow.succeeded.steps.json")), page=PAGE).jobs
    names = {str(job.id): job.name for job in tree}
    assert [(job.name, job.kind.value, names.get(job.parent or "")) for job in tree] == [
        ("steps-4k5vn", "group", None),
        ("[0]", "group", "steps-4k5vn"),
        ("hello1", "job", "[0]"),
        ("[1]", "group", "steps-4k5vn"),
        ("hello2a", "job", "[1]"),
        ("hello2b", "job", "[1]"),
    ]


def test_a_suspend_node_is_a_gate_that_can_be_answered(sample: Sample) -> None:
    found = jobs(Workflow.model_validate_json(sample("workflow.running.suspended.json")))
    gate = found["approve"].gate
    assert found["approve"].kind is JobKind.GATE
    assert found["approve"].status == "waiting"
    assert gate is not None
    assert (gate.id, gate.kind, gate.title) == ("suspend-template-xjsg2-1771269240", "suspend", "approve")
    assert gate.verdicts == {GateVerdict.GO, GateVerdict.STOP}


def test_a_dag_with_items_attempts_and_an_exit_handler() -> None:
    found = tree_of(
        workflow(
            [
                {"id": "w", "name": "w", "type": "DAG", "phase": "Running", "boundaryID": ""},
                {"id": "w-1", "name": "w.build", "type": "Retry", "startedAt": "2026-03-01T10:00:01Z"},
                {"id": "w-2", "name": "w.build(0)", "phase": "Failed", "startedAt": "2026-03-01T10:00:01Z"},
                {"id": "w-3", "name": "w.build(1)", "startedAt": "2026-03-01T10:00:05Z"},
                {"id": "w-4", "name": "w.ship", "type": "TaskGroup", "startedAt": "2026-03-01T10:00:09Z"},
                {"id": "w-5", "name": "w.ship(0:a.b[1])", "type": "Steps", "startedAt": "2026-03-01T10:00:09Z"},
                {"id": "w-6", "name": "w.ship(0:a.b[1])[0]", "type": "StepGroup", "boundaryID": "w-5"},
                {"id": "w-7", "name": "w.ship(0:a.b[1])[0].push", "boundaryID": "w-5", "phase": "Pending"},
                {"id": "w-8", "name": "w.left-out", "type": "Skipped", "phase": "Skipped"},
                {"id": "w-9", "name": "w.never", "type": "Skipped", "phase": "Omitted"},
                {"id": "w-10", "name": "w.onExit", "boundaryID": "", "startedAt": "2026-03-01T10:01:00Z"},
            ]
        ),
        page=PAGE,
    ).jobs
    assert {job.id: job.parent for job in found} == {
        "w": None, "w-1": "w", "w-2": "w-1", "w-3": "w-1", "w-4": "w", "w-5": "w-4", "w-6": "w-5", "w-7": "w-6",
        "w-8": "w", "w-9": "w", "w-10": None,
    }  # fmt: skip
    before = {job.id: number for number, job in enumerate(found)}
    assert all(job.parent is None or before[job.parent] < before[job.id] for job in found)
    by_id = {str(job.id): job for job in found}
    assert [by_id[one].status.value for one in ("w-2", "w-7", "w-8", "w-9")] == [
        "failed",
        "queued",
        "skipped",
        "skipped",
    ]


def test_what_comes_after_stands_after_though_it_began_in_the_same_second() -> None:
    at = {"startedAt": "2026-03-01T10:00:00Z"}
    nodes = [
        {"id": "w", "name": "w", "type": "DAG", "boundaryID": "", "children": ["w-3"], **at},
        {"id": "w-1", "name": "w.a-last", **at},
        {"id": "w-2", "name": "w.b-middle", "children": ["w-1", "gone"], **at},
        {"id": "w-3", "name": "w.c-first", "children": ["w-2", "w-4"], **at},
        {"id": "w-4", "name": "w.d-middle", "children": ["w-1"], **at},
    ]
    assert [str(job.id) for job in tree_of(workflow(nodes), page=PAGE).jobs] == ["w", "w-3", "w-2", "w-4", "w-1"]
    nodes[1]["children"] = ["w-3"]  # round in a circle
    assert len(tree_of(workflow(nodes), page=PAGE).jobs) == 5


def test_attempts_of_a_workflow_that_is_one_pod() -> None:
    found = tree_of(
        workflow(
            [
                {"id": "w", "name": "w", "type": "Retry", "boundaryID": ""},
                {"id": "w-1", "name": "w(0)", "boundaryID": ""},
            ]
        ),
        page=PAGE,
    ).jobs
    assert [(job.id, job.parent) for job in found] == [("w", None), ("w-1", "w")]


def test_containers_of_a_set_are_steps_of_their_pod() -> None:
    found = tree_of(
        workflow(
            [
                {"id": "w", "name": "w", "boundaryID": ""},
                {"id": "w-1", "name": "w.a", "type": "Container", "displayName": "a", "boundaryID": "w"},
                {"id": "w-2", "name": "w.b", "type": "Container", "displayName": "b", "phase": "Failed"},
            ]
        ),
        page=PAGE,
    ).jobs
    assert [job.id for job in found] == ["w"]
    assert [(step.name, step.status.value) for step in found[0].steps] == [("a", "succeeded"), ("b", "failed")]


def test_odd_trees_show_every_node_once() -> None:
    odd = [
        {"id": "a", "name": "w.x", "type": "DAG"},
        {"id": "b", "name": "w.x", "type": "DAG"},
        {"id": "c", "name": "w.x.y"},
        {"id": "d", "name": "w.x.y.z"},
        {"id": "e", "name": "." * 5_000},
        {"id": "f", "name": "", "type": "Quantum", "phase": "Entangled"},
        {"id": "g", "name": "w.c", "type": "Container"},
    ]
    found = tree_of(workflow(odd), page=PAGE).jobs
    assert sorted(job.id for job in found) == list("abcdefg")
    assert next(job for job in found if job.id == "f").status == "unknown"


def test_what_waits_while_something_works_is_running() -> None:
    gate = {"id": "w-1", "name": "w.ok", "displayName": "ok", "type": "Suspend", "phase": "Running"}
    works = {"id": "w-2", "name": "w.other", "phase": "Running"}
    assert state_of(workflow([gate]), page=PAGE).waits_for == "somebody to resume ok"
    assert state_of(workflow([gate, works]), page=PAGE).status == "running"
    assert state_of(workflow(spec={"suspend": True}), page=PAGE).waits_for == "somebody to resume it as a whole"
    assert state_of(workflow([gate], phase="Failed"), page=PAGE).waits_for is None


def test_a_retry_in_argo_is_a_run_again() -> None:
    nodes = [{"id": "w", "name": "w", "startedAt": "2026-03-01T10:00:00Z"}]
    assert state_of(workflow(nodes, startedAt="2026-03-01T10:00:00Z"), page=PAGE).attempt == 1
    assert state_of(workflow(nodes, startedAt="2026-03-01T11:00:00Z"), page=PAGE).attempt == 2


def test_null_in_place_of_what_is_not_there() -> None:
    assert WorkflowList.model_validate_json('{"items": null}').items == []
    text = (
        '{"metadata": {"continue": null}, "items": [{"metadata": {"name": "w", "labels": null, "uid": null,'
        '"generation": "7"}, "spec": {"arguments": null}, "status": {"nodes": null, "message": null,'
        '"startedAt": null, "outputs": {"parameters": null, "artifacts": null}}}]}'
    )
    (found,) = WorkflowList.model_validate_json(text).items
    assert (found.metadata.generation, found.status.phase) == (7, "")
    assert state_of(found, page=PAGE).status == "queued"


def test_pods_are_named_as_the_controller_names_them(sample: Sample) -> None:
    found = Workflow.model_validate_json(sample("workflow.succeeded.steps.json"))
    nodes = [node for node in found.status.nodes.values() if node.type == "Pod"]
    assert nodes
    for node in nodes:  # the number at the end of a node's id is that of its pod's name
        assert pod_of(found, node) == f"steps-4k5vn-whalesay-{node.id.rpartition('-')[2]}"
    old = Workflow.model_validate_json(sample("workflow.failed.steps.json"))
    for node in old.status.nodes.values():
        assert pod_of(old, node) == node.id
    single = Workflow.model_validate_json(sample("workflow.succeeded.single-pod.json"))
    assert [pod_of(single, node) for node in single.status.nodes.values()] == ["hello-world-9tql2"]


def test_pods_of_long_inline_and_borrowed_templates() -> None:
    found = workflow().model_copy(
        update={"metadata": workflow().metadata.model_copy(update={"annotations": {
            "workflows.argoproj.io/pod-name-format": "v2"}})}
    )  # fmt: skip
    node = Node.model_validate({"id": "w-1", "name": "w.a", "templateName": "x", "templateRef": {"template": "y"}})
    assert pod_of(found, node).startswith("w-y-")
    inline = Node.model_validate({"id": "w-1", "name": "w.inline", "templateName": "x"})
    assert pod_of(found, inline).count("-") == 1
    long = Node.model_validate({"id": "w-1", "name": "w.a", "templateName": "x" * 300})
    assert len(pod_of(found, long)) <= 253


def test_results_and_files() -> None:
    found = workflow(
        [
            {
                "id": "w",
                "name": "w",
                "displayName": "w",
                "outputs": {
                    "parameters": [{"name": "url", "value": "https://x"}, {"name": "empty"}],
                    "artifacts": [
                        {"name": "report"},
                        {"name": "main-logs"},
                        {"name": "../x"},
                        {"name": "old", "deleted": True},
                    ],
                },
            },
            {"id": "w-1", "name": "w.a", "outputs": {"parameters": [{"name": "inner", "value": "no"}]}},
        ],
        outputs={"parameters": [{"name": "url", "value": "https://global"}, {"name": "version", "value": "1.10"}]},
    )
    assert outputs_of(found) == {"url": "https://global", "version": "1.10"}
    assert outputs_of(workflow()) is None
    files = {one.name: one for one in artifacts_of(found, page=PAGE)}
    assert set(files) == {"w/report", "w/../x", "w/old"}
    assert files["w/report"].url == f"{PAGE}/artifact-files/shop/workflows/w/w/outputs/report"
    assert files["w/../x"].url is None
    assert files["w/old"].expired
    assert keeps_log(found.status.nodes["w"])
    assert not keeps_log(found.status.nodes["w-1"])


def test_whether_an_empty_log_is_a_log() -> None:
    assert workflow().keeps_pods
    assert not workflow(spec={"podGC": {"strategy": "OnPodCompletion"}}).keeps_pods
    assert not workflow(storedWorkflowTemplateSpec={"podGC": {"strategy": "OnPodSuccess"}}).keeps_pods
    assert not workflow().model_copy(update={"archived": True}).keeps_pods
