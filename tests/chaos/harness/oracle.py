"""What has to be true after whatever was done to the house: the invariants of the test program (I1 to I10).

A pure function from facts to sentences about what is wrong, so that it can be tested itself.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC
from itertools import pairwise
from typing import Final

import rfc8785
from tests.chaos.harness import canaries
from tests.chaos.harness.authority import authority
from tests.chaos.harness.bounds import bounded
from tests.chaos.harness.ends import ends_true
from tests.chaos.harness.facts import Facts, Row

from daytwo_store.states import RUN_ENDS, RUN_ENDS_UNSENT, RUN_MOVES, RunState

_ENDS: Final = {str(state) for state in RUN_ENDS}
_UNSENT: Final = {str(state) for state in RUN_ENDS_UNSENT}
_STATES: Final = {str(state) for state in RunState}
_FIRST: Final = {"accepted", "waiting_approval"}
_NAMED_WAITS: Final = {"waiting_approval", "waiting_window", "waiting_lock", "needs_attention"}


def violations(facts: Facts) -> list[str]:
    """What is wrong, each beginning with the invariant that it breaks. Empty when all is well."""
    return [f"{name}: {fault}" for name, check in _CHECKS.items() for fault in check(facts)]


def dispatched_once(facts: Facts) -> Iterator[str]:
    """I1: the ledger counts one execution per run that was allowed, none for those that were not.

    A run that failed counts as allowed, unless its test says that the CI system was to refuse it.
    """
    owner = {row["corr"]: row["run_id"] for row in facts.attempts}
    counts: Counter[str] = Counter()
    for line in facts.ledger:
        marker = line["inputs"].get("daytwo_run", "")
        if marker not in owner:
            yield f"the ledger has run {line['run_id']} with marker {marker!r}, which no attempt knows"
        else:
            counts[owner[marker]] += 1
    for run in facts.runs:
        count = counts[run["id"]]
        if count > 1:
            yield f"run {run['id']} ({run['state']}) was dispatched {count} times"
        if run["state"] in _UNSENT and count:
            yield f"run {run['id']} is {run['state']}, and was dispatched all the same"
        if run["state"] == "succeeded" and count != 1:
            yield f"run {run['id']} says that it succeeded, and was dispatched {count} times"
        if run["state"] == "failed" and not count and run["id"] not in facts.unsent:
            yield f"run {run['id']} has failed ({run['reason']}), and nothing was ever started for it"


def nothing_lost(facts: Facts) -> Iterator[str]:
    """I2: what was answered with 2xx is there, once per key, and has ended or waits for something with a name."""
    known = {row["id"]: row for row in facts.runs}
    for key, answered in facts.journal.runs.items():
        if len(answered) != 1:
            yield f"the key {key} was answered with {sorted(answered)}"
        for run in sorted(answered - known.keys()):
            yield f"run {run} was accepted and is not there"
    keys = Counter((row["requester"], row["idempotency_key"]) for row in facts.runs)
    for (who, key), count in keys.items():
        if count > 1:
            yield f"{who}'s key {key} made {count} runs"
    for row in facts.runs:
        if row["state"] not in _ENDS | _NAMED_WAITS and row["id"] not in facts.leftover:
            yield f"run {row['id']} is still {row['state']} ({row['reason']})"
        if row["state"] not in _ENDS and row["next_at"] is None:
            yield f"run {row['id']} is {row['state']} and nothing is due"


def decisions_once(facts: Facts) -> Iterator[str]:
    """I3: each decision that was answered with 2xx is there once, also in the audit; an end never changes."""
    made = Counter((row["approval_id"], row["principal"], row["verdict"]) for row in facts.decisions)
    taken_back = [row for row in facts.decisions if row.get("withdrawn_at")]
    back = Counter((row["approval_id"], row["principal"], "withdrawn") for row in taken_back)
    told = Counter(
        (row["facts"]["approval"], row["actor"], row["action"].removeprefix("decision."))
        for row in facts.audit
        if row["action"].startswith("decision.")
    )
    for decision in set(facts.journal.decisions):
        if made[decision] != 1:
            yield f"the decision {decision} was answered, and is there {made[decision]} times"
    if made + back != told:
        yield f"decisions and audit differ: {dict((made + back - told) + (told - made - back))}"
    for approval in facts.approvals:
        mine = [row for row in facts.decisions if row["approval_id"] == approval["id"] and row not in taken_back]
        who = [row for row in mine if row["verdict"] == "approve"]
        if approval["state"] == "approved" and len({row["principal"] for row in who}) < approval["count"]:
            yield f"approval {approval['id']} is approved by {len(who)} of {approval['count']}"


def sent_as_approved(facts: Facts) -> Iterator[str]:
    """I4: the bytes that the ledger received are those of the plan, and of the document that was approved."""
    lines = {line["inputs"].get("daytwo_run"): line for line in facts.ledger}
    for attempt in facts.attempts:
        line = lines.get(attempt["corr"])
        if line is None:
            continue
        if line["body_sha256"] != attempt["digest"]:
            yield f"what arrived for {attempt['corr']} is not what was sealed"
        if hashlib.sha256(bytes(attempt["body"])).hexdigest() != attempt["digest"]:
            yield f"the sealed bytes of {attempt['corr']} are not those of their digest"
        run = facts.run(attempt["run_id"])
        yield from _approved_document(facts, run, attempt)


def _approved_document(facts: Facts, run: Row, attempt: Row) -> Iterator[str]:
    if hashlib.sha256(run["plan"].encode()).hexdigest() != run["digest"]:
        yield f"the plan of {run['id']} is not what its digest says"
    if not run["protected"]:
        return
    approved = [row for row in facts.approvals if row["run_id"] == run["id"] and row["state"] == "approved"]
    stages = sorted(row["stage"] for row in approved)
    if stages != list(range(1, len(stages) + 1)) or not stages:
        yield f"run {run['id']} was sent with the stages {stages} of its approval in force"
    if any(row["stage"] == len(stages) and row["later"] for row in approved):
        yield f"run {run['id']} was sent, and a stage of its approval had not opened"
    for approval in approved:
        step = next(step for step in json.loads(approval["document"])["steps"] if step["path"] == attempt["path"])
        if (
            approval["digest"] != run["digest"]
            or hashlib.sha256(approval["document"].encode()).hexdigest() != (approval["digest"])
        ):
            yield f"run {run['id']} was sent, and another plan than its own was approved"
        request = step.get("request")  # none where results of other steps were put in when its turn came
        if attempt["no"] == 1 and request is not None and request["sha256"] != attempt["digest"]:
            yield f"run {run['id']} was sent with other bytes than those that were approved"


def locks_alone(facts: Facts) -> Iterator[str]:
    """I5: holders of a key never overlap, fencing numbers rise, and an ended run holds nothing."""
    holder: dict[str, str] = {}
    fences: dict[str, int] = defaultdict(int)
    for row in facts.audit:
        key, run = row["subject"], row["facts"].get("run") or row["facts"].get("hold", "")
        if row["action"] == "lock.acquired":
            if key in holder:
                yield f"{key} was given to {run} while {holder[key]} held it"
            holder[key] = run
            if int(row["facts"]["fence"]) <= fences[key]:
                yield f"the fencing number of {key} did not rise for {run}"
            fences[key] = int(row["facts"]["fence"])
        elif row["action"] == "lock.released" and holder.pop(key, None) != run:
            yield f"{key} was given back by {run}, which did not hold it"
    now = {f"lock:{row['key']}": row["holder_run"] or row.get("hold_id") for row in facts.locks}
    if now != holder:
        yield f"the locks are {now}, the audit says {holder}"
    for held in [*facts.locks, *facts.queue]:
        run = held.get("holder_run") or held.get("run_id")
        if run is not None and facts.run(run)["state"] in _ENDS:
            yield f"run {run} has ended and still stands at the lock {held['key']}"


def status_true(facts: Facts) -> Iterator[str]:
    """I6: what is said of a run is what became of it; ends never change; every move is in the table."""
    yield from ends_true(facts)
    for run_id, moves in _moves(facts).items():
        yield from _legal(run_id, moves, facts.run(run_id.removeprefix("run:"))["state"])


def _legal(run_id: str, moves: list[tuple[str, str]], state: str) -> Iterator[str]:
    for old, new in moves:
        if new not in {str(state) for state in RUN_MOVES[RunState(old)]}:
            yield f"{run_id} moved from {old} to {new}"
    for (_, before), (after, _) in pairwise(moves):
        if before != after:
            yield f"{run_id} was {before} and moved on from {after}"
    if moves and moves[0][0] not in _FIRST:
        yield f"{run_id} was {moves[0][0]} before anything is known of it"
    if moves and moves[-1][1] != state:
        yield f"{run_id} is {state}; the last that the audit knows is {moves[-1][1]}"


def _moves(facts: Facts) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {f"run:{row['id']}": [] for row in facts.runs}
    for row in facts.audit:
        kind, _, state = row["action"].partition(".")
        if kind == "run" and state in _STATES and "from" in row["facts"]:
            found[row["subject"]].append((row["facts"]["from"], state))
    return found


def audit_whole(facts: Facts) -> Iterator[str]:
    """I8: no gap, every hash holds, the head names the end. Written anew here: a shared mistake would not show."""
    before = "0" * 64
    for number, row in enumerate(facts.audit, 1):
        entry = {name: row[name] for name in ("actor", "action", "subject", "facts")}
        entry |= {"n": row["n"], "at": row["at"].astimezone(UTC).isoformat()}
        digest = hashlib.sha256(rfc8785.dumps(entry)).digest()
        before = hashlib.sha256(bytes.fromhex(before) + digest).hexdigest()
        if row["n"] != number or row["hash"] != before:
            yield f"entry {row['n']} at place {number} does not hold"
            return
    [head] = facts.head
    if (head["n"], head["hash"]) != (len(facts.audit), before):
        yield f"the head names entry {head['n']} of {len(facts.audit)}"
    accepted = {row["subject"] for row in facts.audit if row["action"] == "run.accepted"}
    if accepted != {f"run:{row['id']}" for row in facts.runs}:
        yield "runs and their acceptance in the audit differ"


def no_secret_outside(facts: Facts) -> Iterator[str]:
    """I7: in nothing that is kept, said or answered stands a secret, in no usual form."""
    for place, content in facts.kept():
        for name in canaries.hits(content, facts.secrets):
            yield f"{place} has {name}"
    for place, name in facts.journal.leaked:
        yield f"{name} was answered to {place}"


def within_bounds(facts: Facts) -> Iterator[str]:
    """I9: no line of a log tells of a mistake of ours, and nothing took more than it may."""
    yield from facts.said
    yield from bounded(facts.samples, facts.limits)


_CHECKS: Final[dict[str, Callable[[Facts], Iterator[str]]]] = {
    "I1": dispatched_once,
    "I2": nothing_lost,
    "I3": decisions_once,
    "I4": sent_as_approved,
    "I5": locks_alone,
    "I6": status_true,
    "I7": no_secret_outside,
    "I8": audit_whole,
    "I9": within_bounds,
    "I10": authority,
}
