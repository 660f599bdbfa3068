"""What undoes a step: the kinds that there are, what it may name, and what is refused when an action is registered."""

from dataclasses import replace

import pytest

from daytwo_actions.definitions import DefinitionRejected, Surroundings, load_action, restore_action
from daytwo_actions.definitions.steps.kinds import kind_of

RUNBOOK = """
apiVersion: daytwo/v1
kind: Action
metadata: { name: release, title: Release }
spec:
  operation: day-2
  target: { kind: service }
  form: { pages: [{ title: What, properties: { version: { type: string } } }] }
  allow: { run: [owner] }
  approval:
    - id: window
      from: [group:sre]
      form: { pages: [{ title: When, properties: { ticket: { type: string } } }] }
  on_error: undo
  steps:
    - id: build
      uses: github
      with: { project: a/b, pipeline: build.yml, ref: main }
      outputs: { image: { type: string } }
      undo:
        uses: github
        with: { project: a/b, pipeline: unbuild.yml, ref: main, inputs: { image: "${{ steps.build.outputs.image }}" } }
        timeout: 10m
        retry: { attempts: 2 }
    - id: page
      uses: http
      with: { service: pager, method: POST, path: /incidents, headers: { X-Token: "${{ secrets.pager }}" } }
      undo:
        uses: http
        effect: idempotent
        with: { service: pager, method: POST, path: /incidents/close, headers: { X-Token: "${{ secrets.pager }}" } }
    - id: note
      uses: catalog
      with: { upsert: { kind: deployment, name: x, properties: { version: "${{ inputs.version }}" } } }
      undo:
        uses: catalog
        with: { upsert: { kind: deployment, name: x, properties: { version: "${{ entity.properties.repository }}" } } }
    - id: healthy
      uses: check
      with: { until: "${{ entity.name == 'x' }}" }
"""
CALLS = """    - id: sub
      uses: action
      with: { action: other }
      undo: { uses: github, with: { project: a/b } }
"""
CLOSE = "path: /incidents/close"
IMAGE = "${{ steps.build.outputs.image }}"


@pytest.fixture
def around(surroundings: Surroundings) -> Surroundings:
    return replace(surroundings, services={"pager": ("pager",)})


def test_steps_with_an_undo_load_and_are_kept_as_they_are(around: Surroundings) -> None:
    version = load_action(RUNBOOK, "a.yaml", surroundings=around)
    spec = version.model.spec
    assert [kind_of(step.undo) for step in spec.steps if step.undo] == ["dispatch", "http", "catalog"]
    assert restore_action(version.document).model == version.model
    assert (spec.on_error, spec.steps[3].undo) == ("undo", None)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("on_error: undo", "on_error: undone", "This is one of stop, undo, ask"),
        (
            "uses: github\n        with: { project: a/b, pipeline: unbuild",
            "uses: gthub\n        with: { project: a/b, pipeline: unbuild",
            "There is no connection `gthub`",
        ),
        ("uses: catalog\n        with", "uses: notify\n        with", "A step of the kind `notify` undoes nothing"),
        ("        timeout: 10m", "        id: back", "`id` is not a known key here"),
        ("        timeout: 10m", "        needs: [page]", "`needs` is not a known key here"),
        ("        timeout: 10m", "        undo: { uses: github }", "`undo` is not a known key here"),
        (IMAGE, "${{ steps.page.state }}", "`page` need not have ended when `build` begins"),
        (IMAGE, "${{ steps.build.outputs.imge }}", "`steps.build.outputs` has no `imge`. Did you mean `image`?"),
        (IMAGE, "${{ approvals.window.ticket }}", "`approvals` is not known in a step"),
        (
            "unbuild.yml, ref: main",
            'unbuild.yml, ref: "${{ steps.build.outputs.image }}"',
            "What is started has to be known",
        ),
        (CLOSE, "path: incidents", "A path begins with exactly one slash"),
        (CLOSE, 'path: "/${{ secrets.pager }}"', "A secret cannot be used here"),
        (
            "service: pager, method: POST, path: /incidents/close",
            "service: pagr, method: POST, path: /x",
            "There is no service `pagr`",
        ),
        (
            "effect: idempotent\n        with: { service: pager, method: POST, path: /incidents/close",
            "with: { service: pager, method: GET, path: /incidents/close",
            "A request that only reads undoes nothing",
        ),
        ("effect: idempotent", "effect: checkable", "A request is `checkable` by its `probe`, and this has none"),
        (
            "effect: idempotent",
            "effect: once\n        retry: { attempts: 2 }",
            "A step that is `once` is never repeated",
        ),
        (
            "until: \"${{ entity.name == 'x' }}\" }",
            "until: \"${{ entity.name == 'x' }}\" }\n      undo: { uses: github, with: { project: a/b } }",
            "`healthy` changes nothing, so there is nothing to undo",
        ),
        (
            "    - id: healthy\n",
            CALLS + "    - id: healthy\n",
            "What `sub` calls is a run with an undo of its own",
        ),
        ("inputs: { image:", "inputs: { daytwo_run:", "The input `daytwo_run` is ours"),
    ],
)
def test_a_mistake_in_an_undo_is_told_at_its_place(around: Surroundings, old: str, new: str, expected: str) -> None:
    assert old in RUNBOOK
    with pytest.raises(DefinitionRejected) as caught:
        load_action(RUNBOOK.replace(old, new, 1), "a.yaml", surroundings=around)
    problems = [str(problem) for problem in caught.value.problems]
    assert any(expected in problem for problem in problems), "\n".join(problems)


@pytest.mark.parametrize("policy", ["undo", "ask"])
def test_nothing_to_undo_is_refused(around: Surroundings, policy: str) -> None:
    lines = RUNBOOK[: RUNBOOK.index("      undo:")].replace("on_error: undo", f"on_error: {policy}")
    with pytest.raises(DefinitionRejected, match="and no step says how it is undone"):
        load_action(lines, "a.yaml", surroundings=around)
