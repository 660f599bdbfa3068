"""The oracle itself: a small true world is found right, and each lie about it is found out."""

import hashlib
import json
from base64 import b64encode
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import rfc8785
from tests.chaos.harness.bounds import MB, Samples
from tests.chaos.harness.canaries import forms
from tests.chaos.harness.facts import Facts
from tests.chaos.harness.logs import Logs
from tests.chaos.harness.oracle import violations
from tests.chaos.harness.person import Journal

pytestmark = [pytest.mark.chaos, pytest.mark.short]
World = dict[str, Any]
Lie = Callable[[World], object]
Told = tuple[str, str, str, dict[str, str]]
AT = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
SETTLED_ALONE = [("p_sam", action, "run:r_1", {}) for action in ("attempt.finding", "attempt.absent")]
BODY = b'{"ref":"main"}'
SECRET = 'Tr0ub4dor/3+"ü" of the yard'


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def true_world() -> World:
    """One approved run that has succeeded, and one that was rejected."""
    plan = json.dumps({"steps": [{"path": "ship", "request": {"sha256": sha(BODY)}}]})
    told = [
        ("p_ana", "run.accepted", "run:r_1", {}),
        ("p_sam", "decision.approve", "run:r_1", {"approval": "a_1"}),
        ("daytwo", "lock.acquired", "lock:shop", {"run": "r_1", "fence": "1"}),
        ("p_sam", "approval.approved", "run:r_1", {"approval": "a_1"}),
        ("daytwo", "run.running", "run:r_1", {"from": "waiting_approval"}),
        ("daytwo", "attempt.sent", "run:r_1", {}),
        ("daytwo", "run.succeeded", "run:r_1", {"from": "running"}),
        ("daytwo", "lock.released", "lock:shop", {"run": "r_1"}),
        ("p_ana", "run.accepted", "run:r_2", {}),
        ("p_sam", "decision.reject", "run:r_2", {"approval": "a_2"}),
        ("p_sam", "run.rejected", "run:r_2", {"from": "waiting_approval"}),
    ]
    audit, head = chained(told)
    return {
        "runs": [run("r_1", "succeeded", plan), run("r_2", "rejected", plan)],
        "attempts": [{"run_id": "r_1", "path": "ship", "no": 1, "corr": "c1", "body": BODY, "digest": sha(BODY)}],
        "externals": [{"run_id": "r_1", "id": "7"}],
        "approvals": [approval("a_1", "r_1", "approved", plan), approval("a_2", "r_2", "rejected", plan)],
        "decisions": [decision("a_1", "approve"), decision("a_2", "reject")],
        "locks": [],
        "queue": [],
        "audit": audit,
        "head": [head],
        "outbox": [],
        "deliveries": [],
        "ledger": [{"run_id": 7, "inputs": {"daytwo_run": "c1"}, "body_sha256": sha(BODY)}],
        "conclusions": {"7": "success"},
        "principals": [{"id": f"p_{name}", "ref": f"person:{name}", "groups": None} for name in ("ana", "sam", "eve")],
        "versions": [{"digest": "v_1", "document": {"spec": {"allow": {"run": ["owner"]}}}}],
        "entities": [
            member("ana", "group:storefront"),
            member("sam", "group:sre"),
            {"ref": "service:shop", "at": AT, "after": {"owner": "group:storefront"}},
        ],
        "secrets": forms({"a password": SECRET}),
        "kept": lambda: [("the table run", b"all is well"), ("the log api.log", b"so is this")],
        "said": [],
        "samples": Samples(rss={"API": 200 * MB}, grown={"logs": MB}, events={"run-r_1": 60}, seconds=[0.01] * 100),
        "journal": Journal(
            runs={"k_1": {"r_1"}, "k_2": {"r_2"}},
            decisions=[("a_1", "p_sam", "approve")],
            secrets=forms({"a password": SECRET}),
        ),
    }


def member(name: str, group: str, at: datetime = AT) -> World:
    return {"ref": f"person:{name}", "at": at, "after": {"relations": {"memberOf": [group]}}}


def run(name: str, state: str, plan: str) -> World:
    facts = {"requester": "p_ana", "idempotency_key": f"k_{name}", "protected": True, "reason": None, "next_at": None}
    facts |= {"entity": "service:shop", "version": "v_1"}
    return {"id": name, "state": state, "plan": plan, "digest": sha(plan.encode()), **facts}


def approval(name: str, run_id: str, state: str, plan: str) -> World:
    facts = {"run_id": run_id, "state": state, "count": 1, "stage": 1, "later": [], "needed_from": ["group:sre"]}
    return {"id": name, **facts, "document": plan, "digest": sha(plan.encode())}


def decision(name: str, verdict: str) -> World:
    return {"approval_id": name, "principal": "p_sam", "verdict": verdict}


