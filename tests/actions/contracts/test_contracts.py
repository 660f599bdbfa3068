"""Actions against pipelines: each kind of disagreement at its place in the action file, with the pipeline's line."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from daytwo_actions.backends.argo.wire.inputs import read_template
from daytwo_actions.backends.base import Target
from daytwo_actions.backends.failures import BackendDenied, BackendUnreachable
from daytwo_actions.backends.github.wire.inputs import read_workflow
from daytwo_actions.backends.gitlab.wire.inputs import read_pipeline
from daytwo_actions.backends.pipelines import InputType, PipelineInfo, PipelineInputs
from daytwo_actions.contracts.check import Report, check_contracts
from daytwo_actions.definitions import load_action
from daytwo_actions.definitions.load import restore_action

pytestmark = pytest.mark.anyio
FILE = ".github/workflows/deploy.yml"
WORKFLOW = """\
run-name: Deploy [${{ inputs.daytwo_run }}]
on:
  workflow_dispatch:
    inputs:
      version: {type: string, required: true}
      place: {type: choice, options: [staging, production], default: staging}
      dry: {type: boolean}
      count: {type: number}
      daytwo_run: {type: string, default: ""}
jobs:
  ship: {steps: [{run: 'echo "$VERSION"', env: {VERSION: "${{ inputs.version }}"}}]}
"""
HEAD = """\
apiVersion: daytwo/v1
kind: Action
metadata: { name: deploy, title: Deploy }
spec:
  operation: day-2
  target: { kind: service }
  form:
    pages:
      - title: What
        required: [version]
        properties:
          version: { type: string, title: Version }
          maybe: { type: string, title: Maybe }
          yes: { type: boolean, title: Yes }
          number: { type: integer, title: Number }
          near: { type: string, title: Near, enum: [staging, east] }
          far: { type: string, title: Far, oneOf: [{const: production, title: P}] }
          many: { type: array, title: Many, items: { type: string } }
          where: { type: string, title: Where, format: entity, kind: environment }
  allow: { run: [owner] }
  steps:
    - id: ship
      uses: github
      with:
        project: PROJECT
        pipeline: deploy.yml
        ref: main
        inputs:
