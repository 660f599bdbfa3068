"""States in words: what is going on, who moves it next, and what happens if nobody does. One vocabulary everywhere."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from daytwo_actions.backends.base import Traits
from daytwo_actions.backends.pipelines import PACK
from daytwo_api.services.gate_words import waits_there
from daytwo_api.services.lock_words import holder_words, lock_words
from daytwo_api.services.moments import moment
from daytwo_api.services.window_words import window_waits
from daytwo_api.views.runs import LockView, Waits
from daytwo_store.on_call import called
from daytwo_store.states import ApprovalState, AttemptState, ExternalStatus, RunState, StepState
from daytwo_store.tables import ApprovalRow, AttemptRow, ExternalRunRow, Json, RunRow, StepRow
from daytwo_workflows.life.trees import open_gates

_RUN_WORDS: Final[Mapping[RunState, str]] = {
    RunState.ACCEPTED: "accepted, about to start",
    RunState.WAITING_APPROVAL: "waits for approval",
    RunState.WAITING_WINDOW: "waits for its window",
    RunState.WAITING_LOCK: "waits for its turn",
    RunState.RUNNING: "running",
    RunState.CANCELLING: "being stopped",
    RunState.NEEDS_ATTENTION: "needs attention",
    RunState.SUCCEEDED: "succeeded",
    RunState.FAILED: "failed",
    RunState.CANCELLED: "cancelled",
    RunState.REJECTED: "rejected",
    RunState.EXPIRED: "expired without a decision",
    RunState.WITHDRAWN: "withdrawn",
    RunState.REFUSED: "refused before anything was sent",
    RunState.SUPERSEDED: "superseded by a newer run",
}

_ATTEMPT_WORDS: Final[Mapping[AttemptState, str]] = {
    AttemptState.INTENT: "sealed, about to be sent",
    AttemptState.SENT: "being sent",
    AttemptState.ACCEPTED: "dispatched",
    AttemptState.REJECTED: "refused by the CI system",
    AttemptState.AMBIGUOUS: "it may have been sent: looking for it",
    AttemptState.ABSENT: "proven not to have been started",
    AttemptState.HELD: "nobody knows whether it ran: a person has to say",
    AttemptState.ABANDONED: "given up before it was sent",
}


RULE: Final = "a rule of the action"  # in place of a person's name


def run_words(state: str) -> str:
    return _RUN_WORDS[RunState(state)]


def needed(groups: Sequence[str], count: int) -> str:
    """'one of group:sre', '2 of group:sre'; 'each of person:a and person:b' where all of them are needed."""
    if count > 1 and count == len(groups) and all(name.startswith("person:") for name in groups):
        return f"each of {' and '.join(groups)}"
    names = [called(name) for name in groups]
    if count == 1 and len(names) == 1 and names[0] != groups[0]:
        return names[0]
    return f"{'one' if count == 1 else count} of {' or '.join(names)}"


def packing(packed: Sequence[str]) -> str | None:
    """How inputs travel that the pipeline does not declare by name."""
    if not packed:
        return None
    some = (
        f"The input {packed[0]} goes" if len(packed) == 1 else f"{len(packed)} inputs ({', '.join(packed)}) go together"
    )
    return f"{some} as JSON in the pipeline's input {PACK}, because it does not declare {_them(packed)} by name."


def held(found: Sequence[str]) -> str | None:
    """What a plan says about files of other projects that were read for it; None when there are none."""
    if not found:
        return None
    files = "; ".join(one.partition(", sha256 ")[0] for one in found)
    return f"Read for this plan, and compared once more right before it is sent: {files}."


def loose(found: Sequence[str]) -> str | None:
    """What a plan says about what nobody here could read; None when everything is held still."""
    if not found:
        return None
    return f"Not held still by this commit, so it may change until the run begins: {'; '.join(found)}."


def _them(packed: Sequence[str]) -> str:
    return "it" if len(packed) == 1 else "them"


def approval_words(row: ApprovalRow, deciders: Sequence[str], *, break_glass: bool = False) -> str:
    """'stage 1 of 2: waits for 2 of group:sre, 1 has approved, until 14:00 UTC'."""
    total = row.stage + len(row.later)
    words = stage_words(row, deciders)
    if break_glass and row.state == ApprovalState.PENDING:
        return f"emergency: {words}, to confirm that it goes past its approval"
    return f"stage {row.stage} of {total}: {words}" if total > 1 else words


def stage_words(row: ApprovalRow, deciders: Sequence[str]) -> str:
    match ApprovalState(row.state):
        case ApprovalState.PENDING:
            so_far = f", {len(deciders)} {'has' if len(deciders) == 1 else 'have'} approved," if deciders else ""
            return f"waits for {needed(row.needed_from, row.count)}{so_far} until {moment(row.expires_at)}"
        case ApprovalState.APPROVED:
            return f"approved by {' and '.join(deciders)}"
        case ApprovalState.REJECTED:
            return f"rejected by {' and '.join(deciders)}"
        case ApprovalState.EXPIRED:
            return "expired: nobody decided in time"
        case ApprovalState.SUPERSEDED:
            return "void: what was asked for has changed"
        case ApprovalState.WITHDRAWN:
            return "no longer asked for: what it was about has ended"


def step_words(step: StepRow, attempt: AttemptRow | None, external: ExternalRunRow | None, title: str) -> str:
    if step.note and step.state in (StepState.FAILED, StepState.CANCELLED, StepState.HELD):
        return step.note
    if step.state != StepState.RUNNING or attempt is None:
        return step.note or step.state
    return external_words(external, title) if external else attempt.note or _ATTEMPT_WORDS[AttemptState(attempt.state)]


def external_words(external: ExternalRunRow, title: str) -> str:
    """What is known of an external run that has not ended. Silence, and words that we do not know, are unknown.

    `title` is what people call the CI system: GitHub.
    """
    if external.unseen_since is not None:
        return f"{external.connection} has not answered since {moment(external.unseen_since)}: status unknown"
    if external.waits_for is not None:
        return waits_there(title, external.waits_for)
    if external.status == ExternalStatus.UNKNOWN:
        return f"{external.connection} says: {external.detail}: status unknown"
    return f"{external.connection} says: {external.detail}"


def waits(
    run: RunRow,
    approval: ApprovalRow | None,
    approved_by: Sequence[str],
    lock: LockView | None,
    step: StepRow | None,
    external: ExternalRunRow | None,
    title: str,
) -> Waits | None:
    """Why a run that has not ended does not move right now: owner, next event, deadline."""
    if run.window is not None and run.state in (RunState.WAITING_WINDOW, RunState.RUNNING):
        return window_waits(run.window)
    match RunState(run.state):
        case RunState.WAITING_APPROVAL if approval is not None:
            return Waits(
                kind="approval",
                text=approval_words(approval, approved_by, break_glass=run.break_glass)
                + ("; then expires" if approval.state == ApprovalState.PENDING else ""),
                owner=" or ".join(called(name) for name in approval.needed_from),
                next_event="a decision",
                until=approval.expires_at,
                then="it expires and nothing is sent",
            )
        case RunState.WAITING_LOCK if lock is not None and lock.state == "held":
            has = f"has {lock.key}, and goes on"  # it was its turn between two looks
            return Waits(kind="start", text=has, owner="daytwo", next_event="the next step", until=None, then=None)
        case RunState.WAITING_LOCK if lock is not None:
            return Waits(
                kind="lock",
                text=lock_words(lock),
                owner=next((holder_words(one) for one in lock.keys if one.held), "daytwo"),
                next_event=f"{lock.key} {'becomes' if len(lock.keys) == 1 else 'become'} free",
                until=None,
                then=None,
            )
        case RunState.NEEDS_ATTENTION:
            return Waits(
                kind="person",
                text=run.reason or "a person has to look",
                owner="whoever may run this action here",
                next_event="somebody says what happened",
                until=None,
                then="it keeps waiting, with its lock",
            )
        case RunState.CANCELLING:
            return Waits(
                kind="cancellation",
                text=f"waits for {external.connection if external else 'the CI system'} to confirm that it has stopped"
                + (f"; {external_words(external, title)}" if external and external.unseen_since else ""),
                owner=external.connection if external else "daytwo",
                next_event="the confirmation",
                until=None,
                then="it is asked again with force, then a person is asked to look",
            )
        case RunState.RUNNING if external is not None and step is not None:
            deadline = external.known_at + timedelta(seconds=step.timeout)
            gate = _waits_at(step, external)
            return Waits(
                kind="gate" if gate else "pipeline",
                text=waits_there(title, str(gate["waits_for"])) if gate else external_words(external, title),
                url=(str(gate["url"]) if gate["url"] else external.url) if gate else None,
                owner=title if gate else external.connection,
                next_event="somebody answers there" if gate else "the pipeline ends",
                until=deadline,
                then="it is asked to stop, and the run fails",
            )
        case RunState.ACCEPTED | RunState.RUNNING:
            return Waits(
                kind="start",
                text=run.reason or (step.note if step and step.note else "about to be sent"),
                owner="daytwo",
                next_event="the dispatch",
                until=run.next_at,
                then="it is tried again",
            )
        case _:
            return None


def _waits_at(step: StepRow, external: ExternalRunRow) -> Json | None:
    """The gate that the whole run waits at: nothing else of it is under way."""
    if external.status != ExternalStatus.WAITING or external.unseen_since is not None:
        return None
    return next(open_gates(step), None)


def log_note(external: ExternalRunRow | None, lines: int, traits: Traits | None) -> str | None:
    """What is to be said of a step's log: how it comes while the pipeline runs, or why there is none."""
    if external is None:
        return None
    if external.ended_at is None:
        late = traits is not None and not traits.live_logs
        return f"{traits.title} hands out a job's log when the job has ended." if traits and late else None
    if lines:
        return None
    if external.collected_at is None:
        return "The log is being fetched."
    if external.status == ExternalStatus.UNKNOWN:
        return "The run is gone in the CI system, and its log with it."
    return "The pipeline wrote no log."