def chained(told: list[tuple[str, str, str, dict[str, str]]]) -> tuple[list[World], World]:
    before, rows = "0" * 64, []
    for n, (actor, action, subject, facts) in enumerate(told, 1):
        entry: World = {
            "n": n,
            "at": AT.isoformat(),
            "actor": actor,
            "action": action,
            "subject": subject,
            "facts": facts,
        }
        before = sha(bytes.fromhex(before) + bytes.fromhex(sha(rfc8785.dumps(entry))))
        rows.append({**entry, "at": AT, "hash": before})
    return rows, {"n": len(rows), "hash": before}


def retold(world: World, change: Callable[[list[Any]], None]) -> None:
    """Another history, whose chain holds."""
    told = [(row["actor"], row["action"], row["subject"], row["facts"]) for row in world["audit"]]
    change(told)
    world["audit"], world["head"][0] = chained(told)


def kept(place: str, content: bytes) -> Lie:
    return lambda w: w.update(kept=lambda: [(place, b"some text " + content + b" and more")])


def took(**samples: Any) -> Lie:
    return lambda w: w.update(samples=replace(w["samples"], **samples))


def by(actor: str, at: int) -> Lie:
    """Somebody else did what the entry at this place tells."""
    return lambda w: retold(w, lambda told: told.insert(at, (actor, *told.pop(at)[1:])))


def more(actor: str, action: str) -> Lie:
    return lambda w: retold(w, lambda told: told.append((actor, action, "run:r_1", {})))


STOPPED = ("daytwo", "external.cancel", "run:r_1", {})
DID_NOT_RUN = ("p_sam", "attempt.absent", "run:r_1", {"step": "ship", "attempt": "1"})
LATE = "Stopped after its time limit (ship took longer than 0:30:00)"
NEVER = "never"


def ended(
    state: str, conclusion: str | None, *, told: Sequence[Told] = (), second: str | None = NEVER, **facts: Any
) -> Lie:
    """The run says so, and the CI system says so; `second` is of another try, which is another pipeline."""

    def change(world: World) -> None:
        world["runs"][0].update(state=state, **facts)
        world["conclusions"]["7"] = conclusion

        def tell(lines: list[Any]) -> None:
            lines[6] = ("daytwo", f"run.{state}", "run:r_1", {"from": "running"})
            lines[6:6] = told

        retold(world, tell)
        if second != NEVER:
            world["attempts"].append({**world["attempts"][0], "no": 2, "corr": "c2"})
            world["ledger"].append({"run_id": 8, "inputs": {"daytwo_run": "c2"}, "body_sha256": sha(BODY)})
            world["conclusions"]["8"] = second

    return change


def lost(state: str, conclusion: str | None) -> Lie:
    """The same of a pipeline that nobody here follows."""

    def change(world: World) -> None:
        ended(state, conclusion)(world)
        world["externals"].clear()

    return change


def of_two_steps(world: World) -> None:
    """Cancelled after the first of two steps has succeeded."""
    ended("cancelled", "success")(world)
    plan = json.loads(world["runs"][0]["plan"])
    plan["steps"].append({"path": "then"})
    changed = json.dumps(plan)
    world["runs"][0].update(plan=changed, digest=sha(changed.encode()))


def failed_before_it_was_stopped(world: World) -> None:
    """Cancelled while it waited for its second try."""
    ended("cancelled", "failure")(world)
    world["attempts"][0]["state"] = "failed"


def never_started(world: World) -> None:
    """It says that it failed, and the CI system has never had it."""
    ended("failed", None)(world)
    world["ledger"].clear()
    world["externals"].clear()


LEGITIMATE: list[tuple[str, Lie]] = [
    ("failed", ended("failed", "failure")),
    ("its time was over there", ended("failed", "timed_out")),
    ("no job has run", ended("failed", "skipped")),
    ("nothing was started", never_started),
    ("cancelled", ended("cancelled", "cancelled")),
    ("cancelled, and deleted there", ended("cancelled", "gone")),
    ("cancelled, and run again there", ended("cancelled", "run again")),
    ("ended by force", ended("cancelled", None, cancel_forced=True)),
    ("took too long", ended("failed", "cancelled", told=[STOPPED], reason=LATE)),
    ("took too long, and deleted there", ended("failed", "gone", reason=LATE)),
    ("people say that it did not run", ended("cancelled", None, told=[DID_NOT_RUN])),
    ("the first of two steps", of_two_steps),
    ("between two tries", failed_before_it_was_stopped),
    ("the second try", ended("failed", "failure", second="failure")),
]  # fmt: skip


def test_what_its_test_wants_refused_may_have_failed_unsent() -> None:
    world = deepcopy(true_world())
    never_started(world)
    assert [fault[:2] for fault in judged(world)] == ["I1"]
    assert judged({**world, "unsent": frozenset({"r_1"})}) == []


