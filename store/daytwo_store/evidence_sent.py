"""What a file of evidence says was sent, compared with the plan and with what the audit kept of it.

The plan holds the bytes of a request whose inputs were known. Of one with holes it holds the holes: what they became is
kept with the attempt, and the audit has the digests of both, the bytes and the values, in one entry.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import rfc8785

from daytwo_store.evidence_decisions import Point
from daytwo_store.value_digest import as_stored, value_digest

BINDS: Final = "sent"  # in a run's first entry: whatever is sent and filled in has its digest in the audit


def digest_of_request(method: str, path: str, headers: Mapping[str, str], body: bytes) -> str:
    """SHA-256 of everything that a service is sent."""
    parts: dict[str, Any] = {"method": method, "path": path, "headers": dict(headers)}
    return hashlib.sha256(rfc8785.dumps(parts) + b"\n" + body).hexdigest()


def sent_points(evidence: Mapping[str, Any]) -> Iterator[Point]:
    attempts, steps = evidence["attempts"], evidence["steps"]
    audit = _Audit(evidence["audit"]["entries"])
    sealed = json.loads(evidence["plan"]["text"]) if attempts or audit.binds else {}
    planned = {step["path"]: step for step in (*sealed.get("steps", []), *sealed.get("undo", []))}
    for path in {one["path"] for one in (*attempts, *steps)} - planned.keys():  # a later try at an undo, `ship.undo.2`
        first = next((known for known in planned if ".undo" in known and path.startswith(f"{known}.")), None)
        if first is not None:
            planned[path] = {**planned[first], "request": None}  # with another marker, so other bytes
    carried = (sealed.get("resumes") or {}).get("done", {})
    for one in attempts:
        yield from _in_the_plan(one, planned)
        yield from _bytes(one, audit)
        yield from _values(one, planned.get(one["path"], {}), audit)
    for step in steps:
        yield from _begun_with(step, planned.get(step["path"], {}), audit)
        yield from _left(step, audit, carried)
    if attempts and audit.binds:
        holes = sum(bool(one["request"].get("filled")) for one in attempts)
        filled = f"; {holes} of them with values that were filled in, each as the audit has it" if holes else ""
        yield Point(True, f"{len(attempts)} requests, their bytes as the audit has them{filled}")


class _Audit:
    """The entries of the run by what they are about; the newest of several counts."""

    def __init__(self, entries: Sequence[Mapping[str, Any]]) -> None:
        self._found: dict[tuple[str, str | None, str | None], Mapping[str, str]] = {}
        for entry in entries:
            facts = entry["facts"]
            self._found[(entry["action"], facts.get("step"), facts.get("attempt"))] = facts
        self.binds = self._found.get(("run.accepted", None, None), {}).get("binds") == BINDS

    def of(self, action: str, step: str, attempt: int | None = None) -> Mapping[str, str] | None:
        return self._found.get((action, step, None if attempt is None else str(attempt)))


def _in_the_plan(one: Mapping[str, Any], planned: Mapping[str, Any]) -> Iterator[Point]:
    """The first request of each step is the one in the plan, to the byte. Later ones carry a marker of their own."""
    if one["sent_at"] is None:
        return
    if one["path"] not in planned:
        yield Point(False, f"something was sent for {one['path']}, which is no step of the plan")
        return
    request = planned[one["path"]].get("request")  # a step with holes, or that starts no pipeline, has none
    if one["no"] == 1 and request is not None and request["sha256"] != one["digest"]:
        yield Point(False, f"what was sent for {one['path']} is not what the plan says")


def _bytes(one: Mapping[str, Any], audit: _Audit) -> Iterator[Point]:
    what = f"request {one['no']} of {one['path']}"
    if "body" in one or audit.binds:
        request, body = one["request"], one["body"].encode()
        service = request.get("kind") == "http"
        digest = (
            digest_of_request(request["method"], request["path"], request["headers"], body)
            if service
            else hashlib.sha256(body).hexdigest()
        )
        if digest != one["digest"]:
            yield Point(False, f"the bytes of {what} have another digest than it says")
    for action, there in (("attempt.intent", True), ("attempt.sent", one["sent_at"] is not None)):
        told = audit.of(action, one["path"], one["no"])
        if told is not None and told.get("digest") != one["digest"]:
            yield Point(False, f"the audit has another digest of {what} ({action})")
        if told is None and there and audit.binds:
            yield Point(False, f"the audit has no entry {action} of {what}")


def _values(one: Mapping[str, Any], planned: Mapping[str, Any], audit: _Audit) -> Iterator[Point]:
    """What an attempt was filled with. What nobody had to fill has nothing of it in the audit either."""
    if not audit.binds:
        return
    what = f"request {one['no']} of {one['path']}"
    filled = one["request"].get("filled") or {}
    told = (audit.of("attempt.intent", one["path"], one["no"]) or {}).get("filled")
    if told != (value_digest(filled) if filled else None):
        yield Point(False, f"the audit has something else that {what} was filled with")
    holes = {*planned.get("holes", {}), *(key.removeprefix("inputs.") for key in planned.get("late", {}))}
    if planned and filled.keys() != holes:
        yield Point(False, f"what {what} was filled with is not what the plan leaves open")


def _begun_with(step: Mapping[str, Any], planned: Mapping[str, Any], audit: _Audit) -> Iterator[Point]:
    """What a step that had holes began with."""
    late, given = planned.get("late", {}), step["given"]
    if not audit.binds or not late or given is None:
        return
    told = audit.of("step.filled", step["path"])
    mine = value_digest({key: given.get(key) for key in late})
    if told is None or told.get("filled") != mine:
        yield Point(False, f"the audit has something else that the step {step['path']} was filled with")


def _left(step: Mapping[str, Any], audit: _Audit, carried: Mapping[str, Any]) -> Iterator[Point]:
    """The results that later steps were filled from; those of a run that this one resumes stand in its plan."""
    if not audit.binds or step["outputs"] is None:
        return
    if step["path"] in carried:
        if step["outputs"] != carried[step["path"]]:
            yield Point(False, f"the plan has other results of the step {step['path']}, which is carried over")
        return
    told = audit.of("step.outputs", step["path"])
    if told is None or told.get("sha256") != outputs_digest(step["outputs"]):
        yield Point(False, f"the audit has other results of the step {step['path']}")


def outputs_digest(outputs: Mapping[str, Any]) -> str:
    text = json.dumps(as_stored(outputs), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