"""
FIRST = HEAD.count("\n") + 1  # the line of the first input


def action(*inputs: str, project: str = "acme/shop", ref: str = "ref: main") -> str:
    text = HEAD.replace("PROJECT", project).replace("ref: main", ref)
    return text + "".join(f"          {one}\n" for one in inputs)


@dataclass
class Ci:
    """Repositories with workflow files; what is not there is denied."""

    files: dict[str, str] = field(default_factory=lambda: {"acme/shop": WORKFLOW})
    down: bool = False
    disabled: bool = False
    slow: bool = False
    asked: list[Target] = field(default_factory=list)

    async def parameters(self, target: Target) -> PipelineInputs:
        self.asked.append(target)
        if self.slow:
            await asyncio.sleep(60)
        if self.down:
            raise BackendUnreachable("github.test does not answer.")
        if self.disabled:
            raise BackendDenied("The workflow deploy.yml of acme/shop is disabled_manually in GitHub.")
        if target.project not in self.files or target.pipeline != "deploy.yml":
            raise BackendDenied(f"There is no {target.pipeline} in {target.project}.")
        return read_workflow(self.files[target.project].encode(), FILE)

    async def pipelines(self, project: str, *, ref: str | None = None) -> list[PipelineInfo]:
        if project not in self.files:
            raise BackendDenied(f"{project} cannot be seen.")
        return [PipelineInfo(pipeline="deploy.yml", title="Deploy")]


def service(name: str, **properties: str) -> dict[str, Any]:
    return {"ref": f"service:{name}", "name": name, "kind": "service", "properties": properties, "relations": {}}


async def report(
    text: str, ci: Ci | None = None, entities: list[dict[str, Any]] | None = None, **options: float
) -> Report:
    backends: Mapping[str, Any] = {"github": ci or Ci()}
    return await check_contracts([load_action(text, "a.yaml")], backends, entities or [], **options)


async def said(*inputs: str, workflow: str = WORKFLOW) -> list[str]:
    found = await report(action(*inputs), Ci({"acme/shop": workflow}))
    return [str(one) for one in found.problems]


GIVEN = "version: ${{ inputs.version }}"


@pytest.mark.parametrize(
    "value",
    [
        "place: staging", "place: ${{ inputs.far }}", "dry: true", 'dry: "false"', "dry: ${{ inputs.yes }}", "count: 3",
        'count: "3.5"', "count: ${{ inputs.number }}", "count: ${{ inputs.number + 1 }}", "place: ${{ entity.name }}",
        "place: a-${{ entity.name }}", "count: null", "place: ${{ inputs.where.name }}",
    ],
)  # fmt: skip
async def test_what_fits_is_not_told(value: str) -> None:
    assert await said(GIVEN, value) == []


@pytest.mark.parametrize(
    ("value", "column", "words"),
    [
        (
            "verison: x",
            11,
            "The pipeline declares no input `verison` (FILE of acme/shop at main). Did you mean `version`?",
        ),
        ("other: x", 11, "no input `other` (FILE of acme/shop at main). It takes: version, place, dry, count."),
        ("place: east", 18, "input `place` does not offer `east` (FILE:6 of acme/shop at main). It offers staging"),
        ("place: stagin", 18, "Did you mean `staging`?"),
        ("place: ${{ inputs.near }}", 18, "does not offer `east`, which the field `near` does (FILE:6"),
        ("place: ${{ inputs.yes }}", 18, "does not offer `true`, which the field `yes` does"),
        ("dry: maybe", 16, "input `dry` takes true or false, and is given `maybe` (FILE:7"),
        ("dry: ${{ inputs.maybe }}", 16, "takes true or false, and the field `maybe` is of the type string"),
        ("dry: ${{ inputs.number }}", 16, "takes true or false, and the field `number` is of the type integer"),
        ("dry: x${{ inputs.maybe }}", 16, "takes true or false, and is given text that is put together"),
        ("count: many", 18, "input `count` takes a number, and is given `many` (FILE:8"),
        ("count: ${{ inputs.maybe }}", 18, "takes a number, and the field `maybe` is of the type string"),
        ("count: ${{ inputs.many }}", 18, "takes a number, and the field `many` is of the type array"),
        ("count: [1]", 18, "takes a number, and is given a list"),
        ("place: ${{ inputs.where }}", 18, "is given a whole entity; write `inputs.where.name`"),
    ],
)
async def test_what_does_not_fit_is_an_error_at_its_place(value: str, column: int, words: str) -> None:
    (problem,) = await said(GIVEN, value)
    assert problem.startswith(f"a.yaml:{FIRST + 1}:{column}: ")
    assert words.replace("FILE", FILE) in problem
    assert ": warning: " not in problem


async def test_a_required_input_that_is_not_given_is_an_error() -> None:
    (problem,) = await said("dry: true")
    assert problem == (
        f"a.yaml:{FIRST}:11: The pipeline requires the input `version`, and the step does not give it "
        f"({FILE}:5 of acme/shop at main)."
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([GIVEN, "place: ${{ inputs.maybe }}"], "anything may be typed"),
        (["version: ${{ inputs.maybe }}"], "is required, and the form may leave it unanswered"),
    ],
)
async def test_what_only_may_go_wrong_is_a_warning(given: list[str], words: str) -> None:
    (problem,) = await said(*given)
    assert ": warning: " in problem
    assert words in problem


async def test_what_the_file_itself_has_is_told_at_the_pipeline() -> None:
    unmarked = WORKFLOW.replace("run-name: Deploy [${{ inputs.daytwo_run }}]", "name: Deploy")
    unsafe = unmarked.replace('echo "$VERSION"', "echo ${{ inputs.version }}")
    marker, script = await said(GIVEN, workflow=unsafe)
    line = HEAD[: HEAD.index("deploy.yml")].count("\n") + 1
    for problem, words in ((marker, "Add `run-name:"), (script, "`${{ inputs.version }}` becomes part of a program")):
        assert problem.startswith(f"a.yaml:{line}:19: warning: ")
        assert words in problem
        assert f"({FILE}:" in problem


async def test_a_pipeline_that_nothing_can_start_is_an_error_and_nothing_else_is_told() -> None:
    (problem,) = await said("other: 1", workflow="on: push\n")
    assert "Nothing can start this workflow from outside" in problem
    assert ": warning: " not in problem


async def test_packed_inputs_need_no_name_but_a_slip_is_told() -> None:
    packs = WORKFLOW.replace("      dry:", "      daytwo_inputs: {type: string}\n      dry:")
    assert await said(GIVEN, "other: [1, 2]", workflow=packs) == []
    (problem,) = await said(GIVEN, "plaec: x", workflow=packs)
    assert ": warning: The pipeline declares no input `plaec`" in problem


async def test_a_pipeline_that_is_not_there_is_an_error_that_names_those_that_are() -> None:
    found = await report(action(GIVEN).replace("pipeline: deploy.yml", "pipeline: deplyo.yml"))
    (problem,) = found.errors
    assert "acme/shop has no pipeline 'deplyo.yml' (acme/shop at main). Did you mean `deploy.yml`?" in str(problem)
    assert found.checked == 1


async def test_a_pipeline_that_is_disabled_is_an_error_with_the_vendors_reason() -> None:
    (problem,) = (await report(action(GIVEN), Ci(disabled=True))).errors
    assert "The workflow deploy.yml of acme/shop is disabled_manually in GitHub (acme/shop at main)." in str(problem)


async def test_a_backend_with_a_fault_of_its_own_keeps_nobody_from_registering() -> None:
    (note,) = (await report(action(GIVEN), object())).problems  # type: ignore[arg-type]  # no backend at all
    assert "note: Not checked against its pipeline: what the CI system answers could not be understood" in str(note)


@pytest.mark.parametrize(
    ("ci", "because"),
    [
        (Ci(down=True), "github.test does not answer"),
        (Ci(slow=True), "the CI system did not answer within 0.2 s"),
        (Ci(files={}), "acme/shop cannot be seen"),
    ],
)
async def test_what_cannot_be_asked_is_said_and_is_no_error(ci: Ci, because: str) -> None:
    found = await report(action("other: 1"), ci, seconds=0.2)
    (note,) = found.problems
    assert (found.errors, found.checked) == ((), 0)
    assert f"note: Not checked against its pipeline: {because}." in str(note)


async def test_a_step_that_depends_on_the_entity_is_looked_at_for_those_there_are() -> None:
    text = action(GIVEN, "extra: 1", project="${{ entity.properties.repository }}")
    ci = Ci({"acme/shop": WORKFLOW, "acme/new": WORKFLOW.replace("      dry:", "      extra: {}\n      dry:")})
    entities = [service("shop", repository="acme/shop"), service("new", repository="acme/new"), service("none")]
    one = {"ref": "environment:x", "name": "x", "kind": "environment", "properties": {"repository": "acme/other"}}
    found = await report(text, ci, [*entities, one])
    assert {target.project for target in ci.asked} == {"acme/shop", "acme/new"}
    (problem,) = found.problems
    assert found.errors == ()
    assert f"({FILE} of acme/shop at main, for service:shop)" in str(problem)
    for_all = await report(text, ci, [service("shop", repository="acme/shop")])
    assert len(for_all.errors) == 1


async def test_many_entities_are_a_sample() -> None:
    ci = Ci()
    entities = [service(f"s{number}", repository=f"acme/s{number}") for number in range(50)]
    await report(action(GIVEN, project="${{ entity.properties.repository }}"), ci, entities)
    assert len(ci.asked) == 10


async def test_a_ref_that_somebody_chooses_is_looked_at_on_the_default_branch() -> None:
    ci = Ci()
    await report(action(GIVEN, ref="ref: ${{ inputs.version }}"), ci)
    assert [target.ref for target in ci.asked] == [""]


@pytest.mark.parametrize("project", ["acme/${{ inputs.maybe }}", "${{ user.name }}"])
async def test_a_pipeline_that_only_a_form_decides_is_not_checked(project: str) -> None:
    ci = Ci()
    (note,) = (await report(action(GIVEN, project=project), ci)).problems
    assert "note: Not checked" in str(note)
    assert ci.asked == []


GITLAB = """\
spec:
  inputs:
    version: { regex: "^v[0-9.]+$" }
    place: { options: [staging, production], default: staging }
    dry: { type: boolean, default: false }
    count: { type: number, default: 1 }
    note: { default: "" }
    daytwo_run: { default: "" }
