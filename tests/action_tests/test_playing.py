"""Tests of actions are played on what is real, and say what is different."""

import json
import re
import shutil
import textwrap
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from daytwo_actions.action_tests import read_tests
from daytwo_actions.definitions.errors import DefinitionRejected
from daytwo_workflows.action_tests.play import Played, play
from daytwo_workflows.action_tests.stage import Stage

pytestmark = pytest.mark.anyio
EXAMPLES = Path(__file__).parents[2] / "examples"
HEAD = f"""\
apiVersion: daytwo/v1
kind: ActionTests
spec:
  action: deploy
  company: [., {EXAMPLES / "catalog"}]
  given:
    user: person:ana
    entity: service:shop
    answers: {{ version: 1.1.0, environment: environment:staging }}
    choices: {{ github: {{ tags: [1.0.0, 1.1.0] }} }}
  tests:
"""


def written(folder: Path, tests: str, **spec: object) -> Path:
    """A test file, beside the example's deploy with some of its `spec` replaced."""
    document = yaml.safe_load((EXAMPLES / "actions/deploy.yaml").read_text())
    document["spec"].update(spec)
    (folder / "deploy.yaml").write_text(json.dumps(document))
    file = folder / "deploy.test.yml"
    file.write_text(HEAD + textwrap.indent(textwrap.dedent(tests), "    "))
    return file


async def played(stage: Stage, file: Path) -> Sequence[Played]:
    (loaded,) = read_tests([file])
    return [await play(stage, loaded, number) for number in range(len(loaded.model.spec.tests))]


async def test_the_tests_of_the_example_pass(stage: Stage) -> None:
    done = await played(stage, EXAMPLES / "actions/deploy.test.yml")
    assert [(one.name, one.differences, one.trouble) for one in done if not one.passed] == []
    assert len(done) == 5


async def test_the_tests_that_a_page_shows_pass(stage: Stage, tmp_path: Path) -> None:
    page = (EXAMPLES.parent / "docs/how-to/test-an-action.md").read_text()
    shown = re.findall(r"^ *```yaml\n(.*?)^ *```", page, re.MULTILINE | re.DOTALL)
    (tests,) = [textwrap.dedent(text) for text in shown if "kind: ActionTests" in text]
    for name in ("actions", "catalog"):
        shutil.copytree(EXAMPLES / name, tmp_path / name)
    file = tmp_path / "actions/deploy.test.yml"
    file.write_text(tests)
    done = await played(stage, file)
    assert [(one.name, one.differences, one.trouble) for one in done if not one.passed] == []
    assert done


async def test_what_is_different_is_said_with_both_sides(stage: Stage, tmp_path: Path) -> None:
    file = written(
        tmp_path,
        """
        - name: wrong in everything
          expect:
            fields: [version]
            may_run: false
            approvers: [{ from: ["group:sre"] }]
            lock: []
            state: failed
            reason: exploded
            steps: { ship: failed }
            requests: [{ step: ship, inputs: { version: 1.0.0, environment: staging } }]
            runs: [{ action: restart }]
            notifications: [{ notice: approval.asked }]
            catalog:
              deployment:shop-staging: { properties: { version: 9.9.9 } }
              service:shop: null
        """,
    )
    (one,) = await played(stage, file)
    found = {difference.at.removeprefix("expect."): difference for difference in one.differences}
    assert set(found) == {
        "fields", "may_run", "approvers", "lock", "state", "reason", "steps", "requests", "runs", "notifications",
        "catalog.deployment:shop-staging", "catalog.service:shop",
    }  # fmt: skip
    assert found["requests"].seen == [{"step": "ship", "inputs": {"version": "1.1.0", "environment": "staging"}}]
    assert found["catalog.deployment:shop-staging"].seen == {"properties": {"version": "1.1.0"}}
    assert found["fields"].lines() == ["  [", '-   "version"', '+   "version",', '+   "environment"', "  ]"]
    assert (one.passed, one.line) == (False, 13)


async def test_it_is_the_definition_that_is_tested(stage: Stage, tmp_path: Path) -> None:
    """Without its approval nobody is asked, and the test that says so fails."""
    file = written(
        tmp_path,
        """
        - name: production waits
          given: { answers: { version: 1.1.0, environment: environment:production } }
          expect: { state: waiting_approval, requests: [] }
        """,
        approval=[],
    )
    (one,) = await played(stage, file)
    assert [difference.at for difference in one.differences] == ["expect.state", "expect.requests"]


