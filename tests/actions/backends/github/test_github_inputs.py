"""A workflow's own inputs, read from its file."""

import pytest

from daytwo_actions.backends.github.wire.inputs import read_workflow
from daytwo_actions.backends.pipelines import InputType, PipelineInput, PipelineInputs, Severity

FILE = ".github/workflows/deploy.yml"
ALL = b"""\
name: Deploy
run-name: Deploy ${{ inputs.version }} [${{ inputs.daytwo_run }}]
on:
  push:
  workflow_dispatch:
    inputs:
      version: { description: A tag, required: true, type: string }
      place:
        type: choice
        options: [staging, production, 1.10]
        default: staging
        required: true
      dry: { type: boolean, default: "true" }
      count: { type: number, default: 3 }
      share: { type: number, default: "0.5" }
      where: { type: environment }
      plain:
      old: { deprecationMessage: Use version. }
      daytwo_run: { type: string, default: "" }
      daytwo_inputs: { type: string }
jobs: {}
"""


def read(text: str | bytes) -> PipelineInputs:
    return read_workflow(text if isinstance(text, bytes) else text.encode(), FILE)


def codes(found: PipelineInputs, severity: Severity) -> list[tuple[str, int | None]]:
    return [(one.code, one.line) for one in found.remarks if one.severity is severity]


def test_every_type_is_read_with_its_line() -> None:
    found = read(ALL)
    expected = [
        PipelineInput(name="version", type=InputType.STRING, required=True, description="A tag", line=7),
        PipelineInput(
            name="place", type=InputType.CHOICE, required=False, default="staging", line=8,
            options=("staging", "production", "1.1"),
        ),
        PipelineInput(name="dry", type=InputType.BOOLEAN, required=False, default=True, line=13),
        PipelineInput(name="count", type=InputType.NUMBER, required=False, default=3, line=14),
        PipelineInput(name="share", type=InputType.NUMBER, required=False, default=0.5, line=15),
        PipelineInput(name="where", type=InputType.ENVIRONMENT, required=False, line=16),
        PipelineInput(name="plain", type=InputType.STRING, required=False, line=17),
        PipelineInput(name="old", type=InputType.STRING, required=False, line=18),
    ]  # fmt: skip
    assert list(found.inputs) == expected
    assert (found.file, found.marked, found.packs, found.others) == (FILE, True, True, False)
    assert codes(found, Severity.WARNING) == [("deprecated", 18)]
    assert codes(found, Severity.ERROR) == []


@pytest.mark.parametrize(
    "on",
    [
        "workflow_dispatch", "[push, workflow_dispatch]", "{workflow_dispatch: null}", "{workflow_dispatch: {}}",
        "{push: , workflow_dispatch: }", "{workflow_dispatch: {inputs: null}}", "\n  - workflow_dispatch",
    ],
)  # fmt: skip
@pytest.mark.parametrize("key", ["on", "'on'", '"on"'])
def test_every_way_to_say_that_it_can_be_dispatched(key: str, on: str) -> None:
    found = read(f"{key}: {on}\njobs: {{}}\n")
    assert found.inputs == ()
    assert codes(found, Severity.ERROR) == []


@pytest.mark.parametrize("on", ["push", "[push]", "{push: {inputs: {a: }}}", "{workflow_call: {inputs: {a: }}}", ""])
def test_one_that_nothing_can_start_is_told_at_its_on(on: str) -> None:
    found = read(f"name: x\non: {on}\njobs: {{}}\n")
    assert found.inputs == ()
    assert codes(found, Severity.ERROR) == [("not-dispatchable", 2)]
    assert "Add `workflow_dispatch:`" in found.remarks[0].message


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("on: [", 2), ("- a", None), ("", None), ("a: 1\n---\nb: 2", None), ("on: x\nb: {", 3), ("[" * 100_000, None),
        (" " * 300_000, None), (b"\xff\xfe", None), ("on: !x &a [*a]\nb: ]", 2),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_one_remark(text: str | bytes, line: int | None) -> None:
    found = read(text)
    assert codes(found, Severity.ERROR) == [("unreadable", line)]
    assert not found.marked


@pytest.mark.parametrize(
    ("facts", "code", "severity"),
    [
        ("{type: secret}", "input-type", Severity.ERROR),
        ("{type: choice}", "input-type", Severity.ERROR),
        ("{type: choice, options: [a], default: b}", "input-type", Severity.WARNING),
    ],
)
def test_an_input_that_contradicts_itself_is_told(facts: str, code: str, severity: Severity) -> None:
    found = read(f"on:\n  workflow_dispatch:\n    inputs:\n      a: {facts}\n")
    assert (code, 4) in codes(found, severity)
    assert [one.name for one in found.inputs] == ["a"]


def test_more_inputs_than_are_taken_are_told_at_the_first_beyond() -> None:
    declared = "".join(f"      i{number}:\n" for number in range(26))
    found = read(f"on:\n  workflow_dispatch:\n    inputs:\n{declared}")
    assert codes(found, Severity.ERROR) == [("too-many-inputs", 29)]
    assert "daytwo_inputs" in found.remarks[0].message


