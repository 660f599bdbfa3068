"""Every state that something can be in, with its table of legal moves.

The rows are the authority (design §4), so the tables stand beside them. A move that is not in its table is a bug and
raises `IllegalMove`; the compare-and-set in the queries makes the same true under concurrency.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeVar


class RunState(StrEnum):
    ACCEPTED = "accepted"
    WAITING_APPROVAL = "waiting_approval"
    WAITING_WINDOW = "waiting_window"
    WAITING_LOCK = "waiting_lock"
    RUNNING = "running"
    CANCELLING = "cancelling"
    NEEDS_ATTENTION = "needs_attention"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"
    SUPERSEDED = "superseded"  # a newer one was wanted while it waited for its lock


RUN_ENDS: Final = frozenset(
    {
        RunState.SUCCEEDED,
        RunState.FAILED,
        RunState.CANCELLED,
        RunState.REJECTED,
        RunState.EXPIRED,
        RunState.WITHDRAWN,
        RunState.REFUSED,
        RunState.SUPERSEDED,
    }
)

# Ends in which nothing was ever sent to a CI system.
RUN_ENDS_UNSENT: Final = frozenset(
    {RunState.REJECTED, RunState.EXPIRED, RunState.WITHDRAWN, RunState.REFUSED, RunState.SUPERSEDED}
)

# States in which nothing has been sent yet and nothing is about to be.
UNSENT: Final = frozenset(
    {RunState.ACCEPTED, RunState.WAITING_APPROVAL, RunState.WAITING_WINDOW, RunState.WAITING_LOCK}
)

_BEFORE_SENDING: Final = frozenset({RunState.CANCELLED, RunState.WITHDRAWN, RunState.REFUSED, RunState.SUPERSEDED})

RUN_MOVES: Final[Mapping[RunState, frozenset[RunState]]] = {
    RunState.ACCEPTED: _BEFORE_SENDING
    | {RunState.WAITING_APPROVAL, RunState.WAITING_WINDOW, RunState.WAITING_LOCK, RunState.RUNNING},
    RunState.WAITING_APPROVAL: _BEFORE_SENDING
    | {RunState.WAITING_WINDOW, RunState.WAITING_LOCK, RunState.RUNNING, RunState.REJECTED, RunState.EXPIRED},
    # Back to approval when somebody takes theirs back.
    RunState.WAITING_WINDOW: _BEFORE_SENDING | {RunState.WAITING_LOCK, RunState.RUNNING, RunState.WAITING_APPROVAL},
    # Back to approval when what was approved has drifted by the time the lock is ours; back to the window when a
    # freeze has begun.
    RunState.WAITING_LOCK: _BEFORE_SENDING | {RunState.RUNNING, RunState.WAITING_APPROVAL, RunState.WAITING_WINDOW},
    RunState.RUNNING: frozenset(
        {
            RunState.SUCCEEDED,
            RunState.FAILED,
            RunState.CANCELLING,
            RunState.CANCELLED,
            RunState.NEEDS_ATTENTION,
            RunState.WAITING_APPROVAL,  # drift found while sealing the first dispatch: nothing was sent
            RunState.WAITING_WINDOW,  # a freeze found there: likewise
            RunState.WAITING_LOCK,  # after drift the lock may be another one
            RunState.REFUSED,
            RunState.SUPERSEDED,
        }
    ),
    # A cancellation that comes too late ends as the pipeline ended: the status is true. One that has come in time may
    # be followed by undoing what the run had done.
    RunState.CANCELLING: frozenset(
        {RunState.CANCELLED, RunState.SUCCEEDED, RunState.FAILED, RunState.NEEDS_ATTENTION, RunState.RUNNING}
    ),
    RunState.NEEDS_ATTENTION: frozenset(
        {RunState.RUNNING, RunState.CANCELLING, RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED}
    ),
    **{end: frozenset() for end in RUN_ENDS},
}


class StepState(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    HELD = "held"
    SKIPPED = "skipped"


STEP_ENDS: Final = frozenset({StepState.SUCCEEDED, StepState.FAILED, StepState.CANCELLED, StepState.SKIPPED})

STEP_MOVES: Final[Mapping[StepState, frozenset[StepState]]] = {
    StepState.PENDING: frozenset({StepState.RUNNING, StepState.SKIPPED, StepState.CANCELLED}),
    StepState.RUNNING: frozenset({StepState.SUCCEEDED, StepState.FAILED, StepState.CANCELLED, StepState.HELD}),
    StepState.HELD: frozenset({StepState.RUNNING, StepState.SUCCEEDED, StepState.FAILED, StepState.CANCELLED}),
    **{end: frozenset() for end in STEP_ENDS},
}


class AttemptState(StrEnum):
    """One try at one step (algorithm A1)."""

    INTENT = "intent"  # sealed: the frozen bytes are written, nothing was sent
    SENT = "sent"  # claimed by one sender; the bytes may be on their way
    ACCEPTED = "accepted"  # the external run is known
    REJECTED = "rejected"  # the vendor said no: not executed
    AMBIGUOUS = "ambiguous"  # it may have happened
    ABSENT = "absent"  # proven not to have happened
    HELD = "held"  # neither could be proven: a person decides
    ABANDONED = "abandoned"  # given up before anything was sent (cancelled, drifted, told to wait)
    FAILED = "failed"  # it ran and has failed, and the step is tried again


ATTEMPT_LIVE: Final = frozenset(
    {AttemptState.INTENT, AttemptState.SENT, AttemptState.AMBIGUOUS, AttemptState.HELD, AttemptState.ACCEPTED}
)

ATTEMPT_MOVES: Final[Mapping[AttemptState, frozenset[AttemptState]]] = {
    AttemptState.INTENT: frozenset({AttemptState.SENT, AttemptState.ACCEPTED, AttemptState.ABANDONED}),
    AttemptState.SENT: frozenset(
        {
            AttemptState.ACCEPTED,
            AttemptState.REJECTED,
            AttemptState.AMBIGUOUS,
            AttemptState.ABSENT,
            AttemptState.ABANDONED,  # its own sender knows that no byte has left
        }
    ),
    AttemptState.AMBIGUOUS: frozenset({AttemptState.ACCEPTED, AttemptState.ABSENT, AttemptState.HELD}),
    AttemptState.HELD: frozenset({AttemptState.ACCEPTED, AttemptState.ABSENT}),
    AttemptState.ACCEPTED: frozenset({AttemptState.FAILED}),
    AttemptState.FAILED: frozenset(),
    AttemptState.REJECTED: frozenset(),
    AttemptState.ABSENT: frozenset(),
    AttemptState.ABANDONED: frozenset(),
}


class ApprovalState(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"  # what it was about has changed
    WITHDRAWN = "withdrawn"  # the run ended before anybody decided


APPROVAL_MOVES: Final[Mapping[ApprovalState, frozenset[ApprovalState]]] = {
    ApprovalState.PENDING: frozenset(ApprovalState) - {ApprovalState.PENDING},
    # What was approved may drift, or the run may be withdrawn, before it is sent.
    ApprovalState.APPROVED: frozenset({ApprovalState.SUPERSEDED}),
    ApprovalState.REJECTED: frozenset(),
    ApprovalState.EXPIRED: frozenset(),
    ApprovalState.SUPERSEDED: frozenset(),
    ApprovalState.WITHDRAWN: frozenset(),
}


class TaskState(StrEnum):
    """What somebody is asked to do in the middle of a run."""

    OPEN = "open"  # whoever may do it can take it
    DONE = "done"
    FAILED = "failed"  # whoever had it says that it cannot be done
    EXPIRED = "expired"  # nobody did it in time
    WITHDRAWN = "withdrawn"  # its run ended, or asks for it anew


TASK_MOVES: Final[Mapping[TaskState, frozenset[TaskState]]] = {
    TaskState.OPEN: frozenset(TaskState) - {TaskState.OPEN},
    TaskState.DONE: frozenset(),
    TaskState.FAILED: frozenset(),
    TaskState.EXPIRED: frozenset(),
    TaskState.WITHDRAWN: frozenset(),
}


class Verdict(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"


class ExceptionState(StrEnum):
    """An exception to a freeze for one run."""

    ASKED = "asked"
    GRANTED = "granted"  # until its end, for the plan that it was granted for
    REFUSED = "refused"
    REVOKED = "revoked"  # taken back, before or after it was granted


EXCEPTION_MOVES: Final[Mapping[ExceptionState, frozenset[ExceptionState]]] = {
    ExceptionState.ASKED: frozenset({ExceptionState.GRANTED, ExceptionState.REFUSED, ExceptionState.REVOKED}),
    ExceptionState.GRANTED: frozenset({ExceptionState.REVOKED}),
    ExceptionState.REFUSED: frozenset(),
    ExceptionState.REVOKED: frozenset(),
}


class GateAnswerState(StrEnum):
    """What became of an answer to a gate of the CI system."""

    SENT = "sent"  # on its way, or lost on it: not known whether it arrived
    DONE = "done"
    REFUSED = "refused"  # the CI system said no, or nothing waited there any more
    ABSENT = "absent"  # the gate still waits: it did not arrive


GATE_ANSWER_MOVES: Final[Mapping[GateAnswerState, frozenset[GateAnswerState]]] = {
    GateAnswerState.SENT: frozenset({GateAnswerState.DONE, GateAnswerState.REFUSED, GateAnswerState.ABSENT}),
    GateAnswerState.DONE: frozenset(),
    GateAnswerState.REFUSED: frozenset(),
    GateAnswerState.ABSENT: frozenset(),
}


class FiringState(StrEnum):
    """What came of one time at which a schedule was due."""

    DUE = "due"  # its run is about to be asked for
    WAITING = "waiting"  # for the run before to end
    STARTED = "started"  # there is its run
    SKIPPED = "skipped"  # left out: the run before has not ended, or the schedule was paused
    MISSED = "missed"  # nothing could be asked for in time
    REFUSED = "refused"  # the run was asked for, and the answer was no


FIRING_OPEN: Final = frozenset({FiringState.DUE, FiringState.WAITING})
_OF_A_FIRING: Final = frozenset({FiringState.STARTED, FiringState.SKIPPED, FiringState.MISSED, FiringState.REFUSED})

FIRING_MOVES: Final[Mapping[FiringState, frozenset[FiringState]]] = {
    FiringState.DUE: _OF_A_FIRING | {FiringState.WAITING},
    FiringState.WAITING: _OF_A_FIRING,
    **{end: frozenset() for end in _OF_A_FIRING},
}


class ReactionState(StrEnum):
    """What one event caused by one trigger."""

    DUE = "due"  # its run is about to be asked for
    STARTED = "started"  # there is its run
    SKIPPED = "skipped"  # left out: paused, throttled, a flood, a loop, or it could not be worked out
    REFUSED = "refused"  # the run was asked for, and the answer was no


REACTION_MOVES: Final[Mapping[ReactionState, frozenset[ReactionState]]] = {
    ReactionState.DUE: frozenset({ReactionState.STARTED, ReactionState.SKIPPED, ReactionState.REFUSED}),
    ReactionState.STARTED: frozenset(),
    ReactionState.SKIPPED: frozenset(),
    ReactionState.REFUSED: frozenset(),
}


class ExternalStatus(StrEnum):
    """What a CI system says of one of its runs or jobs, in our words. Silence and novelty are `unknown`."""

    QUEUED = "queued"
    WAITING = "waiting"  # for something in the CI system: an environment's protection, a concurrency group
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"


EXTERNAL_ENDS: Final = frozenset(
    {ExternalStatus.SUCCEEDED, ExternalStatus.FAILED, ExternalStatus.CANCELLED, ExternalStatus.SKIPPED}
)

_State = TypeVar("_State", bound=StrEnum)


class IllegalMove(Exception):
    """A move that is not in the state's table: a bug of ours, never the user's doing."""


def check_move(moves: Mapping[_State, frozenset[_State]], old: _State, new: _State) -> None:
    """Raise `IllegalMove` unless `new` may follow `old`."""
    if new not in moves[old]:
        raise IllegalMove(f"{type(old).__name__}: {old} may not become {new}")
