"""Runs as people read them: rows in, views out; nothing is read in here."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from daytwo_actions.allow import entries
from daytwo_actions.backends.base import Traits
from daytwo_actions.policy import Answer, may_by_token, may_run, may_stop
from daytwo_actions.roles import Permission
from daytwo_api.asker import Asker
from daytwo_api.services import finding_views, words
from daytwo_api.services.approval_views import deciders
from daytwo_api.services.approval_views import summary as approval_summary
from daytwo_api.services.freeze_views import exception_view, held_view
from daytwo_api.services.gate_views import gates_of, job_view
from daytwo_api.services.gather import Known
from daytwo_api.services.review_views import review_view
from daytwo_api.services.step_words import decision_waits, several, step_waits
from daytwo_api.services.window_words import kept_holds
from daytwo_api.views.actions import PlannedChange
from daytwo_api.views.common import Permitted
from daytwo_api.views.runs import (
    ArtifactView,
    AttemptView,
    ExternalFact,
    ExternalRunView,
    LockView,
    LogLine,
    RunPermissions,
    RunSummary,
    RunView,
    StepView,
    Unheard,
    Waits,
)
from daytwo_store.ids import EntityRef, PrincipalId
from daytwo_store.outputs import OutputsSource
from daytwo_store.states import RUN_ENDS, ApprovalState, AttemptState, ExternalStatus, RunState, StepState
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
from daytwo_workflows.life.noting import GONE
from daytwo_workflows.notify.texts import what


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
    first_error: LogLine | None
    undo_refused: str | None  # why it cannot be undone, apart from who asks
    changes: Sequence[PlannedChange]  # as the asker may see them
    named: frozenset[str]  # other runs that the asker may see
    shifts: frozenset[str]  # entries of the approval that name the asker as being on call

    @property
    def speakers(self) -> list[str]:
        """Who answered a gate or found out something: people to be named."""
        asked = [name for row, _ in self.exceptions for name in (row.asked_by, row.decided_by, row.ended_by) if name]
        closed = [self.review.closed_by] if self.review and self.review.closed_by else []
        return [*(one.by for one in self.answers), *(one.principal for one in self.findings), *asked, *closed]

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


def summary(run: RunRow, known: Known) -> RunSummary:
    return RunSummary(
        id=run.id,
        action=run.action,
        action_title=known.title(run),
        entity=run.entity,
        requester=known.person(run.requester),
        state=RunState(run.state),
        text=words.run_words(run.state),
        created_at=run.created_at,
        started_at=run.started_at,
        ended_at=run.ended_at,
        inputs=run.inputs,
        break_glass=run.break_glass,
    )


def whole(rows: Rows, known: Known, asker: Asker) -> RunView:
    run = rows.run
    waits = _waits(rows, known)
    plan = json.loads(run.plan)
    secrets = {one["path"]: one.get("secrets", []) for one in plan["steps"]}
    return RunView(
        **dict(summary(run, known), text=_text(run, waits)),
        version=run.version,
        reason=_reason(rows),
        comment=run.comment,
        waits=waits,
        digest=run.digest,
        plan=plan,
        steps=[_step(rows, step, known, secrets.get(step.path, [])) for step in rows.steps],
        approvals=[approval_summary(row, run, known, asker) for row in rows.approvals],
        gates=list(gates_of(rows, known, asker, stop_answer(rows, known, asker))),
        lock=rows.lock,
        holds=[held_view(held) for held in kept_holds(run.window)],
        exceptions=[exception_view(row, run, freeze, known, asker) for row, freeze in rows.exceptions],
        unheard=[unheard_view(row) for row in rows.unheard],
        changes=list(rows.changes),
        first_error=rows.first_error,
        log_lines=run.log_lines,
        log_pending=any(one.ended_at is not None and one.collected_at is None for one in rows.externals),
        undo_of=rows.name(run.undo_of),
        rerun_of=rows.name(run.rerun_of),
        undone_by=rows.name(rows.undone_by.id if rows.undone_by else None),
        previous_run=rows.name(run.previous_run),
        review=review_view(rows.review, run, known, asker) if rows.review else None,
        may=_permissions(rows, known, asker),
    )


def _reason(rows: Rows) -> str | None:
    """With the other run that had or got the lock, for whoever may see that one."""
    other = rows.name(rows.run.lock_lost_to)
    return f"{rows.run.reason} It was run {other}." if other and rows.run.reason else rows.run.reason


def _text(run: RunRow, waits: Waits | None) -> str:
    return waits.text if waits is not None and waits.kind != "start" else words.run_words(run.state)


def _waits(rows: Rows, known: Known) -> Waits | None:
    going_on = rows.going_on()
    each = [one for step in going_on if (one := _step_waits(rows, known, step)) is not None]
    told = several(going_on, each) if len(each) > 1 else each[0] if each else _step_waits(rows, known, None)
    found = finding_views.sentence(rows.run, rows.findings, rows.attempts, known)
    return told.model_copy(update={"text": f"{told.text} {found}"}) if told and found else told


def _step_waits(rows: Rows, known: Known, step: StepRow | None) -> Waits | None:
    """Why the run does not move, as far as it is because of this step."""
    external = rows.newest(step)
    if step is not None and rows.run.state == RunState.RUNNING and rows.run.window is None:
        asks = rows.asked_at(step)
        own = decision_waits(asks, deciders(asks, known)) if asks is not None else step_waits(step)
        if own is not None:
            return own
    return words.waits(
        rows.run,
        rows.asked,
        deciders(rows.asked, known) if rows.asked else [],
        rows.lock,
        step,
        external,
        rows.title(external.connection) if external else "",
    )


def _step(rows: Rows, step: StepRow, known: Known, secrets: list[str]) -> StepView:
    tries = rows.tries(step)
    external = rows.external(tries[-1]) if tries else None
    traits = rows.traits.get(external.connection) if external else None
    title = rows.title(external.connection) if external else ""
    return StepView(
        path=step.path,
        uses=step.uses,
        kind=step.kind,
        needs=step.needs,
        due_at=step.due_at,
        state=StepState(step.state),
        text=_said(rows, known, step, title),
        started_at=step.started_at,
        ended_at=step.ended_at,
        attempts=[_attempt(rows, attempt, known) for attempt in tries],
        jobs=[job_view(job) for job in step.jobs],
        log_note=words.log_note(external, rows.run.log_lines, traits),
        outputs=step.outputs,
        outputs_source=OutputsSource(step.outputs_source).value if step.outputs_source else None,
        secrets=secrets,
        secrets_at=step.secrets_at,
        secrets_by=step.secrets_by,
    )


def _said(rows: Rows, known: Known, step: StepRow, title: str) -> str:
    asks = rows.asked_at(step)
    if asks is not None:
        return decision_waits(asks, deciders(asks, known)).text
    own = step_waits(step) if step.state == StepState.RUNNING else None
    if own is not None:
        return own.text
    tries = rows.tries(step)
    return words.step_words(step, tries[-1] if tries else None, rows.newest(step), title)


def _attempt(rows: Rows, row: AttemptRow, known: Known) -> AttemptView:
    external = rows.external(row)
    return AttemptView(
        number=row.no,
        state=AttemptState(row.state),
        note=row.note,
        digest=row.digest,
        marker=row.corr,
        intent_at=row.intent_at,
        sent_at=row.sent_at,
        claimed_by=row.claimed_by,
        claimed_at=row.claimed_at,
        findings=finding_views.of_attempt(rows.findings, row, known),
        external=_external(external) if external else None,
    )


def _external(row: ExternalRunRow) -> ExternalRunView:
    known = row.unseen_since is None or row.ended_at is not None
    return ExternalRunView(
        connection=row.connection,
        id=row.id,
        url=row.url,
        status=ExternalStatus(row.status) if known else ExternalStatus.UNKNOWN,
        detail=row.detail,
        attempt=row.ci_attempt,
        commit=row.commit,
        waits_for=row.waits_for,
        seen_at=row.seen_at,
        unseen_since=None if known else row.unseen_since,
        facts=list(_facts(row)),
        artifacts=[ArtifactView.model_validate(one) for one in row.artifacts],
    )


def _facts(row: ExternalRunRow) -> Iterator[ExternalFact]:
    """What happened to it by other hands than ours."""
    if row.detail == GONE and row.ended_at is None:
        yield ExternalFact.DELETED
    if row.status == ExternalStatus.CANCELLED and row.cancel_asked_at is None:
        yield ExternalFact.CANCELLED
    if row.ci_attempt > 1:
        yield ExternalFact.RERUN


def _permissions(rows: Rows, known: Known, asker: Asker) -> RunPermissions:
    run = rows.run
    stop = stop_answer(rows, known, asker)
    ended = RunState(run.state) in RUN_ENDS
    waiting = run.state in (
        RunState.ACCEPTED,
        RunState.WAITING_APPROVAL,
        RunState.WAITING_WINDOW,
        RunState.WAITING_LOCK,
    )
    return RunPermissions(
        cancel=_permit(stop, None if not ended else f"It has ended: {words.run_words(run.state)}."),
        withdraw=_permit(
            withdraw_answer(rows, known, asker),
            None if waiting else f"It is {words.run_words(run.state)}: there is no request to take back.",
        ),
        undo=_permit(run_answer(rows, known, asker), rows.undo_refused),
        rerun=_permit(run_answer(rows, known, asker), None if ended else "It has not ended. Wait for it, or stop it."),
        resolve=_permit(
            finding_views.may_resolve(run, stop, known),
            None if run.state == RunState.NEEDS_ATTENTION else "No attempt waits for somebody to say what happened.",
        ),
        evidence=_permit(
            Answer(Permission.AUDIT_READ in asker.permissions, "Evidence is for those who read the audit."), None
        ),
    )


def unheard_view(row: NotificationRow) -> Unheard:
    """That nobody could be told, in words that say what to do."""
    return Unheard(
        event=row.kind,
        text=f"Nobody could be told of this: {what(row.kind)} ({row.why or 'no channel'}). Tell them yourself.",
        at=row.at,
    )


def stop_answer(rows: Rows, known: Known, asker: Asker) -> Answer:
    """Entries of `allow.run` that are expressions entitle nobody to this: they are about what is asked for anew."""
    if not (by_token := may_by_token(asker.actions, rows.run.action)).allowed:
        return by_token
    return may_stop(
        principal=asker.principal,
        requester=PrincipalId(rows.run.requester),
        allow=entries(known.allow_run(rows.run), {}),
        belongs=asker.belongs,
        owner=rows.owner,
    )


def withdraw_answer(rows: Rows, known: Known, asker: Asker) -> Answer:  # noqa: ARG001  # one shape for all of them
    by_token = may_by_token(asker.actions, rows.run.action)
    if rows.run.requester == asker.principal:
        return by_token
    return Answer(False, "Only who asked for it can withdraw it. An approver can reject it.")


def run_answer(rows: Rows, known: Known, asker: Asker) -> Answer:
    """To undo it is to run the action again; what an expression says to that is worked out when it is asked for."""
    if not (by_token := may_by_token(asker.actions, rows.run.action)).allowed:
        return by_token
    return may_run(
        entries(known.allow_run(rows.run), {}, undecided=True),
        belongs=asker.belongs,
        owner=rows.owner,
        entity=EntityRef(rows.run.entity) if rows.run.entity else None,
        action=known.title(rows.run),
    )


def _permit(who: Answer, state: str | None) -> Permitted:
    if state is not None:
        return Permitted(allowed=False, why_not=state)
    return Permitted(allowed=who.allowed, why_not=None if who.allowed else who.why_not)