def test_the_line_that_makes_it_marked_is_given_and_does() -> None:
    text = "name: 'Ship: it'\non:\n  workflow_dispatch:\n    inputs:\n      a:\njobs: {}\n"
    remark = next(one for one in read(text).remarks if one.code == "no-marker")
    line = remark.message.split("`")[1]
    assert line == 'run-name: "Ship: it [${{ inputs.daytwo_run }}]"'
    declared = remark.message.split("`")[3]
    mended = read(text.replace("      a:\n", f"      a:\n      {declared}\n") + line + "\n")
    assert mended.marked
    assert not [one for one in mended.remarks if one.code == "no-marker"]


def test_aliases_do_not_multiply() -> None:
    bomb = "a: &a0 [x]\n" + "".join(f"k{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 40))
    text = f"{bomb}on: {{workflow_dispatch: {{inputs: {{x: {{default: *a39}}}}}}}}\n"
    assert codes(read(text), Severity.ERROR) == [("unreadable", 1)]
    endless = "on: {workflow_dispatch: {inputs: {x: {default: &a [*a]}}}}\n"
    assert [code for code, _ in codes(read(endless), Severity.ERROR)] == ["unreadable"]


AFTER = '{{a: {{steps: [{{uses: acme/daytwo/claim@v1, id: asked}}, {{run: x, id: before}}, {{run: y, if: "{}"}}]}}}}'


@pytest.mark.parametrize(
    ("jobs", "fenced"),
    [
        ("{a: {steps: [{uses: actions/checkout@v4}, {uses: acme/daytwo/claim@v1}]}}", 1),
        ("{a: {steps: [{uses: acme/daytwo/claim@v1}]}, b: {needs: a, steps: [{uses: acme/daytwo/claim@v1}]}}", 1),
        ("{a: {steps: [{uses: acme/daytwo/claim@v1}]}, b: {needs: a, steps: [{run: make}]}}", 0),
        ("{a: {steps: [{uses: acme/daytwo/claim@v1}]}, b: {needs: a, uses: ./.github/workflows/x.yml}}", 0),
        ("{a: {if: always(), steps: [{uses: acme/daytwo/claim@v1}]}}", 1),
        ("{a: {steps: [{run: curl --fail https://d/api/v1/ci/claim}]}}", 1),
        ("{a: {steps: [{run: curl https://d/api/v1/ci/claim}]}}", 0),
        ("{a: {steps: [{run: make}, {uses: acme/daytwo/claim@v1}]}}", 0),
        ("{a: {steps: [{uses: acme/daytwo/claim@v1}]}, b: {steps: [{run: make}]}}", 0),
        ("{}", 0),
        ("{a: {steps: [{uses: acme/daytwo/claim@v1, continue-on-error: true}]}}", 0),
        ("{a: {steps: [{uses: acme/daytwo/claim@v1, if: inputs.x}]}}", 0),
        ("{a: {continue-on-error: true, steps: [{uses: acme/daytwo/claim@v1}]}, b: {needs: a}}", 0),
        ("{a: {steps: [{uses: acme/daytwo/claim@v1}, {run: make, if: failure()}]}}", 0),
        ('{a: {steps: [{run: "./deploy.sh\\ncurl --fail https://d/api/v1/ci/claim"}]}}', 0),
        ('{a: {steps: [{run: "curl --fail https://d/api/v1/ci/claim\\n./deploy.sh"}]}}', 1),
        ("{a: {steps: [{run: \"echo 'no daytwo-claim yet'\\n./deploy.sh\"}]}}", 0),
        ("{a: {steps: [{run: curl -f https://d/ci/claim, shell: bash}]}}", 1),
        ('{a: {runs-on: windows-latest, steps: [{run: "curl -f https://d/ci/claim\\nmake"}]}}', 0),
        ('{a: {runs-on: [self-hosted, Windows], steps: [{run: "curl -f https://d/ci/claim\\nmake"}]}}', 0),
        ('{a: {runs-on: windows-latest, steps: [{shell: bash, run: "curl -f https://d/ci/claim\\nmake"}]}}', 1),
        ('{a: {steps: [{run: "curl -f https://d/ci/claim\\nmake", shell: "bash {0}"}]}}', 0),
        ("{a: {defaults: {run: {shell: pwsh}}, steps: [{run: curl -f https://d/ci/claim}]}}", 0),
        *(
            (AFTER.format(one), 0)
            for one in (
                "always()",
                "${{ !cancelled() }}",
                "success() || inputs.force",
                "${{ !success() }}",
                "success() == false",
                "Success ( ) || inputs.x",
                "failure() && inputs.x",
                "failure() && steps.other.outcome == 'success'",
                "failure() && steps.before.outcome != 'success'",
                "failure() || steps.before.outcome == 'success'",
                "failure() && (steps.before.outcome == 'success' || inputs.x)",
            )
        ),
        *(
            (AFTER.format(one), 1)
            for one in (
                "inputs.x || inputs.y",
                "${{ success() && inputs.x }}",
                "always() && steps.asked.outcome == 'success'",
                "${{ (failure() || cancelled()) && steps.before.outputs.release != '' }}",
            )
        ),
        (
            (
                "{a: {steps: [{uses: acme/daytwo/claim@v1}, {run: x, id: late, if: always()}, "
                "{run: y, if: \"failure() && steps.late.outcome == 'success'\"}]}}"
            ),
            0,
        ),
    ],
)
def test_a_workflow_is_fenced_when_each_job_asks_itself_before_it_works(jobs: str, fenced: int) -> None:
    found = read(f"on: workflow_dispatch\njobs: {jobs}\n")
    assert found.fenced is bool(fenced)
    assert bool(codes(found, Severity.NOTE)) is not bool(fenced)
