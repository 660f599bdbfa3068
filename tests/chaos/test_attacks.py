"""Attacks on the whole house: S17, S18, S21 and S23, S26, S41. What they do to one part alone is tested beside it.

Whatever is tried, the oracle finds everything as before: nobody's run is moved, and what was typed is what arrives.
"""

import time
from itertools import product

import httpx
import psutil
import pytest
from tests.chaos.harness.house import WORKER, until
from tests.chaos.harness.stage import Stage, action_on

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(400)]
KINDS = ("github", "gitlab", "argo")
each_kind = pytest.mark.parametrize("system", KINDS)

# Argo would replace `{{`: that is refused, see below. GitLab fills what its pipeline declares as an input into the text
# of the file before it reads that, and takes less there; in a variable, as the note is here, everything arrives.
TYPED = {
    "github": "\"'`$(touch /tmp/x) ${{ secrets.X }} %0A::set-output a=b\n\ttwo ☃ \\",
    "gitlab": "\"'`$(touch /tmp/x) ${{ secrets.X }} $$ $CI_JOB_TOKEN $[[ inputs.x ]] {[]}\n\ttwo ☃ \\",
    "argo": "\"'`$(touch /tmp/x) ${X} %0A::set-output a=b\n\ttwo ☃ \\",
}
NAMES = ("../../../user", "..%2f..%2fuser", "%2e%2e/x", "-x", "a\r\nX-Evil: 1", "a\x00b", "?per_page=1", "#", "x" * 300)


@each_kind
def test_what_was_typed_is_what_arrives(stage: Stage, system: str) -> None:
    """S17."""
    note = f"s17-{system} {TYPED[system]}"
    [run] = stage.ask("fast", [note], system=system)
    stage.wait([run])
    facts = stage.judged()
    assert (facts.run(run)["state"], facts.run(run)["inputs"]["note"]) == ("succeeded", note)
    [line] = stage.dispatches(f"s17-{system}", system=system)
    assert line["inputs"]["note"] == note


def test_what_would_be_replaced_there_is_sent_by_nobody(stage: Stage) -> None:
    """S17: refused while it is asked for, with a reason. (GitLab's inputs: test_gitlab_values.py.)"""
    system, [service] = "argo", stage.services("fast", 1)
    inputs = {"version": "1.1.0", "environment": "environment:staging", "note": "s17-no {{workflow.uid}}"}
    body, key = {"entity": f"service:{service}", "inputs": inputs}, {"Idempotency-Key": f"chaos-s17-{system}"}
    answer = stage.ana.ask("POST", f"/actions/{action_on(system)}/runs", json=body, headers=key)
    assert answer.status_code == 422, answer.text
    stage.judged()
    assert stage.dispatches("s17-no", system=system) == []


@pytest.mark.parametrize("system", ["github", "gitlab"])
def test_a_name_leads_nowhere_else(stage: Stage, system: str) -> None:
    """S18: a version is looked up in the repository. Each is refused, and no request leaves that repository."""
    [service] = stage.services("fast", 1)
    with stage.house.control(system) as control:
        before = len(control.requests())
    for number, name in enumerate(NAMES):
        inputs = {"version": name, "environment": "environment:staging", "note": "s18"}
        body = {"entity": f"service:{service}", "inputs": inputs}
        key = {"Idempotency-Key": f"chaos-s18-{system}-{number}"}
        answer = stage.ana.ask("POST", f"/actions/{action_on(system)}/runs", json=body, headers=key)
        assert answer.status_code == 422, (name, answer.text)
    with stage.house.control(system) as control:
        asked = [line["path"] for line in control.requests()[before:]]
    inside = ("/repos/acme/", "/api/v4/projects/acme")
    assert [path for path in asked if not path.startswith(inside) or "user" in path.split("/")] == []
    stage.judged()
    assert stage.dispatches("s18", system=system) == []