async def test_runs_of_before_are_what_an_undo_goes_back_to(stage: Stage, tmp_path: Path) -> None:
    file = written(
        tmp_path,
        """
        - name: back to the last of them
          given:
            answers: { version: 1.1.0, environment: environment:production }
            before:
              - action: deploy
                answers: { version: 1.1.0, environment: environment:production }
                approved_by: person:sam
              - action: deploy
                answers: { version: 1.0.0, environment: environment:production }
                approved_by: person:sam
          do:
            - expect:
                state: waiting_approval
                requests: []
                catalog: { deployment:shop-production: { properties: { version: 1.0.0 } } }
            - approve: { by: person:sam }
            - undo: { by: person:ana }
            - approve: { by: person:sam }
          expect:
            state: succeeded
            requests: [{ step: ship, inputs: { version: 1.0.0, environment: production } }]
        - name: one that did not succeed is no run of before
          given:
            before:
              - action: deploy
                answers: { version: 1.0.0, environment: environment:staging }
                pipelines: { ship: { ends: failed } }
        - name: nor one that nobody may ask for
          given: { before: [{ action: deploy, answers: {} }] }
        """,
    )
    good, failed, refused = await played(stage, file)
    assert (good.differences, good.trouble) == ([], None)
    assert "The run of deploy in `before` has not succeeded, it is failed" in str(failed.trouble)
    assert "The run of deploy in `before` was refused: " in str(refused.trouble)


async def test_pipelines_fail_are_lost_refused_and_never_end(stage: Stage, tmp_path: Path) -> None:
    file = written(
        tmp_path,
        """
        - name: the second try succeeds
          given: { pipelines: { ship: [{ ends: failed }, { after: 5m }] } }
          expect:
            state: succeeded
            requests: [{ step: ship }, { step: ship }]
        - name: an answer that is lost is looked for, and nothing is sent twice
          given: { pipelines: { ship: { lost: true } } }
          expect: { state: succeeded, requests: [{ step: ship }] }
        - name: the CI system says no
          given: { pipelines: { ship: { refused: no such workflow } } }
          expect: { state: failed, reason: no such workflow }
        - name: one that never ends is stopped after its time
          given: { pipelines: { ship: { ends: never } } }
          do:
            - expect: { state: running }
            - pass: 65m
          expect: { state: failed, reason: time limit }
        - name: and one that somebody stops
          given: { pipelines: { ship: { ends: never } } }
          do:
            - cancel: { by: person:ana, reason: wrong version }
          expect: { state: cancelled }
        """,
        steps=[_ship(retry={"attempts": 2, "wait": "30s"})],
    )
    done = await played(stage, file)
    assert [(one.name, one.differences, one.trouble) for one in done if not one.passed] == []


def _ship(**more: object) -> dict[str, object]:
    what = {"project": "acme/shop", "pipeline": "deploy.yml", "ref": "main"}
    return {"id": "ship", "uses": "github", "with": {**what, "inputs": {}}, "timeout": "30m", **more}


async def test_somebody_pushes_while_something_lasts(stage: Stage, tmp_path: Path) -> None:
    what = {"project": "acme/shop", "ref": "main", "inputs": {}}
    lasts = {"id": "lasts", "uses": "temporary", "with": {"for": "4h"}}
    file = written(
        tmp_path,
        """
        - name: something else
          do: [{ approve: { by: person:sam } }, { push: { project: acme/shop } }, { pass: 5h }]
          expect: { state: succeeded, requests: [{ step: ship }, { step: ship.undo }] }
        - name: the pipeline that takes it back
          do: [{ approve: { by: person:sam } }, { push: { project: acme/shop, pipeline: back.yml } }, { pass: 5h }]
          expect: { state: needs_attention, reason: has changed since it was approved, requests: [{ step: ship }] }
        - name: elsewhere
          do:
            - approve: { by: person:sam }
            - push: { project: acme/billing, pipeline: back.yml }
            - push: { project: acme/shop, ref: next, pipeline: back.yml }
            - pass: 5h
          expect: { state: succeeded, requests: [{ step: ship }, { step: ship.undo }] }
        """,
        steps=[_ship(undo={"uses": "github", "with": {**what, "pipeline": "back.yml"}}), lasts],
        approval=[{"from": ["group:sre"]}],
        on_error="undo",
        catalog=[],
        undo=None,
    )
    done = await played(stage, file)
    assert [(one.name, one.differences, one.trouble) for one in done if not one.passed] == []


