"""The parts that can be wrong by themselves."""

import base64
import dataclasses
import hashlib
import hmac
import json
from typing import Any

import pytest
from described import FOLDER, needs_specs
from pydantic import ValidationError

from daytwo_standins.gitlab.ci_file import CiFileInvalidError, blueprint, expand, parse_ci_file
from daytwo_standins.gitlab.config import Config
from daytwo_standins.gitlab.inputs import Input, accept, declared, interpolate
from daytwo_standins.gitlab.ledger import Order
from daytwo_standins.gitlab.orders import obey
from daytwo_standins.gitlab.progress import advance, created, overall, put
from daytwo_standins.gitlab.records import (
    Blueprint,
    Job,
    PlannedJob,
    State,
    Status,
    blueprint_from,
    plain,
    state_from,
)
from daytwo_standins.gitlab.rules import ExpressionInvalidError, holds, wanted
from daytwo_standins.gitlab.webhooks import sign


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("$A", True),
        ("$NONE", False),
        ("$EMPTY", False),
        ('$A == "a"', True),
        ("$A != 'a'", False),
        ("$NONE == null", True),
        ("$A =~ /^A$/i && $NONE == null", True),
        ("$A !~ /b/ && ($A == 'x' || $NONE)", False),
        ("$A == 'a' || $NONE && $NONE", True),
        ("$A == $B", False),
    ],
)
def test_expressions(text: str, truth: bool) -> None:
    assert holds(text, {"A": "a", "B": "b", "EMPTY": ""}) is truth


@pytest.mark.parametrize("text", ["$A ==", "a b", "($A", "$A $B", "!"])
def test_what_is_no_expression(text: str) -> None:
    with pytest.raises(ExpressionInvalidError):
        holds(text, {"A": "a"})


def test_the_first_rule_that_fits_decides() -> None:
    rules = {"rules": [{"if": "$A == 'x'", "when": "never"}, {"if": "$A"}]}
    assert [wanted(rules, {"A": a}) for a in ("x", "y", "")] == [False, True, False]
    assert wanted({}, {})


def test_inputs_are_declared_in_the_header_and_filled_in_as_they_are() -> None:
    header = b"# a comment\nspec:\n  inputs:\n    a: {default: 1, type: number}\n    b:\n"
    text = header + b"---\nx: $[[ inputs.a ]] $[[inputs.b]]\n"
    file = parse_ci_file(text)
    assert file.inputs == (Input(name="a", type="number", required=False, default=1), Input(name="b"))
    assert interpolate(file.text, {"a": 1.5, "b": "$[[ inputs.a ]]"}).strip() == "x: 1.5 $[[ inputs.a ]]"
    assert interpolate("$[[ inputs.a | expand_vars | truncate(1,2) ]] $[[ inputs.z ]]", {"a": "12345"}) == (
        "23 $[[ inputs.z ]]"
    )
    assert parse_ci_file(b"x: {script: y}").inputs == ()
    with pytest.raises(CiFileInvalidError):
        parse_ci_file(b"a: [").filled({})
    assert parse_ci_file(b"a: {script: [!reference [b, script]]}").filled({})["a"]["script"] == [["b", "script"]]


@pytest.mark.parametrize(
    ("facts", "value", "fault"),
    [
        ({}, "x", None),
        ({}, 1, "provided value is not a string"),
        ({"type": "number"}, True, "provided value is not a number"),
        ({"type": "array"}, [1], None),
        ({"type": "array"}, "[1]", "provided value is not an array"),
        ({"options": ["a"]}, "b", "`b` cannot be used because it is not in the list of allowed options"),
        ({"regex": "/^v/"}, "v1", None),
        ({"regex": "^v"}, "1", "provided value does not match required RegEx pattern"),
    ],
)
def test_one_input(facts: dict[str, Any], value: object, fault: str | None) -> None:
    _, faults = accept(declared({"spec": {"inputs": {"i": facts}}}), {"i": value})
    assert faults == ([f"`i` input: {fault}"] if fault else [])


