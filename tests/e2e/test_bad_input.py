"""Bad input to the running house: a problem document with a sentence that says what to do next, and nothing is lost.

Of the issue's list, these have their tests elsewhere too, closer to the code that refuses them:

- definitions (unknown key, misspelt name, remote `$ref`, alias bomb, duplicate action): tests/actions/definitions, in
  test_load.py, test_yaml.py and test_registry.py; here they meet the start of the API.
- PostgreSQL, Temporal or the CI system down, at start and in the middle: tests/chaos, in test_start_order.py,
  test_database_killed.py, test_temporal_killed.py and test_ci_faults.py.
- who may do what to which object: tests/api/test_authorisation.py.
"""

import json
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.chaos.harness.stage import Stage
from tests.e2e.conftest import Act, Counted

from daytwo_cli.up.ports import free_port

GOOD = {"version": "1.1.0", "environment": "environment:staging", "note": "bad input"}
PATH = "/actions/deploy/runs"
# A sentence that begins by telling somebody to do something.
ADVICE = re.compile(
    r"(?:^|[.:;] )(?:Ask|Choose|Compare|Correct|Flatten|Give|Install|Leave|Look|Make|Mend|Open|Put|Remove|Say|Search|"
    r"Send|Sign|Start|Try|Use|Wait|Write) "
)


def key() -> dict[str, str]:
    return {"Idempotency-Key": f"bad-{uuid.uuid4()}"}


def body(entity: str | None = "service:fast-01", **inputs: Any) -> dict[str, Any]:
    return {"entity": entity, "inputs": {**GOOD, **inputs}}