async def test_people_events_services_and_time(stage: Stage, tmp_path: Path) -> None:
    file = written(
        tmp_path,
        """
        - name: all in its turn
          given:
            clock: 2026-03-02T09:00:00Z
            services:
              pager:
                - { path: /health, body: { ok: false }, times: 2 }
                - { path: /health, body: { ok: true } }
                - { method: POST, status: 201 }
          do:
            - give_up: { step: drain, by: person:ana, words: no, refused: group:sre }
            - complete: { step: drain, by: person:sam, answers: { note: done } }
            - expect: { steps: { drain: succeeded, until: running } }
            - event: { source: change, key: CHG-1, payload: { verdict: go } }
            - expect: { steps: { until: succeeded, lasts: running } }
            - expect: { requests: [{ step: ship, inputs: { note: done } }] }
            - extend: { step: lasts, by: person:sam, for: 6h }
            - pass: 5h
            - expect: { state: running }
            - pass: 2h
          expect:
            state: succeeded
            outputs: { until: { verdict: go } }
            calls: [{ service: pager, method: POST, path: /told, body: { note: done } }]
            notifications: [{ notice: step.message, to: ["group:sre"], text: shipped }]
            requests: [{ step: ship }, { step: ship.undo, inputs: { back: "true" } }]
        - name: given back early
          given: { services: { pager: [{ body: { ok: true } }] } }
          do:
            - complete: { step: drain, by: person:sam, answers: { note: done } }
            - event: { source: change, key: CHG-1, payload: { verdict: go } }
            - give_back: { step: lasts, by: person:ana }
          expect: { state: succeeded, requests: [{ step: ship }, { step: ship.undo }] }
        """,
        steps=[
            {
                "id": "drain",
                "uses": "task",
                "with": {
                    "from": ["group:sre"],
                    "text": "Drain it",
                    "form": {"pages": [{"title": "What", "properties": {"note": {"type": "string"}}}]},
                },
            },
            {
                "id": "until",
                "uses": "wait",
                "with": {"event": {"source": "change", "key": "CHG-1"}},
                "outputs": {"verdict": {"type": "string"}},
            },
            {"id": "soak", "uses": "wait", "with": {"for": "2h"}},
            {
                "id": "healthy",
                "uses": "check",
                "with": {
                    "get": {"service": "pager", "path": "/health"},
                    "until": "${{ response.body.ok }}",
                    "every": "1m",
                    "stable": "5m",
                },
            },
            {
                "id": "tell",
                "uses": "http",
                "with": {
                    "service": "pager",
                    "method": "POST",
                    "path": "/told",
                    "body": {"note": "${{ steps.drain.outputs.note }}"},
                },
            },
            _ship(
                **{
                    "with": {
                        "project": "acme/shop",
                        "pipeline": "deploy.yml",
                        "ref": "main",
                        "inputs": {"note": "${{ steps.drain.outputs.note }}"},
                    }
                },
                undo={
                    "uses": "github",
                    "with": {"project": "acme/shop", "pipeline": "b.yml", "ref": "main", "inputs": {"back": True}},
                },
            ),
            {"id": "say", "uses": "notify", "with": {"to": ["group:sre"], "text": "It is shipped"}},
            {
                "id": "lasts",
                "uses": "temporary",
                "with": {"for": "4h", "extend": {"from": ["group:sre"], "most": "8h"}},
            },
        ],
        on_error="undo",
        catalog=[],
        undo=None,
    )
    done = await played(stage, file)
    assert [(one.name, one.differences, one.trouble) for one in done if not one.passed] == []


@pytest.mark.parametrize(
    ("tests", "line", "said"),
    [
        ("- { name: a, expct: {} }", 12, "`expct` is not a known key here"),
        ("- { name: a }\n- { name: a }", 13, "twice"),
        ("- { name: a, given: { clock: noon } }", 12, "A time is written with its zone"),
        ("- { name: a, do: [{ pass: soon }] }", 12, "A duration is written as"),
        ("- { name: a, do: [{ pass: 1h, cancel: { by: 'person:ana' } }] }", 12, "one thing that happens"),
        ("- { name: a, given: { user: null } }", 12, "Who asks?"),
    ],
)
def test_what_is_wrong_with_a_test_file_has_its_place(tmp_path: Path, tests: str, line: int, said: str) -> None:
    with pytest.raises(DefinitionRejected) as refused:
        read_tests([written(tmp_path, tests)])
    (problem,) = refused.value.problems
    assert (problem.line, said in problem.message) == (line, True), problem
