"""Everything about one dispatch, for whoever has to find out what became of it: nothing needs to be looked up."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from tests.chaos.harness.facts import Facts, Row
from tests.chaos.harness.plans import Dispatch

_MOVES: Final = 30  # the last ones


def story(facts: Facts, run: str, one: Dispatch) -> str:
    """What was done to it, how it stands, its attempts, what the ledger has of it, and what was written of it."""
    return "\n  ".join(_lines(facts, run, one))


def _lines(facts: Facts, run: str, one: Dispatch) -> Iterator[str]:
    yield f"{one.note}: run {run} on {one.system}, fault: {one.fault} {one.rule or ''}"
    yield f"its pipeline ({one.executor}, {one.environment}) comes to {one.conclusion}"
    row = next((row for row in facts.runs if row["id"] == run), None)
    if row is None:
        yield "there is no such run"
        return
    yield (
        f"run: {row['state']} since {_at(row['progress_at'])} ({row['reason']}), accepted {_at(row['created_at'])},"
        f" ended {_at(row['ended_at'])}, next due {_at(row['next_at'])}, lock {row['lock_key']}"
    )
    yield from (_attempt(attempt) for attempt in facts.attempts_of(run))
    yield from (_external(external) for external in facts.externals if external["run_id"] == run)
    yield from _ledger(facts, one)
    yield from _written(facts, run)


def _attempt(row: Row) -> str:
    return (
        f"attempt {row['no']} ({row['corr']}): {row['state']}, sealed {_at(row['intent_at'])},"
        f" sent {_at(row['sent_at'])} by {row['sender']}, settled {_at(row['settled_at'])},"
        f" external {row['external_id']}: {row['note']}"
    )


def _external(row: Row) -> str:
    return (
        f"external run {row['id']} of attempt {row['no']}: {row['status']} {row['detail']},"
        f" known {_at(row['known_at'])}, seen {_at(row['seen_at'])}, unseen since {_at(row['unseen_since'])},"
        f" gone {_at(row['gone_at'])},"
        f" ended {_at(row['ended_at'])}"
    )


def _ledger(facts: Facts, one: Dispatch) -> Iterator[str]:
    """What was really accepted there."""
    lines = [line for line in facts.ledger if line["inputs"].get("note") == one.note]
    if not lines:
        yield "ledger: nothing was accepted"
    for line in lines:
        there = facts.conclusions.get(str(line["run_id"]))
        at, marker = datetime.fromtimestamp(line["received_at"], UTC), line["inputs"].get("daytwo_run")
        yield f"ledger: {line['run_id']} was accepted {_at(at)} with marker {marker}; there it is {there or 'not over'}"


def _written(facts: Facts, run: str) -> Iterator[str]:
    """Its last entries in the audit, and deliveries about its external runs."""
    entries = [row for row in facts.audit if row["subject"] == f"run:{run}" or row["facts"].get("run") == run]
    if len(entries) > _MOVES:
        yield f"audit: {len(entries) - _MOVES} entries before these"
    for row in entries[-_MOVES:]:
        yield f"audit {row['n']} {_at(row['at'])} {row['actor']} {row['action']} {row['subject']} {row['facts']}"
    ids = {row["id"] for row in facts.externals if row["run_id"] == run}
    told = [row for row in facts.deliveries if str(row["external_id"]) in ids]
    if told:
        yield f"deliveries: {len(told)}, the last was received {_at(max(row['received_at'] for row in told))}"
    waits = [row for row in facts.outbox if row["run_id"] == run]
    if waits:
        yield f"outbox: {[dict(row) for row in waits]}"


def _at(moment: datetime | None) -> str:
    return "never" if moment is None else moment.astimezone(UTC).strftime("%H:%M:%S.%f")[:-3]