---
workflow: { name: "Deploy [$[[ inputs.daytwo_run ]]]" }
ship: { script: ['true'] }
"""
ARGO: dict[str, Any] = {
    "spec": {
        "arguments": {
            "parameters": [
                {"name": "version"},
                {"name": "place", "enum": ["staging", "production"], "value": "staging"},
                {"name": "dry", "enum": ["true", "false"], "value": "false"},
                {"name": "count", "enum": ["1", "2", "3"], "value": "1"},
                {"name": "note", "value": ""},
            ]
        }
    }
}


@dataclass
class Reads(Ci):
    """What a vendor's own reader makes of its pipeline."""

    kind: str = "github"

    async def parameters(self, target: Target) -> PipelineInputs:
        match self.kind:
            case "gitlab":
                return read_pipeline(GITLAB.encode())
            case "argo":
                return read_template(ARGO, "deploy")
        noted = WORKFLOW.replace("      daytwo_run:", "      note: {type: string}\n      daytwo_run:", 1)
        if self.kind == "github environments":
            noted = noted.replace("{type: choice, options: [staging, production], ", "{type: environment, ")
        read = read_workflow(noted.encode(), FILE)
        known = ["staging", "production"]  # by the repository, and not by the file
        inputs = [replace(one, options=known) if one.type is InputType.ENVIRONMENT else one for one in read.inputs]
        return replace(read, inputs=inputs)


