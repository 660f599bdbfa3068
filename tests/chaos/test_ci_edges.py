"""Every kind of CI system between us and the truth: limits, late listings, redirections, other hands, silence.

R14, R16, R17, R19, R20, R22, R27, R28, R29 and, on this edge, R33. Times are those of the profile `test`: 2 s in place
of the 120 s that a listing may lag.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from tests.chaos.harness.facts import rows
from tests.chaos.harness.house import API, WORKER, until
from tests.chaos.harness.sizes import Sized
from tests.chaos.harness.stage import Stage

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(400)]
KINDS = ("github", "gitlab", "argo")
SETTLED = 11.0  # seconds after its end in which deliveries about a run may only have overtaken each other
each_kind = pytest.mark.parametrize("system", KINDS)


def once(stage: Stage, run: str, note: str, system: str, state: str = "succeeded") -> None:
    """It has ended so, and was executed once."""
    stage.wait([run], seconds=120)
    assert stage.judged().run(run)["state"] == state
    assert len(stage.dispatches(note, system=system)) == 1


def asked(stage: Stage, system: str, operation: str = "dispatch") -> list[dict[str, Any]]:
    with stage.house.control(system) as control:
        return control.requests(operation)


@pytest.mark.parametrize(("system", "code"), [("github", 429), ("github", 403), ("gitlab", 429), ("argo", 429)])
def test_nothing_is_sent_before_retry_after(stage: Stage, system: str, code: int) -> None:
    """R14: the limit is of the connection, so another run waits for it, too; none fails by it."""
    note = f"r14-{code}-{system}"
    before = len(asked(stage, system))
    stage.fault(system=system, operation="dispatch", run=note, retry_after={"seconds": 4, "code": code})
    runs = stage.ask("fast", [note, f"{note}-other"], system=system)
    stage.wait(runs, seconds=120)
    facts = stage.judged()
    assert {facts.run(run)["state"] for run in runs} == {"succeeded"}
    lines = asked(stage, system)[before:]
    [told] = [line for line in lines if line["status"] == code]
    later = [line["monotonic"] - told["monotonic"] for line in lines if line["monotonic"] > told["monotonic"]]
    in_flight = 0.5  # what was on its way when the limit was told
    assert all(one >= 4 or one < in_flight for one in later), later
    assert max(later) >= 4


@pytest.mark.parametrize("system", ["github", "gitlab"])
def test_a_listing_that_lags_too_long_is_held_and_never_sent_twice(stage: Stage, system: str) -> None:
    """R16, 600 s: absence seems proven. Where somebody approved, two people have to say what became of it."""
    note = f"r16-{system}"
    fault = {"status": {"code": 502, "when": "after"}, "lag": {"seconds": 40.0}}
    stage.fault(system=system, operation="dispatch", run=note, **fault)
    [run] = stage.ask("fast", [note], "production", system=system)
    assert stage.sam.decide(run).is_success
    stage.wait([run], states={"needs_attention"})
    [line] = stage.dispatches(note, system=system)
    ran = {"step": "ship", "attempt": 1, "outcome": "ran", "reason": "its page shows the marker"}
    ran["external_run"] = stage.house.systems[system].run_of(line)
    for person in (stage.sam, stage.ben):
        until(lambda who=person: who.insist("POST", f"/runs/{run}/resolve", json=ran).is_success, "it to be believed")
    once(stage, run, note, system)


@pytest.mark.parametrize("system", ["github", "gitlab"])
def test_a_listing_that_lags_less_is_waited_for(stage: Stage, system: str) -> None:
    """R16, 90 s: the run is found late, and nobody is asked."""
    note = f"r16-short-{system}"
    fault = {"status": {"code": 502, "when": "after"}, "lag": {"seconds": 8.0}}
    stage.fault(system=system, operation="dispatch", run=note, **fault)
    [run] = stage.ask("fast", [note], system=system)
    once(stage, run, note, system)


@each_kind
@pytest.mark.parametrize("code", [307, 308])
def test_a_redirection_of_the_dispatch_leads_nowhere(
    stage: Stage, foreign: tuple[str, list[str]], system: str, code: int
) -> None:
    """R17: neither to a foreign host, which sees nothing at all, nor to the same one. It is looked up and sent anew."""
    address, got = foreign
    for where, url in (("foreign", f"{address}/take"), ("same", f"{stage.house.systems[system].address}/x")):
        note = f"r17-{code}-{where}-{system}"
        stage.fault(system=system, operation="dispatch", run=note, redirect={"code": code, "url": url})
        [run] = stage.ask("fast", [note], system=system)
        once(stage, run, note, system)
    assert got == []


def test_argo_takes_its_own_name_for_its_own_and_no_other(stage: Stage) -> None:
    """R19: 409 with our label and digest is adopted; without them a person looks, and nothing is sent under it."""
    stage.fault(system="argo", operation="dispatch", run="r19-own", status={"code": 504, "when": "after"})
    stage.fault(
        system="argo", operation="dispatch", run="r19-foreign", hide_marker=True, status={"code": 504, "when": "after"}
    )
    own, other = stage.ask("fast", ["r19-own", "r19-foreign"], system="argo")
    once(stage, own, "r19-own", "argo")
    stage.wait([other], states={"needs_attention"})
    assert len(stage.dispatches("r19-foreign", system="argo")) == 1
    stage.ana.cancel(other)
    found = {"step": "ship", "attempt": 1, "outcome": "did_not_run", "reason": "that workflow is somebody else's"}
    assert stage.sam.insist("POST", f"/runs/{other}/resolve", json=found).is_success
    stage.wait([other], states={"cancelled"})
    assert len(stage.dispatches("r19-foreign", system="argo")) == 1


@each_kind
def test_a_run_that_somebody_deletes_there_is_named_so(stage: Stage, system: str) -> None:
    """R20: neither failed nor succeeded; and what is not there cannot be asked to stop."""
    note = f"r20-gone-{system}"
    stage.fault(system=system, operation="dispatch", run=note, delete_run=True)
    [run] = stage.ask("slow", [note], system=system)
    stage.wait_dispatched(note, system=system)
    stage.wait([run], states={"needs_attention"})
    assert "deleted" in stage.ana.run(run)["reason"]
    assert len(stage.dispatches(note, system=system)) == 1
    stage.ana.cancel(run)
    stage.wait([run], states={"cancelled", "needs_attention"})


@each_kind
def test_an_answer_that_names_another_run(stage: Stage, system: str) -> None:
    """What it names is not taken: ours is found by its marker, or by its name, and followed to its end."""
    note = f"wrong-id-{system}"
    stage.fault(system=system, operation="dispatch", run=note, wrong_id=True)
    [run] = stage.ask("fast", [note], system=system)
    once(stage, run, note, system, "succeeded")


@pytest.mark.parametrize("system", ["github", "gitlab"])
def test_cancelled_and_run_again_by_a_person_there(stage: Stage, system: str) -> None:
    """R20: cancelled is cancelled; the re-run is told of, and is no new result of ours."""
    note = f"r20-{system}"
    [run] = stage.ask("slow", [note], system=system)
    stage.wait_dispatched(note, system=system)
    stage.external(run)
    [line] = stage.dispatches(note, system=system)
    stage.finish(note, "cancelled", system=system)
    once(stage, run, note, system, "cancelled")
    time.sleep(SETTLED)
    run_again(stage, system, line)
    until(lambda: _told(stage, run, "external.rerun"), "the re-run to be told of")
    stage.finish(note, "success", system=system)
    time.sleep(3)  # it is looked at
    once(stage, run, note, system, "cancelled")


def _told(stage: Stage, run: str, action: str) -> bool:
    """Whether the audit has it."""
    audit = rows(stage.house.database_url)["audit"]
    return any((row["action"], row["subject"]) == (action, f"run:{run}") for row in audit)


def run_again(stage: Stage, system: str, line: Mapping[str, Any]) -> None:
    """A person does that there. On GitLab it can be told only while it runs: there the number of the pipeline stays."""
    ci, known = stage.house.systems[system], line["run_id"]
    project = quote(line["repository"], safe="")
    where, runs = {
        "github": (f"/repos/{line['repository']}/actions/runs/{known}/rerun", "in_progress"),
        "gitlab": (f"/api/v4/projects/{project}/pipelines/{known}/retry", "running"),
    }[system]
    headers = {"Authorization": f"Bearer {ci.token.read_text().strip()}"}
    assert httpx.post(f"{ci.address}{where}", headers=headers, timeout=10, trust_env=False).is_success
    with stage.house.control(system) as control:
        control.script(ci.script_of(line), [{"status": runs, "jobs": [{"name": "deploy", "status": runs}]}])


@each_kind
@pytest.mark.parametrize("code", [401, 403])
def test_a_credential_that_fails_for_a_while_fails_no_run(stage: Stage, system: str, code: int, sized: Sized) -> None:
    """R22: the status is unknown since then, and known again when it works again."""
    note, seconds = f"r22-{code}-{system}", sized("R22", "s of refusals", usual=3, asked=600)
    [run] = stage.ask("slow", [note], system=system)
    stage.wait_dispatched(note, system=system)

    def external() -> dict[str, Any] | None:
        return stage.ana.run(run)["steps"][0]["attempts"][0]["external"]

    until(external, "its external run")
    until_over = time.monotonic() + seconds
    stage.fault(system=system, run=note, times=None, status={"code": code, "when": "before"})
    for operation in stage.house.systems[system].noise:
        stage.fault(system=system, operation=operation, times=None, status={"code": code, "when": "before"})
    stage.finish(note, system=system)
    until(lambda: (external() or {})["unseen_since"], "the status to be unknown")
    time.sleep(max(0.0, until_over - time.monotonic()))
    assert stage.ana.run(run)["state"] == "running"
    with stage.house.control(system) as control:
        control.clear_faults()
    once(stage, run, note, system)


def test_the_api_is_down_while_pipelines_end(stage: Stage, sized: Sized) -> None:
    """R27: deliveries find nobody; what they would have told is read."""
    runs = {system: stage.ask("slow", [f"r27-{system}"], system=system)[0] for system in KINDS}
    for system in KINDS:
        stage.wait_dispatched(f"r27-{system}", system=system)
    stage.house.take_down(API)
    for system in KINDS:
        stage.finish(f"r27-{system}", "failure" if system == "argo" else "success", system=system)
    time.sleep(sized("R27", "s down", usual=3, asked=600))
    stage.house.bring_up(API)
    stage.wait(list(runs.values()), seconds=60)
    facts = stage.judged()
    ended = {system: facts.run(run)["state"] for system, run in runs.items()}
    assert ended == {"github": "succeeded", "gitlab": "succeeded", "argo": "failed"}


@pytest.mark.parametrize("system", ["github", "gitlab"])
def test_a_delivery_about_a_run_that_is_not_known_yet(stage: Stage, system: str) -> None:
    """R28: the pipeline is over before its dispatch is answered."""
    note = f"r28-{system}"
    stage.fault(system=system, operation="dispatch", run=note, timeout={"seconds": 2.0, "when": "after"})
    [run] = stage.ask("fast", [note], system=system)
    once(stage, run, note, system)
    facts = stage.judged()
    [external] = [row for row in facts.externals if row["run_id"] == run]
    told = [row for row in facts.deliveries if str(row["external_id"]) == external["id"]]
    assert told, "no delivery was kept"
    assert min(row["received_at"] for row in told) < external["known_at"]


@contextmanager
def silent(stage: Stage, system: str) -> Iterator[None]:
    """Connections are taken, and nothing comes back."""
    name = stage.house.systems[system].part
    stage.house.pause(name)
    try:
        yield
    finally:
        stage.house.resume(name)


@each_kind
def test_silence_between_us_and_the_ci_system(stage: Stage, system: str, sized: Sized) -> None:
    """R29: one run follows, one is about to be sent."""
    note = f"r29-{system}"
    [running] = stage.ask("slow", [f"{note}-running"], system=system)
    stage.wait_dispatched(f"{note}-running", system=system)
    [guarded] = stage.ask("fast", [f"{note}-next"], "production", system=system)
    with silent(stage, system):
        assert stage.sam.decide(guarded).is_success
        time.sleep(sized("R29", "s of silence", usual=10, asked=300))
        assert stage.ana.run(running)["state"] == "running"
    stage.finish(f"{note}-running", system=system)
    stage.wait([running, guarded], seconds=120)
    once(stage, running, f"{note}-running", system)
    once(stage, guarded, f"{note}-next", system)


@each_kind
def test_every_answer_of_the_ci_system_is_lost_for_a_while(stage: Stage, system: str, sized: Sized) -> None:
    """R33 on this edge: requests pass and take effect, answers do not come back."""
    note = f"r33-{system}"
    [slow] = stage.ask("slow", [f"{note}-slow"], system=system)
    stage.wait_dispatched(f"{note}-slow", system=system)
    fasts = stage.ask("fast", [f"{note}-{number}" for number in range(3)], "production", system=system)
    stage.fault(system=system, times=None, reset={"when": "after"})
    for run in fasts:
        assert stage.sam.decide(run).is_success
    stage.finish(f"{note}-slow", system=system)
    time.sleep(sized("R33", "s between worker and CI system", usual=8, asked=60))
    with stage.house.control(system) as control:
        control.clear_faults()
    stage.wait([slow, *fasts], seconds=120)
    facts = stage.judged()
    assert {facts.run(run)["state"] for run in (slow, *fasts)} == {"succeeded"}
    assert [len(stage.dispatches(f"{note}-{number}", system=system)) for number in range(3)] == [1, 1, 1]


@each_kind
@pytest.mark.parametrize("when", ["before", "after"])
def test_the_worker_is_killed_around_the_dispatch(stage: Stage, system: str, when: str) -> None:
    """R1, on each kind of CI system: found by its marker or its name, or sent again after proof."""
    note = f"r1-{when}-{system}"
    hook = {"signal": "KILL", "pidfile": stage.house.pidfile(WORKER), "when": when}
    cut = {"reset": {"when": "before"}} if when == "before" else {}
    stage.fault(system=system, operation="dispatch", run=note, hook=hook, **cut)
    [run] = stage.ask("fast", [note], system=system)
    once(stage, run, note, system)