@pytest.mark.parametrize(("what", "change"), LEGITIMATE, ids=[what for what, _ in LEGITIMATE])
def test_an_end_that_may_be_said(what: str, change: Lie) -> None:
    world = deepcopy(true_world())
    change(world)
    assert [fault for fault in judged(world) if fault.startswith("I6")] == [], what


def judged(world: World) -> list[str]:
    return violations(Facts(**world))


def test_the_truth_is_found_right() -> None:
    assert judged(true_world()) == []


LIES: list[tuple[str, str, Lie]] = [
    ("I1", "sent twice", lambda w: w["ledger"].append({**w["ledger"][0], "run_id": 8})),
    ("I1", "sent by nobody", lambda w: w["ledger"].append({**w["ledger"][0], "inputs": {"daytwo_run": "x"}})),
    ("I1", "never sent", lambda w: w["ledger"].clear()),
    ("I1", "failed, and nothing was started", never_started),
    ("I1", "sent though rejected", lambda w: w["runs"][0].update(state="rejected")),
    ("I2", "a run is lost", lambda w: w["journal"].runs.update(k_3={"r_3"})),
    ("I2", "one key, two answers", lambda w: w["journal"].runs.update(k_1={"r_1", "r_2"})),
    ("I2", "one key, two runs", lambda w: w["runs"][1].update(idempotency_key="k_r_1")),
    ("I2", "stuck", lambda w: w["runs"][1].update(state="running")),
    ("I2", "waits for nothing", lambda w: w["runs"][1].update(state="waiting_lock")),
    ("I3", "a decision is lost", lambda w: w["decisions"].pop(0)),
    ("I3", "a decision that the audit does not know", lambda w: w["decisions"].append(decision("a_1", "reject"))),
    ("I3", "approved by nobody", lambda w: w["approvals"][1].update(state="approved")),
    ("I4", "other bytes arrived", lambda w: w["ledger"][0].update(body_sha256=sha(b"x"))),
    ("I4", "other bytes were kept", lambda w: w["attempts"][0].update(body=b"x")),
    ("I4", "another plan", lambda w: w["runs"][0].update(plan="{}")),
    ("I4", "sent without approval", lambda w: w["approvals"][0].update(state="superseded")),
    ("I4", "a stage never opened", lambda w: w["approvals"][0].update(later=[{"count": 1}])),
    ("I4", "without the first stage", lambda w: w["approvals"][0].update(stage=2)),
    ("I4", "another document", lambda w: w["approvals"][0].update(document=w["approvals"][0]["document"] + " ")),
    ("I5", "two holders", lambda w: retold(w, lambda t: t.insert(3, (*t[2][:3], {"run": "r_2", "fence": "2"})))),
    ("I5", "the fence stays", lambda w: retold(w, lambda t: t.extend([t[2], t[7]]))),
    ("I5", "given back by another", lambda w: retold(w, lambda t: t[7][3].update(run="r_2"))),
    ("I5", "held after the end", lambda w: w["locks"].append({"key": "shop", "holder_run": "r_1"})),
    ("I6", "success is claimed", lambda w: w["conclusions"].update({"7": "failure"})),
    ("I6", "still runs", lambda w: w["conclusions"].update({"7": None})),
    ("I6", "success was deleted", lambda w: w["conclusions"].update({"7": "gone"})),
    ("I6", "success is another's", lambda w: w["externals"][0].update(id="8")),
    ("I6", "failed and succeeded", ended("failed", "success")),
    ("I6", "failed and still runs", ended("failed", None)),
    ("I6", "failed and was cancelled", ended("failed", "cancelled")),
    ("I6", "failed and was deleted", ended("failed", "gone")),
    ("I6", "failed in time and was cancelled", ended("failed", "cancelled", told=[STOPPED])),
    ("I6", "late, and cancelled by others", ended("failed", "cancelled", reason=LATE)),
    ("I6", "late, and still runs", ended("failed", None, told=[STOPPED], reason=LATE)),
    ("I6", "late, and succeeded", ended("failed", "success", told=[STOPPED], reason=LATE)),
    ("I6", "failed, and the product lost it", lost("failed", None)),
    ("I6", "cancelled and succeeded", ended("cancelled", "success")),
    ("I6", "cancelled and still runs", ended("cancelled", None)),
    ("I6", "cancelled and failed", ended("cancelled", "failure")),
    ("I6", "cancelled, and the product lost it", lost("cancelled", None)),
    ("I6", "cancelled as we say of another try", ended("cancelled", None, told=[(*DID_NOT_RUN[:3], {"attempt": "2"})])),
    ("I6", "cancelled as only we say", ended("cancelled", None, told=[("daytwo", *DID_NOT_RUN[1:])])),
    ("I6", "the first try failed, and the second runs", ended("failed", "failure", second=None)),
    ("I6", "out of an end", lambda w: retold(w, lambda t: t.append((*t[4][:2], "run:r_2", {"from": "rejected"})))),
    ("I6", "a move that is not told", lambda w: retold(w, lambda t: t.pop(4))),
    ("I7", "in a table", kept("the table run", SECRET.encode())),
    ("I7", "as JSON in JSON", kept("Temporal's file", json.dumps(json.dumps(SECRET)).encode())),
    ("I7", "in an address", kept("the log api.log", quote(SECRET, safe="").encode())),
    ("I7", "as hex", kept("the table secret", SECRET.encode().hex().encode())),
    ("I7", "in what is base64", kept("the table outbox", b64encode(b"user:" + SECRET.encode() + b"\n"))),
    ("I7", "in an answer", lambda w: w["journal"].heard("GET /runs", httpx.Response(200, text=SECRET), 0.1)),
    ("I9", "a mistake in a log", lambda w: w["said"].append("api: Traceback (most recent call last):")),
    ("I9", "memory", took(rss={"API": 2_000 * MB})),
    ("I9", "logs", took(grown={"logs": 900 * MB})),
    ("I9", "Temporal's file", took(grown={"Temporal's file": 900 * MB})),
    ("I9", "one history", took(events={"run-r_1": 3_000, **{f"run-{n}": 60 for n in range(50)}})),
    ("I9", "all histories", took(events={f"run-{n}": 900 for n in range(50)})),
    ("I9", "slow answers", took(seconds=[9.0] * 100)),
    ("I9", "a few very slow answers", took(seconds=[0.1] * 97 + [30.0] * 3)),
    ("I10", "accepted for somebody who may not", by("p_eve", 0)),
    ("I10", "accepted by nobody", by("daytwo", 0)),
    ("I10", "decided by one who is not asked", by("p_eve", 1)),
    ("I10", "decided by who asked", by("p_ana", 1)),
    ("I10", "decided by us", by("daytwo", 1)),
    ("I10", "done by a stranger", by("p_nobody", 1)),
    ("I10", "a member only later", lambda w: w["entities"].append(w["entities"].pop(1) | {"at": AT + DAY})),
    ("I10", "a member no more", lambda w: w["entities"].append(member("sam", "group:finance"))),
    ("I10", "sent before it was approved", lambda w: retold(w, lambda t: t.insert(1, t.pop(5)))),
    ("I10", "sent without anybody's request", lambda w: retold(w, lambda t: t.insert(0, t[5]))),
    ("I10", "sent after its end", lambda w: retold(w, lambda t: t.append((*t[5][:2], "run:r_2", {})))),
    ("I10", "stopped there by nobody's wish", more("daytwo", "external.cancel")),
    ("I10", "stopped by somebody who may not", more("p_eve", "run.cancel_asked")),
    ("I10", "found out by one where two have to", lambda w: retold(w, lambda t: t.extend(SETTLED_ALONE))),
    ("I8", "an entry is changed", lambda w: w["audit"][2].update(actor="p_eve")),
    ("I8", "an entry is missing", lambda w: w["audit"].pop(2)),
    ("I8", "the end is cut off", lambda w: w["audit"].pop()),
    ("I8", "a run that nobody accepted", lambda w: retold(w, lambda t: t.pop(8))),
]  # fmt: skip


