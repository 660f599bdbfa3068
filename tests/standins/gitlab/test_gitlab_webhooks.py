"""Webhooks: what is told, how it is signed, and what faults do to it."""

import json
from collections.abc import Callable
from typing import Any

import httpx
from described import FOLDER, needs_specs
from gitlab_yard import SECRET, SIGNING

from daytwo_standins.gitlab.testing import RunningStandin, eventually
from daytwo_standins.gitlab.webhooks import sign

Create = Callable[..., int]
Got = list[tuple[dict[str, str], dict[str, Any], bytes]]


def _got(receiver: Any, number: int) -> Got:
    """Headers, body and raw body of everything about one pipeline."""
    bodies = [(headers, json.loads(raw), raw) for headers, raw in list(receiver.got) if "x-gitlab-event" in headers]
    return [
        one for one in bodies if number in {one[1].get("pipeline_id"), one[1].get("object_attributes", {}).get("id")}
    ]


def _states(got: Got, event: str) -> list[str]:
    return [
        body["object_attributes"]["status"] if event == "Pipeline Hook" else body["build_status"]
        for headers, body, _ in got
        if headers["x-gitlab-event"] == event
    ]


def _good(headers: dict[str, str], raw: bytes) -> bool:
    wanted = sign(SIGNING, headers["webhook-id"], headers["webhook-timestamp"], raw)
    return headers["webhook-signature"] == wanted and headers["x-gitlab-token"] == SECRET


def _play(standin: RunningStandin, number: int, *states: str) -> None:
    events = [{"at": 0.1 * place, "jobs": [{"name": "job", "status": state}]} for place, state in enumerate(states)]
    standin.control.script(number, events)


def test_every_state_is_told_in_order_and_signed(
    create: Create, api: httpx.Client, receiver: Any, standin: RunningStandin
) -> None:
    number = create("scripted", version="1", daytwo_run="r-told")
    eventually(lambda: _states(_got(receiver, number), "Pipeline Hook") == ["created"])
    _play(standin, number, "pending", "running", "success")
    eventually(lambda: _states(_got(receiver, number), "Pipeline Hook")[-1] == "success")
    got = _got(receiver, number)
    assert _states(got, "Pipeline Hook") == ["created", "pending", "running", "success"]
    assert _states(got, "Job Hook") == ["pending", "running", "success"]
    assert all(_good(headers, raw) for headers, _, raw in got)
    assert not any(_good(headers, raw + b" ") for headers, _, raw in got)
    assert all(headers["idempotency-key"] == headers["webhook-id"] for headers, _, _ in got)
    assert len({headers["webhook-id"] for headers, _, _ in got}) == len(got)
    last = got[-1][1]["object_attributes"]
    assert (last["name"], last["source"]) == ("Build 1 of main [r-told]", "api")


@needs_specs
def test_bodies_have_the_keys_of_the_published_examples(create: Create, receiver: Any, standin: RunningStandin) -> None:
    number = create("scripted", version="1", daytwo_run="r-keys")
    _play(standin, number, "success")
    eventually(lambda: _states(_got(receiver, number), "Pipeline Hook")[-1:] == ["success"])
    for headers, body, _ in _got(receiver, number):
        name = "job" if headers["x-gitlab-event"] == "Job Hook" else "pipeline"
        example = json.loads((FOLDER / "gitlab" / "webhooks" / f"{name}.json").read_text(encoding="utf-8"))["body"]
        assert set(example) - {"source_pipeline"} <= set(body)
        if name == "pipeline":
            assert set(example["object_attributes"]) <= set(body["object_attributes"])
            for build in body["builds"]:
                assert set(example["builds"][0]) <= set(build)


def test_duplicates_and_forgeries(create: Create, receiver: Any, standin: RunningStandin) -> None:
    match = {"operation": "webhook", "run": "r-twice", "nth": 1}
    standin.control.add_fault({"match": match, "webhook": {"dup": 2, "forge": True}})
    number = create("scripted", version="1", daytwo_run="r-twice")
    got: Got = eventually(lambda: _got(receiver, number) if len(_got(receiver, number)) == 4 else None)
    good = [headers["webhook-id"] for headers, _, raw in got if _good(headers, raw)]
    (forged,) = (body for headers, body, raw in got if not _good(headers, raw))
    assert (len(good), len(set(good))) == (3, 1), "a repeated delivery keeps its id"
    assert forged["object_attributes"]["status"] == "success"


def test_dropped_ones_are_sent_again_when_asked(create: Create, receiver: Any, standin: RunningStandin) -> None:
    standin.control.add_fault({"match": {"operation": "webhook", "run": "r-lost"}, "webhook": {"drop": 1}})
    number = create("scripted", version="1", daytwo_run="r-lost")

    def lost() -> list[dict[str, Any]]:
        return [line for line in standin.control.deliveries() if line["key"].startswith(f"{number}/")]

    eventually(lost)
    assert _got(receiver, number) == []
    standin.control.clear_faults()
    standin.control.redeliver(lost()[0]["guid"])
    eventually(lambda: len(_got(receiver, number)) == 1)
    assert _got(receiver, number)[0][0]["idempotency-key"] == lost()[0]["guid"]
