"""I6, of ends: what is said of a run is what the CI system shows of the pipelines that were started for it.

Worked out from the ledger, so a pipeline that the product lost counts, too. Of each step its last execution counts. An
end that the CI system does not show is true in these cases only, each of which its run tells:

- people have said of the attempt that it did not run, or have ended the run by force: theirs is the last word;
- it took too long and was stopped: it has failed, and there it was cancelled;
- a pipeline succeeded before it could be stopped (decision 0006) and the steps after it were not begun: cancelled;
- a pipeline failed, and the run was stopped before the try that was to follow: cancelled;
- it was deleted there: nobody can know, so it is no success and no failure, and whoever cancels it ends it here;
- somebody has run it again there, and the CI system shows how it ended first no more.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from tests.chaos.harness.facts import Facts, Row
from tests.chaos.harness.systems import AGAIN, GONE

_FAILED: Final = {"failure", "timed_out", "startup_failure", "skipped", "neutral"}  # the last two: no job has run
_US: Final = "daytwo"
Executed = tuple[Row, str | None]  # an attempt, and how its pipeline has ended; None while it has not


def ends_true(facts: Facts) -> Iterator[str]:
    """Sentences about ends that are said and are not so."""
    started: dict[str, list[str]] = defaultdict(list)  # by marker, as the product would name them
    for line in facts.ledger:
        started[line["inputs"].get("daytwo_run", "")].append(str(line["run_id"]))
    ran: dict[str, list[Executed]] = defaultdict(list)
    for attempt in facts.attempts:
        ran[attempt["run_id"]] += [(attempt, facts.conclusions.get(one)) for one in started.get(attempt["corr"], ())]
    markers = {attempt["corr"]: attempt["run_id"] for attempt in facts.attempts}
    whose = {one: markers.get(marker) for marker, ones in started.items() for one in ones}
    for row in facts.externals:
        if whose.get(row["id"]) != row["run_id"]:
            yield f"run {row['run_id']} follows {row['id']}, which was not started for it"
    by_people = _said_by_people(facts)
    stopped = {row["subject"] for row in facts.audit if row["action"] == "external.cancel"}
    for run in facts.runs:
        last = _last_of_each_step(ran[run["id"]])
        told = [one for one in last if (f"run:{run['id']}", one[0]["path"], str(one[0]["no"])) not in by_people]
        if told and not _is_true(run, told, stopped=f"run:{run['id']}" in stopped):
            yield f"run {run['id']} says that it is {run['state']}; the CI says {[how for _, how in last]}"


def _is_true(run: Row, last: Sequence[Executed], *, stopped: bool) -> bool:
    """Of a run that something was started for; `stopped`: we have asked for that there."""
    match run["state"]:
        case "succeeded":
            return {how for _, how in last} == {"success"}
        case "failed":
            return bool(run.get("cancel_forced")) or _has_failed(run, last, stopped=stopped)
        case "cancelled":
            return bool(run.get("cancel_forced")) or _was_cancelled(run, last)
        case _:
            return True  # no end, or one before anything is sent, which is for I1 to judge


def _has_failed(run: Row, last: Sequence[Executed], *, stopped: bool) -> bool:
    shown = {how for _, how in last}
    if None in shown:
        return False
    if shown & (_FAILED | {AGAIN}):
        return True
    late = "time limit" in (run["reason"] or "")
    return late and (shown == {GONE} or (stopped and shown <= {"cancelled", GONE}))


def _was_cancelled(run: Row, last: Sequence[Executed]) -> bool:
    steps = {step["path"] for step in json.loads(run["plan"])["steps"]}
    not_begun = steps - {attempt["path"] for attempt, _ in last}
    return all(
        how in {"cancelled", GONE, AGAIN}
        or (how == "success" and not_begun)
        or (how in _FAILED and attempt.get("state") == "failed")
        for attempt, how in last
    )


def _last_of_each_step(ran: Sequence[Executed]) -> list[Executed]:
    last = {one["path"]: one["no"] for one, _ in sorted(ran, key=lambda pair: int(pair[0]["no"]))}
    return [(one, how) for one, how in ran if last[one["path"]] == one["no"]]


def _said_by_people(facts: Facts) -> set[tuple[str, str | None, str | None]]:
    """Attempts (subject, step, number) of which people have said that they did not run."""
    return {
        (row["subject"], row["facts"].get("step"), row["facts"].get("attempt"))
        for row in facts.audit
        if row["action"] == "attempt.absent" and row["actor"] != _US
    }