def test_an_input_that_nobody_declared() -> None:
    assert accept((), {"x": 1})[1] == [
        "Given inputs not defined in the `spec` section of the included configuration file: `x`"
    ]


def test_variables_are_expanded() -> None:
    assert expand("$A-${B}-$C", {"A": "1", "B": "2"}) == "1-2-"


def test_a_blueprint_from_what_is_listed() -> None:
    expanded = json.dumps(
        {
            "stages": [".pre", "one", "two", ".post"],
            "default": {"id_tokens": {"D": {"aud": "$WHERE"}}},
            "a": {"stage": "two", "when": "manual", "environment": {"name": "$WHERE"}},
            "b": {
                "stage": "two",
                "when": "manual",
                "allow_failure": False,
                "artifacts": {"name": "of-$WHERE"},
                "id_tokens": {"T": {"aud": ["x", "$WHERE"]}},
            },
            "c": {"stage": "one", "parallel": 2, "tags": ["linux"]},
            "d": {
                "stage": "two",
                "trigger": {"include": [{"local": "/x.yml", "inputs": {"i": 1}}], "strategy": "depend"},
            },
        }
    )
    facts = {"stage": "two", "when": "manual", "allow_failure": False}
    listed = [
        {"name": "a", **facts},
        {"name": "b", **facts},
        {"name": "gone", **facts, "when": "never"},
        {"name": "c: [1/2]", "stage": "one", "when": "on_success", "allow_failure": False},
        {"name": "d", **facts, "when": "on_success", "needs": [{"job": "c", "artifacts": False}]},
    ]
    made = blueprint(listed, expanded, {"WHERE": "staging"})
    assert [job.name for job in made.jobs] == ["c 1/2", "a", "b", "d"], "by stage, parallel jobs as GitLab calls them"
    assert [job.allow_failure for job in made.jobs] == [False, True, False, False]
    assert (made.job("a").environment, made.job("b").id_tokens) == ("staging", {"T": ("x", "staging")})
    assert made.job("a").id_tokens == {"D": ("staging",)}, "of all jobs that ask for none themselves"
    assert (made.job("a").archive, made.job("b").archive) == ("artifacts", "of-staging")
    bridge = made.job("d")
    assert bridge.trigger is not None
    assert (bridge.trigger.files, bridge.trigger.inputs, bridge.trigger.follow) == (("x.yml",), {"i": 1}, True)
    assert (bridge.needs, bridge.dependencies) == (("c",), ())
    assert blueprint_from(json.loads(json.dumps(plain(made)))) == made


def _planned(name: str, stage: str, **facts: Any) -> PlannedJob:
    return PlannedJob(name=name, runs_as=name, base=name, stage=stage, **facts)


PLAN = Blueprint(
    stages=("one", "two", "three"),
    jobs=(
        _planned("a", "one"),
        _planned("early", "three", needs=()),
        _planned("b", "two"),
        _planned("rescue", "two", when="on_failure"),
        _planned("needy", "three", needs=("b",)),
        _planned("always", "three", when="always"),
    ),
)


def _ended(state: State, status: Status, *names: str) -> State:
    changed = [dataclasses.replace(job, status=status) for job in state.latest if job.name in names]
    return advance(put(state, *changed), PLAN, 2.0)


def _shown(state: State) -> dict[str, str]:
    return {job.name: str(job.status) for job in state.latest}


def test_a_failure_skips_what_needs_success() -> None:
    state = created(PLAN, {}, 1.0)
    assert _shown(state) == {
        "a": "pending",
        "early": "pending",
        "b": "created",
        "rescue": "created",
        "needy": "created",
        "always": "created",
    }
    assert state.status is Status.PENDING
    state = _ended(state, Status.FAILED, "a")
    assert (_shown(state)["b"], _shown(state)["rescue"], _shown(state)["needy"]) == ("skipped", "pending", "skipped")
    state = _ended(state, Status.SUCCESS, "rescue", "early")
    assert (_shown(state)["always"], state.status) == ("pending", Status.RUNNING)
    state = _ended(state, Status.SUCCESS, "always")
    assert (state.status, state.finished_at) == (Status.FAILED, 2.0)