VENDORS = pytest.mark.parametrize("kind", ["github", "github environments", "gitlab", "argo"])


async def of(kind: str, *inputs: str) -> list[str]:
    return [str(one) for one in (await report(action(*inputs), Reads(kind=kind))).problems]


@VENDORS
@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        (["version: v1", "place: staging", "dry: true", "count: 3", "note: x"], None),
        (["place: staging"], "The pipeline requires the input `version`, and the step does not give it"),
        (["version: v1", "verison: x"], "The pipeline declares no input `verison`"),
        (["version: v1", "place: east"], "`place` does not offer `east`"),
        (["version: v1", "place: ${{ inputs.near }}"], "does not offer `east`, which the field `near` does"),
        (["version: v1", "place: ${{ inputs.maybe }}"], "takes one of its options only, and anything may be typed"),
        (["version: v1", "dry: maybe"], "input `dry` "),
        (["version: v1", "count: many"], "input `count` "),
        (["version: v1", "count: [1]"], "is given a list"),
        (["version: v1", "place: ${{ inputs.many }}"], "the field `many` is of the type array"),
        (["version: v1", "note: ${{ inputs.where }}"], "is given a whole entity; write `inputs.where.name`"),
    ],
)
async def test_each_disagreement_is_told_whatever_the_vendor(kind: str, inputs: list[str], words: str | None) -> None:
    found = await of(kind, *inputs)
    assert [words in one for one in found] == [True] if words else found == [], found


@VENDORS
@pytest.mark.parametrize("given", ["dry: x${{ inputs.maybe }}", "dry: ${{ inputs.number }}"])
async def test_what_cannot_be_true_or_false(kind: str, given: str) -> None:
    found = await of(kind, "version: v1", given)
    if kind == "argo":  # it has texts only, one of its options among them
        assert found == [] or "takes one of its options only" in found[0]
    else:
        assert ["takes true or false" in one for one in found] == [True]


@pytest.mark.parametrize(
    ("given", "words", "severity"),
    [
        ("version: '1.0'", "takes only what `^v[0-9.]+$` matches, and not `1.0`", ""),
        ("version: ${{ inputs.near }}", "`^v[0-9.]+$` matches, and the field `near` offers `staging`", ""),
        ("version: ${{ inputs.version }}", "`^v[0-9.]+$` matches, and anything may be typed", "warning: "),
        ("version: ${{ inputs.tag }}", None, ""),
        ("version: ${{ entity.name }}", None, ""),
    ],
)
async def test_what_a_pipelines_pattern_does_not_take(given: str, words: str | None, severity: str) -> None:
    text = action(given).replace(
        "          maybe:",
        "          tag: { type: string, title: Tag, pattern: '^v[0-9.]+$', default: v1 }\n          maybe:",
    )
    text = text.replace("enum: [staging, east] }", "enum: [staging, east], default: east }")
    found = [str(one) for one in (await report(text, Reads(kind="gitlab"))).problems]
    if words is None:
        assert found == []
        return
    (one,) = found
    assert words in one
    assert ("warning: " in one) is bool(severity)


@VENDORS
async def test_free_text_for_an_input_that_cannot_take_every_text_is_a_warning(kind: str) -> None:
    found = await of(kind, "version: v1", "note: ${{ inputs.maybe }}")
    wanted = {
        "github": [],  # every text arrives
        "gitlab": [
            "takes no text that holds a line break",
            "take `note` out of `spec:inputs`, so that it goes as a va",
        ],
        "argo": ["takes no text that holds `{{`, or ends with `{`", "let the template take it encoded"],
    }[kind.partition(" ")[0]]
    assert len(found) == bool(wanted)
    for words in wanted:
        assert words in found[0]
        assert ": warning: The pipeline's input `note`" in found[0]
        assert "Give the field `maybe` a `pattern` without that" in found[0]
    bounded = action("version: v1", "note: ${{ inputs.maybe }}").replace(
        "title: Maybe", "title: Maybe, pattern: '^[a-z]+$'"
    )
    assert (await report(bounded, Reads(kind=kind))).problems == ()


async def test_a_stored_version_is_checked_too() -> None:
    stored = restore_action(load_action(action("other: 1"), "a.yaml").document)
    found = await check_contracts([stored], {"github": Ci()}, [])  # type: ignore[dict-item]  # a double
    assert len(found.errors) == 2