@pytest.mark.parametrize(("invariant", "what", "lie"), LIES, ids=[f"{one[0]} {one[1]}" for one in LIES])
def test_a_lie_is_found_out(invariant: str, what: str, lie: Lie) -> None:
    world = deepcopy(true_world())
    lie(world)
    assert any(fault.startswith(invariant) for fault in judged(world)), f"{what} was not noticed: {judged(world)}"


OUTAGE = '"event": "x", "level": "warning", "exception": ["psycopg.X", " a:1 b", "daytwo_store.errors.Unavailable"]'
OURS = '"event": "x", "level": "warning", "exception": ["daytwo_store.states.IllegalMove", " a:1 b"]'


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ('{"event": "worker.ready", "level": "info"}', False),
        (f"{{{OUTAGE}}}", False),
        (f"{{{OURS}}}", True),
        ('{"event": "dispatch.duplicate", "level": "error"}', True),
        ("Traceback (most recent call last):", True),
    ],
)
def test_what_a_log_may_say(tmp_path: Path, line: str, wrong: bool) -> None:
    (tmp_path / "api.log").write_text(f"{line}\n")
    (tmp_path / "worker.log").touch()
    logs = Logs(tmp_path)
    assert bool(list(logs.unexpected())) is wrong
    assert list(logs.unexpected()) == [], "it was told once"
    with (tmp_path / "worker.log").open("a") as log:
        log.write(f"{line}\n{line[:5]}")
    assert bool(list(logs.unexpected())) is wrong, "what came since"