def test_an_order_is_carried_out_once() -> None:
    state = _ended(created(PLAN, {}, 1.0), Status.FAILED, "a")
    order = Order(run_id=1, number=1, verb="retry_job", actor="x", received_at=3.0, job=1)
    again = obey(state, PLAN, order)
    assert (len(again.jobs), [job.index for job in again.jobs if job.retried]) == (7, [1])
    assert _shown(again)["b"] == "created", "what was skipped has another chance"
    assert obey(again, PLAN, order) == again
    assert state_from(json.loads(json.dumps(plain(again)))) == again


@pytest.mark.parametrize(
    ("states", "together"),
    [
        ([], "created"),
        (["success", "skipped"], "success"),
        (["skipped"], "skipped"),
        (["success", "failed"], "failed"),
        (["success", "failed?"], "success"),
        (["success", "canceled"], "canceled"),
        (["running", "failed"], "running"),
        (["canceling", "running"], "canceling"),
        (["success", "manual"], "manual"),
        (["success", "manual?"], "success"),
        (["manual?"], "skipped"),
        (["created", "success"], "running"),
        (["pending", "created"], "pending"),
        (["success", "scheduled"], "scheduled"),
        (["waiting_for_resource", "success"], "waiting_for_resource"),
    ],
)
def test_what_jobs_make_together(states: list[str], together: str) -> None:
    jobs = tuple(
        Job(
            index=place,
            name=str(place),
            stage="test",
            status=Status(state.rstrip("?")),
            allow_failure=state.endswith("?"),
            created_at=0.0,
        )
        for place, state in enumerate(states)
    )
    assert overall(jobs) == together


def test_every_status_makes_a_status() -> None:
    for status in Status:
        assert overall((Job(index=1, name="x", stage="test", status=status, created_at=0.0),)) in set(Status)


@needs_specs
def test_the_statuses_are_those_that_are_described() -> None:
    document = json.loads((FOLDER / "gitlab" / "openapi.json").read_text(encoding="utf-8"))
    described = document["components"]["schemas"]["API_Entities_Ci_Job"]["properties"]["status"]["enum"]
    assert {str(status) for status in Status} == set(described) - {None}


@needs_specs
def test_the_signature_is_that_of_the_vectors() -> None:
    vectors = json.loads((FOLDER / "gitlab" / "webhook-signature-vectors.json").read_text(encoding="utf-8"))["vectors"]
    signed = [one for one in vectors if "signing_token" in one]
    assert signed
    for one in signed:
        headers, body = one["headers"], base64.b64decode(one["body_b64"])
        made = sign(one["signing_token"], headers["webhook-id"], headers["webhook-timestamp"], body)
        assert made == headers["webhook-signature"]


def test_the_signature_is_over_id_time_and_body() -> None:
    key = hmac.new(b"0123", b"id.7.body", hashlib.sha256).digest()
    assert sign("whsec_MDEyMw==", "id", "7", b"body") == "v1," + base64.b64encode(key).decode()


@pytest.mark.parametrize(
    "change",
    [
        {"projects": [{"full_path": "acme", "path": "x"}]},
        {"projects": [{"full_path": "a/b", "path": "x"}, {"full_path": "A/b", "path": "y"}]},
        {"projects": [{"full_path": "a/b", "path": "x", "id": 1}, {"full_path": "a/c", "path": "y", "id": 1}]},
        {"tokens": [{"login": "x", "token": "t", "role": "emperor"}]},
        {"tokens": [{"login": "x", "token": "t", "scopes": ["sudo"]}]},
        {"surprise": True},
    ],
)
def test_a_configuration_that_is_refused(change: dict[str, Any]) -> None:
    good: dict[str, Any] = {"projects": [], "tokens": []}
    assert Config.model_validate(good)
    with pytest.raises(ValidationError):
        Config.model_validate({**good, **change})
