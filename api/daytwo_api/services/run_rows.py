"""Everything that is known about one run, as rows, before it is told to somebody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from daytwo_actions.backends.base import Traits
from daytwo_api.views.actions import PlannedChange
from daytwo_api.views.runs import LockView, LogGap, LogLine
from daytwo_store.states import ApprovalState, StepState
from daytwo_store.tables import (
    ApprovalRow,
    AttemptRow,
    ExternalRunRow,
    FindingRow,
    FreezeExceptionRow,
    FreezeRow,
    GateAnswerRow,
    NotificationRow,
    ReviewRow,
    RunRow,
    StepRow,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rows:
    """Everything about one run."""

    run: RunRow
    steps: Sequence[StepRow]
    attempts: Sequence[AttemptRow]
    externals: Sequence[ExternalRunRow]
    approvals: Sequence[ApprovalRow]
    answers: Sequence[GateAnswerRow]
    findings: Sequence[FindingRow]
    exceptions: Sequence[tuple[FreezeExceptionRow, FreezeRow]]
    review: ReviewRow | None
    unheard: Sequence[NotificationRow]
    traits: Mapping[str, Traits]  # of the connections, as far as they are configured here
    lock: LockView | None
    owner: str | None  # of the entity, now
    undone_by: RunRow | None
    resumed_by: RunRow | None
    first_error: LogLine | None
    gaps: Sequence[LogGap]  # in its log
    undo_refused: str | None  # why it cannot be undone, apart from who asks
    resume_refused: str | None  # likewise
    changes: Sequence[PlannedChange]  # as the asker may see them
    named: frozenset[str]  # other runs that the asker may see

    @property
    def speakers(self) -> list[str]:
        """Who answered a gate or found out something: people to be named."""
        asked = [name for row, _ in self.exceptions for name in (row.asked_by, row.decided_by, row.ended_by) if name]
        closed = [self.review.closed_by] if self.review and self.review.closed_by else []
        found = [one.principal for one in self.findings]
        return [*self.choosers, *(one.by for one in self.answers), *found, *asked, *closed]

    @property
    def choosers(self) -> list[str]:
        """Who has said something about its undo."""
        said = (self.run.undoing or {}).get("said")
        return [str(one["by"]) for one in said if isinstance(one, dict)] if isinstance(said, list) else []

    def name(self, run: str | None) -> str | None:
        """Another run, if it may be named."""
        return run if run in self.named else None

    def external(self, attempt: AttemptRow) -> ExternalRunRow | None:
        return next((row for row in self.externals if (row.path, row.no) == (attempt.path, attempt.no)), None)

    def tries(self, step: StepRow) -> list[AttemptRow]:
        return [attempt for attempt in self.attempts if attempt.path == step.path]

    @property
    def asked(self) -> ApprovalRow | None:
        """What is, or was, to be approved before anything of the run is sent."""
        return next((row for row in reversed(self.approvals) if row.path is None), None)

    def asked_at(self, step: StepRow) -> ApprovalRow | None:
        """What waits for a decision at a step."""
        pending = (row for row in self.approvals if row.path == step.path and row.state == ApprovalState.PENDING)
        return next(pending, None)

    def going_on(self) -> list[StepRow]:
        """Steps that are under way."""
        return [row for row in self.steps if row.state in (StepState.RUNNING, StepState.HELD)]

    def newest(self, step: StepRow | None) -> ExternalRunRow | None:
        """The external run that a step has come to."""
        tries = self.tries(step) if step else []
        return self.external(tries[-1]) if tries else None

    def title(self, connection: str) -> str:
        """What people call the CI system behind a connection."""
        return self.traits[connection].title if connection in self.traits else connection