def problem(answer: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    """What every refusal looks like: it says what was not done, and ends as a sentence does."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert (told["type"], told["status"]) == (kind, status), told
    assert "Nothing was" in told["detail"] or "nothing was" in told["detail"], told["detail"]
    assert ADVICE.search(told["detail"]), f"nothing says what to do next: {told['detail']}"
    assert told["request_id"] == answer.headers["x-request-id"]
    return told


SUBMISSIONS: list[tuple[str, Mapping[str, Any], int, str, str]] = [
    ("a wrong type", body(version=5), 422, "input-rejected", "/inputs/version"),
    ("a list for a text", body(note=["a"]), 422, "input-rejected", "/inputs/note"),
    ("an unknown field", body(colour="red"), 422, "input-rejected", "/inputs/colour"),
    ("a field that is missing", {"entity": "service:fast-01", "inputs": {}}, 422, "input-rejected", "/inputs/version"),
    ("a text that is too long", body(note="x" * 101), 422, "input-rejected", "/inputs/note"),
    ("a choice that is not offered", body(version="9.9.9"), 422, "input-rejected", "/inputs/version"),
    ("an entity of another kind", body(environment="service:fast-01"), 422, "input-rejected", "/inputs/environment"),
    ("an entity that is not there", body(environment="environment:moon"), 422, "input-rejected", "/inputs/environment"),
    ("a target of another kind", body(entity="environment:staging"), 422, "rejected", ""),
    ("no target", body(entity=None), 422, "rejected", ""),
    ("an unknown key", {**body(), "force": True}, 422, "invalid-request", "/force"),
    ("inputs that are no object", {"entity": "service:fast-01", "inputs": [1]}, 422, "invalid-request", "/inputs"),
    ("an old definition", {**body(), "version": "0" * 64}, 409, "conflict", ""),
]


@pytest.mark.parametrize(("what", "asked", "status", "kind", "pointer"), SUBMISSIONS, ids=[s[0] for s in SUBMISSIONS])
def test_a_submission_that_cannot_be_carried_out(
    stage: Stage, counted: Counted, what: str, asked: Mapping[str, Any], status: int, kind: str, pointer: str
) -> None:
    before = counted()
    told = problem(stage.ana.ask("POST", PATH, json=asked, headers=key()), status, kind)
    if pointer:
        assert pointer in [fault["pointer"] for fault in told["errors"]], f"{what}: {told}"
    assert counted() == before


def test_all_mistakes_are_told_at_once(stage: Stage) -> None:
    asked = body(version=5, environment="environment:moon", colour="red")
    told = problem(stage.ana.ask("POST", PATH, json=asked, headers=key()), 422, "input-rejected")
    assert {"/inputs/version", "/inputs/environment", "/inputs/colour"} <= {
        fault["pointer"] for fault in told["errors"]
    }


def test_an_entity_that_one_may_not_see_is_answered_like_one_that_is_not_there(stage: Stage, counted: Counted) -> None:
    """`service:vault` exists; ana is not in finance. Only the name that she sent differs."""
    before = counted()

    def told(entity: str) -> str:
        answer = stage.ana.ask("POST", PATH, json=body(entity=f"service:{entity}"), headers=key())
        found = problem(answer, 404, "not-found")
        del found["request_id"]
        return json.dumps(found).replace(entity, "…")

    assert told("vault") == told("nowhere")
    assert counted() == before


def test_a_body_over_128_kb(stage: Stage, counted: Counted) -> None:
    before = counted()
    large = json.dumps(body(note="x" * 140_000)).encode()
    headers = {**key(), "Content-Type": "application/json"}

    def pieces() -> Iterator[bytes]:
        for at in range(0, len(large), 1000):
            yield large[at : at + 1000]

    problem(stage.ana.ask("POST", PATH, content=large, headers=headers), 413, "too-large")
    problem(stage.ana.ask("POST", PATH, content=pieces(), headers=headers), 413, "too-large")  # chunked
    assert counted() == before


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b'{"entity":', "invalid-request"),
        (b"\xff\xfe", "invalid-request"),
        (b'{"inputs": {"note": "a\\u0000b"}}', "rejected"),
        (b'{"inputs": {"note": "\\ud800"}}', "rejected"),
        (b'{"inputs": ' + b'{"a":' * 100 + b"1" + b"}" * 100 + b"}", "rejected"),
        (b'{"entity": "service:fast-01", "inputs": {"note": 1e999}}', "rejected"),
    ],
    ids=["cut off", "no text", "a null character", "half a character", "too deep", "no number"],
)
def test_what_is_no_json_of_ours(stage: Stage, counted: Counted, content: bytes, kind: str) -> None:
    before = counted()
    headers = {**key(), "Content-Type": "application/json"}
    problem(stage.ana.ask("POST", PATH, content=content, headers=headers), 422, kind)
    assert counted() == before


def test_no_key(stage: Stage, counted: Counted) -> None:
    before = counted()
    told = problem(stage.ana.ask("POST", PATH, json=body()), 422, "rejected")
    assert "Idempotency-Key" in told["detail"]
    assert counted() == before


def test_the_same_key_with_another_body(stage: Stage, counted: Counted) -> None:
    mine = key()
    first = stage.ana.ask("POST", PATH, json=body("service:slow-01"), headers=mine)
    assert first.status_code == 202
    again = stage.ana.ask("POST", PATH, json=body("service:slow-01"), headers=mine)
    assert (again.json()["id"], again.json()["repeated"]) == (first.json()["id"], True)
    before = counted()["run"]
    told = problem(stage.ana.ask("POST", PATH, json=body("service:slow-02"), headers=mine), 422, "rejected")
    assert first.json()["id"] in told["detail"]
    assert counted()["run"] == before
    other = stage.ben.ask("POST", PATH, json=body("service:slow-03"), headers=mine)  # keys are each person's own
    assert other.json()["id"] != first.json()["id"]


def test_nobody(house_page: str) -> None:
    answer = httpx.post(f"{house_page}/api/v1{PATH}", json=body(), headers=key(), trust_env=False)
    problem(answer, 401, "unauthenticated")
    wrong = {"Authorization": "Bearer dt_wrong", **key()}
    problem(
        httpx.post(f"{house_page}/api/v1{PATH}", json=body(), headers=wrong, trust_env=False), 401, "unauthenticated"
    )


@pytest.fixture
def house_page(stage: Stage) -> str:
    return stage.house.page


def test_an_action_that_is_not_there(stage: Stage) -> None:
    told = stage.ana.ask("POST", "/actions/deplyo/runs", json=body(), headers=key())
    assert (told.status_code, told.json()["type"]) == (404, "not-found")
    assert "Look at the list of actions" in told.json()["detail"]


def test_a_decision_on_another_digest_by_the_requester_or_by_somebody_who_was_not_asked(
    stage: Stage, counted: Counted
) -> None:
    run = stage.ana.submit("fast-02", "production", note="decide")
    approval = stage.ana.approval(run)
    path = f"/approvals/{approval['id']}/decision"
    before = counted()
    approve = {"verdict": "approve", "digest": approval["digest"], "comment": ""}
    told = problem(stage.sam.ask("POST", path, json={**approve, "digest": "0" * 64}), 409, "conflict")
    assert "Open the approval again" in told["detail"]
    for digest in (approval["digest"].upper(), approval["digest"][:-1], ""):
        assert stage.sam.ask("POST", path, json={**approve, "digest": digest}).status_code in (409, 422)
    assert "four eyes" in problem(stage.ana.ask("POST", path, json=approve), 403, "forbidden")["detail"]
    assert "group:sre" in problem(stage.ben.ask("POST", path, json=approve), 403, "forbidden")["detail"]
    told = problem(stage.sam.ask("POST", path, json={**approve, "verdict": "reject"}), 422, "rejected")
    assert "Say why" in told["detail"]
    assert counted() == before
    assert stage.ana.run(run)["state"] == "waiting_approval"
    assert stage.sam.decide(run).is_success
    stage.wait([run])
    told = stage.sam.ask("POST", path, json={**approve, "verdict": "reject", "comment": "late"}).json()
    assert (told["status"], told["type"]) == (409, "conflict")


def test_act_is_missing(stage: Stage, act: Act) -> None:
    act.is_missing()
    run = stage.ana.submit("real-01", note="no act")
    stage.wait([run])
    failed(stage, run, "act was not found, so nothing was executed")
    act.works()
    again = stage.ana.submit("real-01", note="act is back")
    stage.wait([again])
    assert stage.ana.run(again)["state"] == "succeeded", "a failed run must not stand in the way of the next"


@pytest.mark.parametrize("how", ["dies", "complains"])
def test_act_dies(stage: Stage, act: Act, how: str) -> None:
    getattr(act, how)()
    run = stage.ana.submit("real-02", note=f"act {how}")
    stage.wait([run])
    failed(stage, run, "cannot read the workflow" if how == "complains" else "before the workflow was done")


def failed(stage: Stage, run: str, because: str) -> None:
    """The run says that it failed and why, what to do next, and the catalog is as it was."""
    now = stage.ana.run(run)
    assert now["state"] == "failed"
    until = time.monotonic() + 60
    while now["log_pending"] and time.monotonic() < until:  # the end does not wait for a log that may still come
        time.sleep(0.1)
        now = stage.ana.run(run)
    assert "The catalog was not changed" in now["reason"]
    assert now["changes"] == []
    lines = stage.ana.insist("GET", f"/runs/{run}/logs").json()["lines"]
    told = [now["reason"], *(line["text"] for line in lines)]
    why = [text for text in told if because in text]
    assert why, f"nobody can see why: {told}"
    assert any(ADVICE.search(text) for text in why), f"nothing says what to do next: {why}"


BROKEN = {
    "unknown-key.yaml": ("  lock:", "  lokc:", "lokc"),
    "misspelt.yaml": ("${{ entity.name }}-$", "${{ entity.nmae }}-$", "nmae"),
    "remote.yaml": (
        "{ type: string, title: Note, maxLength: 100 }",
        '{ "$ref": "https://example.com/x.json" }',
        "$ref",
    ),
    "twice.yaml": ("", "", "deploy"),
    "bomb.yaml": ("  tags: [deploy]", "  tags: &a [x, x]\n  bomb: [*a, *a, *a]", "alias"),
}


def test_definitions_that_are_wrong_keep_the_api_from_starting_and_change_nothing(
    stage: Stage, counted: Counted, tmp_path: Path
) -> None:
    """Another API process on a folder with five broken files: it names all of them; the running one goes on."""
    folder = tmp_path / "actions"
    folder.mkdir()
    good = (stage.house.house.company.examples / "actions" / "deploy.yaml").read_text()
    (folder / "deploy.yaml").write_text(good)
    for name, (old, new, _) in BROKEN.items():
        text = good.replace(old, new) if old else good
        assert not old or text != good, name
        (folder / name).write_text(
            text if name == "twice.yaml" else text.replace("name: deploy\n", f"name: {name[:-5]}\n")
        )
    catalog, *_ = stage.house.house.company.definitions()
    environment = stage.house.house.product.environment() | {
        "DAYTWO_COMPANY": f"{catalog}:{folder}",
        "DAYTWO_API_PORT": str(free_port()),
    }
    before = counted()
    done = subprocess.run(
        [sys.executable, "-m", "daytwo_api"], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2, done.stderr
    told = done.stderr.splitlines()
    for name, (_, _, word) in BROKEN.items():
        assert any(name in line and word in line for line in told), f"{name} is not told: {done.stderr}"
    assert counted() == before
    assert stage.ana.insist("GET", "/actions/deploy").status_code == 200
