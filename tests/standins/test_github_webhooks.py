"""Webhooks: what is told, how it is signed, and what faults do to it."""

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

from daytwo_standins.github.testing import RunningStandin, eventually

Dispatch = Callable[..., int]
Read = Callable[..., dict[str, Any]]
SECRET = b"a secret of the webhook"
RUN = ["requested", "in_progress", "completed"]


def _actions(receiver: Any, run_id: int) -> list[str]:
    return [body["action"] for event, body in receiver.of(run_id) if event == "workflow_run"]


def _headers(receiver: Any, run_id: int) -> list[dict[str, str]]:
    return [headers for headers, raw in list(receiver.got) if str(run_id).encode() in raw]


def _good(headers: dict[str, str], raw: bytes) -> bool:
    wanted = "sha256=" + hmac.new(SECRET, raw, hashlib.sha256).hexdigest()
    return hmac.compare_digest(wanted, headers["x-hub-signature-256"])


def test_every_step_of_the_way_is_told_in_order_and_signed(
    dispatch: Dispatch, ended: Read, receiver: Any, standin: RunningStandin
) -> None:
    run_id = dispatch("build.yml", version="1.1.0", daytwo_run="told")
    ended(run_id)
    eventually(lambda: _actions(receiver, run_id) == RUN)
    jobs = [
        (body["workflow_job"]["name"], body["action"], body["workflow_job"]["conclusion"])
        for event, body in receiver.of(run_id)
        if event == "workflow_job"
    ]
    for name in ("Test fast", "deploy", "after"):
        told = [(action, conclusion) for job, action, conclusion in jobs if job == name]
        assert told == [("queued", None), ("in_progress", None), ("completed", "success")]
    last = receiver.of(run_id)[-1][1]["workflow_run"]
    assert (last["conclusion"], "[told]" in last["display_title"]) == ("success", True)
    mine = [(headers, raw) for headers, raw in list(receiver.got) if str(run_id).encode() in raw]
    assert all(_good(headers, raw) for headers, raw in mine)
    assert not any(_good(headers, raw + b" ") for headers, raw in mine)
    guids = [headers["x-github-delivery"] for headers, _ in mine]
    assert len(set(guids)) == len(guids)
    assert {headers["x-github-event"] for headers, _ in mine} == {"workflow_run", "workflow_job"}


def test_a_rerun_is_not_requested_again(dispatch: Dispatch, ended: Read, receiver: Any, api: Any) -> None:
    run_id = dispatch("plain.yml")
    ended(run_id)
    api.post(f"/repos/acme/shop/actions/runs/{run_id}/rerun")
    ended(run_id, attempt=2)
    eventually(lambda: _actions(receiver, run_id) == [*RUN, "in_progress", "completed"])
    assert receiver.of(run_id)[-1][1]["workflow_run"]["run_attempt"] == 2


def test_dropped_ones_stay_dropped_until_they_are_sent_again(
    standin: RunningStandin, dispatch: Dispatch, receiver: Any
) -> None:
    standin.control.add_fault({"match": {"operation": "webhook", "run": "drop me"}, "webhook": {"drop": 1}})
    run_id = dispatch("plain.yml", repository="acme/instant", daytwo_run="drop me")

    def dropped() -> list[dict[str, Any]]:
        return [line for line in standin.control.deliveries() if line["key"].startswith(f"{run_id}/")]

    lost = eventually(lambda: dropped() if len(dropped()) == 6 else None)
    assert {line["ok"] for line in lost} == {False}
    assert receiver.of(run_id) == []
    standin.control.clear_faults()
    standin.control.redeliver(lost[0]["guid"])
    eventually(lambda: len(receiver.of(run_id)) == 1)
    assert _headers(receiver, run_id)[0]["x-github-delivery"] == lost[0]["guid"], "a redelivery keeps its GUID"
    standin.control.redeliver()
    eventually(lambda: len(receiver.of(run_id)) == 6)


def test_duplicates_and_forgeries(standin: RunningStandin, dispatch: Dispatch, receiver: Any) -> None:
    fault = {"match": {"operation": "webhook", "run": "twice", "nth": 1}, "webhook": {"dup": 2, "forge": True}}
    standin.control.add_fault(fault)
    run_id = dispatch("plain.yml", repository="acme/scripted", daytwo_run="twice")
    eventually(lambda: len(receiver.of(run_id)) == 4)
    mine = [(headers, raw) for headers, raw in list(receiver.got) if str(run_id).encode() in raw]
    good = [headers["x-github-delivery"] for headers, raw in mine if _good(headers, raw)]
    (forged,) = (json.loads(raw) for headers, raw in mine if not _good(headers, raw))
    assert (len(good), len(set(good))) == (3, 1)
    assert (forged["action"], forged["workflow_run"]["conclusion"]) == ("completed", "success")


def test_a_flood_has_ids_of_its_own_and_a_replay_comes_later_with_the_same(
    standin: RunningStandin, dispatch: Dispatch, receiver: Any
) -> None:
    match = {"operation": "webhook", "run": "flood", "nth": 1}
    standin.control.add_fault({"match": match, "webhook": {"flood": 5, "replay": 0.5}})
    run_id = dispatch("plain.yml", repository="acme/scripted", daytwo_run="flood")
    eventually(lambda: len(receiver.of(run_id)) == 7)
    mine = [(headers, raw) for headers, raw in list(receiver.got) if str(run_id).encode() in raw]
    assert all(_good(headers, raw) for headers, raw in mine)
    guids = [headers["x-github-delivery"] for headers, _ in mine]
    assert len(set(guids)) == 6
    assert guids.count(guids[-1]) == 2, "what came last is the replay"


def test_a_delayed_one_is_overtaken(standin: RunningStandin, dispatch: Dispatch, receiver: Any) -> None:
    fault = {"match": {"operation": "webhook", "run": "late", "nth": 1}, "webhook": {"delay": 1.0}}
    standin.control.add_fault(fault)
    run_id = dispatch("plain.yml", repository="acme/instant", daytwo_run="late")
    eventually(lambda: len(receiver.of(run_id)) == 6)
    assert _actions(receiver, run_id)[0] == "in_progress"
    assert sorted(_actions(receiver, run_id)) == sorted(RUN)


def test_after_a_crash_nothing_is_told_twice(
    standin: RunningStandin, dispatch: Dispatch, receiver: Any, ended: Read
) -> None:
    run_id = dispatch("plain.yml", repository="acme/scripted", daytwo_run="crash")
    eventually(lambda: _actions(receiver, run_id) == ["requested"])
    eventually(lambda: [d for d in standin.control.deliveries() if d["key"].startswith(f"{run_id}/")])
    standin.kill()
    standin.start()
    standin.control.script(run_id, [{"status": "completed", "conclusion": "success"}])
    eventually(lambda: "completed" in _actions(receiver, run_id))
    assert _actions(receiver, run_id) == RUN