def test_a_name_leads_nowhere_else_in_argo(stage: Stage) -> None:
    """S18: nothing that a person fills in becomes a part of a path there. It arrives as a value, or is refused."""
    [service] = stage.services("fast", 1)
    with stage.house.control("argo") as control:
        before = len(control.requests())
    taken = []
    for number, name in enumerate(NAMES):
        inputs = {"version": name, "environment": "environment:staging", "note": "s18-argo"}
        body = {"entity": f"service:{service}", "inputs": inputs}
        key = {"Idempotency-Key": f"chaos-s18-argo-{number}"}
        answer = stage.ana.ask("POST", f"/actions/{action_on('argo')}/runs", json=body, headers=key)
        assert answer.status_code in {202, 422}, (name, answer.text)
        if answer.status_code == 202:
            stage.journal.runs.setdefault(key["Idempotency-Key"], set()).add(str(answer.json()["id"]))
            taken.append((str(answer.json()["id"]), name))
    stage.wait([run for run, _ in taken], seconds=120)
    with stage.house.control("argo") as control:
        asked = [line["path"] for line in control.requests()[before:]]
    mine = stage.dispatches("s18-argo", system="argo")
    assert [line["inputs"]["version"] for line in mine] == [name for _, name in taken]
    inside = (
        "/api/v1/workflows/",
        "/api/v1/workflow-templates/",
        "/api/v1/workflow-events/",
        "/api/v1/archived-workflows",
    )
    assert [path for path in asked if not path.startswith(inside) or ".." in path or "%" in path] == []
    stage.judged()


@each_kind
def test_no_other_host_is_told_our_credential(stage: Stage, foreign: tuple[str, list[str]], system: str) -> None:
    """S21, S23: reads, and the log, are redirected there while a run is followed. Then all is well again."""
    address, got = foreign
    note = f"s23-{system}"
    [run] = stage.ask("slow", [note], system=system)
    stage.wait_dispatched(note, system=system)
    stage.external(run)
    ci, before = stage.house.systems[system], len(_asked(stage, system))
    for operation, code in product((*ci.noise, *ci.logs), (302, 307)):
        redirect = {"code": code, "url": f"{address}/{operation}"}
        stage.fault(system=system, operation=operation, times=2, redirect=redirect)
    stage.finish(note, system=system)
    until(lambda: any(line["faults"] for line in _asked(stage, system)[before:]), "a read to be redirected")
    time.sleep(3)
    with stage.house.control(system) as control:
        control.clear_faults()
    stage.wait([run], seconds=120)
    assert stage.judged().run(run)["state"] == "succeeded"
    token = ci.token.read_text().strip()
    told = "\n".join(got).lower()
    assert token.lower() not in told
    assert "authorization" not in told
    assert "private-token" not in told


def _asked(stage: Stage, system: str) -> list[dict[str, object]]:
    with stage.house.control(system) as control:
        return [line for line in control.requests() if line["operation"] != "dispatch"]


def test_guessed_tokens_open_no_door_of_a_run(stage: Stage) -> None:
    """S26: of nobody, of another run's marker, of a person; while it runs and after its end."""
    [run, other] = stage.ask("slow", ["s26-one", "s26-two"])
    stage.wait_dispatched("s26-", 2)
    markers = [stage.ana.run(one)["steps"][0]["attempts"][0]["marker"] for one in (run, other)]
    stage.external(run)
    tokens = ("x", "a.b.c", markers[0], markers[1], stage.ana.authorization.removeprefix("Bearer "))

    def knock() -> None:
        for verb, marker, token in product(("claim", "report", "secrets"), markers, tokens):
            answer = _door(stage, verb, marker, token)
            assert answer.status_code in {401, 403, 409, 429}, (verb, token, answer.text)

    knock()
    assert {stage.ana.run(one)["state"] for one in (run, other)} == {"running"}
    stage.finish("s26-")
    stage.wait([run, other])
    knock()
    facts = stage.judged()
    assert {facts.run(one)["state"] for one in (run, other)} == {"succeeded"}
    assert not any(row["claimed_by"] for one in (run, other) for row in facts.attempts_of(one))


def _door(stage: Stage, verb: str, marker: str, token: str) -> httpx.Response:
    body = {"marker": marker, **({"outputs": {"version": "9"}} if verb == "report" else {})}
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.post(f"{stage.house.page}/api/v1/ci/{verb}", json=body, headers=headers, timeout=20, trust_env=False)


def test_an_archive_that_unpacks_to_gigabytes_changes_nothing(stage: Stage) -> None:
    """S41: the results of a run that really ran lie in a bomb. Its end is its own, and the worker grows by little."""
    [service] = stage.services("real", 1)
    before = psutil.Process(stage.house.pid(WORKER)).memory_info().rss
    run = stage.ana.submit(service, note="s41-bomb")
    stage.wait([run], seconds=200)
    assert stage.judged().run(run)["state"] == "succeeded"
    [step] = stage.ana.run(run)["steps"]
    assert step["outputs"] is None
    assert "more than" in step["attempts"][-1]["note"]
    assert psutil.Process(stage.house.pid(WORKER)).memory_info().rss - before < 100_000_000
