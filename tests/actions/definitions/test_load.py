"""The design's example loads; all that is wrong with a definition is told at once, with its place and the fix."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import JsonValue

from daytwo_actions.definitions import ActionVersion, DefinitionRejected, Surroundings, load_action, restore_action
from daytwo_actions.definitions.durations import format_duration, parse_duration
from daytwo_actions.expressions import Evaluator, parse_template

HERE = Path(__file__).parent
Problems = Callable[[str], list[str]]


@pytest.fixture
def deploy(deploy_text: str, surroundings: Surroundings) -> ActionVersion:
    return load_action(deploy_text, "deploy.yaml", surroundings=surroundings)


def test_the_example_loads(deploy: ActionVersion) -> None:
    spec = deploy.model.spec
    assert (deploy.name, deploy.file) == ("deploy", "deploy.yaml")
    assert spec.target is not None
    assert spec.target.kind == "service"
    assert [step.id for step in spec.steps] == ["ship"]
    assert spec.steps[0].timeout == timedelta(minutes=30)
    assert spec.approval[0].expires == timedelta(hours=24)
    assert spec.allow.run == ["owner", "group:sre"]
    assert list(deploy.form.fields) == ["version", "environment", "reason"]


def test_the_example_evaluates(deploy: ActionVersion) -> None:
    spec = deploy.model.spec
    environment = {"ref": "environment:production", "name": "production"}
    context: Mapping[str, object] = {
        "inputs": {"version": "1.10", "environment": environment, "reason": None},
        "entity": {"ref": "service:shop", "name": "shop", "properties": {"repository": "acme/shop"}},
        "run": {"id": "r_1"},
        "previous": {"inputs": {"version": "1.9"}},
    }

    def value(template: JsonValue) -> JsonValue:
        return Evaluator().evaluate(parse_template(template), context)

    assert value(spec.lock) == "shop/production"
    assert value(spec.approval[0].when) is True
    assert value(spec.steps[0].with_.model_dump()) == {
        "project": "acme/shop",
        "pipeline": "deploy.yml",
        "ref": "main",
        "inputs": {"version": "1.10", "environment": "production"},
    }
    upsert = spec.catalog[0].upsert
    assert value(upsert.name) == "shop-production"
    assert value(upsert.properties) == {"version": "1.10", "run": "r_1"}
    assert value(upsert.relations) == {"service": "service:shop", "environment": "environment:production"}
    assert spec.undo is not None
    assert value(spec.undo.inputs) == {"version": "1.9"}


def test_the_digest_is_of_the_meaning(deploy: ActionVersion, deploy_text: str) -> None:
    assert deploy.digest == "a2d589caa9c8f65ed87fe9c42a3d2b5f25662e7d6730b9ec04943969073c01d0"
    head, _, tail = deploy_text.partition("spec:\n")
    moved = "spec:\n" + tail + "# a comment\n" + head.replace("kind: Action", 'kind: "Action"')
    assert load_action(moved, "other.yaml").digest == deploy.digest
    changed = deploy_text.replace("timeout: 30m", "timeout: 31m")
    assert load_action(changed, "deploy.yaml").digest != deploy.digest


def test_a_version_is_restored_from_its_document(deploy: ActionVersion) -> None:
    again = restore_action(deploy.document)
    assert (again.name, again.digest, again.model) == (deploy.name, deploy.digest, deploy.model)
    with pytest.raises(DefinitionRejected, match="a stored version, at /extra"):
        restore_action({**deploy.document, "extra": 1})


@pytest.mark.parametrize(
    ("written", "keys", "queue"),
    [
        ("a", ["a"], "fifo"),
        ('["${{ entity.name }}", b]', ["${{ entity.name }}", "b"], "fifo"),
        ("{ keys: [a], queue: replace }", ["a"], "replace"),
        ('{ keys: [a], queue: priority, priority: "${{ 3 }}" }', ["a"], "priority"),
    ],
)
def test_a_lock_is_a_key_a_list_or_an_object(deploy_text: str, written: str, keys: list[str], queue: str) -> None:
    text = deploy_text.replace("lock: ${{ entity.name }}/${{ inputs.environment.name }}", f"lock: {written}")
    version = load_action(text, "deploy.yaml")
    locking = version.model.spec.locking
    assert locking is not None
    assert (locking.keys, locking.queue) == (keys, queue)
    assert restore_action(version.document).model == version.model


def test_a_version_does_not_print_its_document(deploy: ActionVersion) -> None:
    assert "acme" not in repr(deploy)
    assert len(repr(deploy)) < 200


def mistakes() -> list[tuple[str, str, str]]:
    """From `mistakes.txt`: `-` what the example says, `+` what is written instead, `=` how the problem begins."""
    lines = [line for line in (HERE / "mistakes.txt").read_text().splitlines() if line and not line.startswith("#")]
    texts = [line[2:].replace("\\n", "\n") for line in lines]
    return list(zip(texts[::3], texts[1::3], texts[2::3], strict=True))


@pytest.mark.parametrize(("old", "new", "expected"), mistakes())
def test_a_mistake_is_told_at_its_place_with_the_fix(
    deploy_text: str, problems: Problems, old: str, new: str, expected: str
) -> None:
    assert old in deploy_text
    found = problems(deploy_text.replace(old, new))
    assert any(problem.startswith(f"a.yaml:{expected}") for problem in found), "\n".join(found)


def test_all_problems_are_told_at_once_in_order(deploy_text: str, problems: Problems) -> None:
    text = (
        deploy_text.replace('inputs.version }}", run', 'inputs.verison }}", run')
        .replace("uses: github", "uses: lock")
        .replace("form.environment.name", "form.enviroment.name")
        .replace("{ kind: service }", "{ kind: servce }")
        .replace("count: 1", "count: 1\n      again: true")
    )
    assert [problem.split(":")[1] for problem in problems(text)] == ["11", "25", "32", "37", "48"]


def test_broken_expressions_are_told_beside_a_wrong_shape(deploy_text: str, problems: Problems) -> None:
    text = (
        deploy_text.replace("titel", "title")
        .replace("timeout: 30m", "timeout: 1")
        .replace("'production' }}", "1 && }}")
    )
    found = problems(text)
    assert len(found) == 3
    assert sum("`&&` means nothing here" in problem for problem in found) == 2


def test_names_are_not_checked_against_what_is_not_known(deploy_text: str) -> None:
    text = deploy_text.replace("entity.properties.repository", "entity.properties.anything.deep")
    text = text.replace("kind: service", "kind: gadget").replace("uses: github", "uses: anything")
    assert load_action(text, "deploy.yaml")


def test_a_kind_that_is_open_has_any_member(deploy_text: str, surroundings: Surroundings) -> None:
    from daytwo_actions.definitions import KindShape

    kinds = dict(surroundings.kinds or {})
    kinds["service"] = KindShape(schema={"type": "object", "additionalProperties": True}, relations={})
    text = deploy_text.replace("entity.properties.repository", "entity.properties.anything.deep")
    assert load_action(text, "d.yaml", surroundings=Surroundings(kinds=kinds))


def test_a_smallest_action() -> None:
    text = """
apiVersion: daytwo/v1
kind: Action
metadata: { name: ping, title: Ping }
spec:
  operation: create
  allow: { run: [everyone] }
  steps:
    - { id: go, uses: github, with: { project: a/b, pipeline: c.yml, ref: main } }
"""
    version = load_action(text, "ping.yaml")
    assert version.form.fields == {}
    assert version.model.spec.approval == []
    assert version.model.spec.steps[0].timeout == timedelta(hours=1)


@pytest.mark.parametrize("text", ["", "# nothing", "[]", "text", "42x", "{}"])
def test_what_is_no_action_at_all(problems: Problems, text: str) -> None:
    assert problems(text)[0].startswith("a.yaml:1:1: ")


def test_the_error_is_a_problem_for_people_and_for_programs(deploy_text: str) -> None:
    with pytest.raises(DefinitionRejected) as caught:
        load_action(deploy_text.replace("inputs.version", "inputs.verison"), "deploy.yaml")
    error = caught.value
    assert error.status == 422
    assert error.detail.startswith("Nothing was registered: 3 problems to correct.\ndeploy.yaml:41:40: ")
    assert [fault.pointer for fault in error.errors] == [
        "/spec/steps/0/with/inputs/version",
        "/spec/catalog/0/upsert/properties/version",
        "/spec/undo/inputs/version",
    ]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("30m", 1800), ("24h", 86_400), ("7d", 604_800), ("1h30m", 5400), ("1d1h1m1s", 90_061)],
)
def test_durations(text: str, seconds: int) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)
    assert format_duration(timedelta(seconds=seconds)) == text.replace("24h", "1d").replace("90s", "1m30s")


@pytest.mark.parametrize(
    "text",
    ["", "1", "h", "-1h", "1.5h", "1 h", "30m1h", "1w", "0s", "91d", "１h", 5, None, "1h\n", True],
)
def test_what_is_no_duration(text: object) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("uses", "gone", "said"),
    [
        ("github", "ref", "`ref` is missing here. Write the branch or tag"),
        ("github", "pipeline", "`pipeline` is missing here. Write the workflow file"),
        ("gitlab", "ref", "`ref` is missing here. Write the branch or tag"),
        ("gitlab", None, "`pipeline` has no meaning for the connection `gitlab`"),
        ("argo", "pipeline", "`pipeline` is missing here. Write the template"),
        ("argo", None, "`ref` has no meaning for the connection `argo`: templates of Argo have no branches or tags"),
    ],
)
def test_a_step_has_the_keys_that_its_kind_of_ci_system_takes(
    problems: Callable[[str], list[str]], uses: str, gone: str | None, said: str
) -> None:
    assert any(said in one for one in problems(step_of(uses, gone)))


@pytest.mark.parametrize(("uses", "gone"), [("github", None), ("gitlab", "pipeline"), ("argo", "ref")])
def test_what_has_no_meaning_may_be_left_out(surroundings: Surroundings, uses: str, gone: str | None) -> None:
    version = load_action(step_of(uses, gone), "a.yaml", surroundings=surroundings)
    assert version.model.spec.steps[0].uses == uses


def step_of(uses: str, gone: str | None) -> str:
    """The example with another connection, and without one of the keys of `with`."""
    lines = (HERE / "deploy.yaml").read_text().replace("uses: github", f"uses: {uses}").splitlines(keepends=True)
    return "".join(line for line in lines if gone is None or not line.startswith(f"        {gone}: "))
