"""Runs as people read them: rows in, views out; nothing is read in here."""

import json
from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from daytwo_api.asker import Asker
from daytwo_api.services import finding_views, words
from daytwo_api.services.approval_views import deciders
from daytwo_api.services.approval_views import summary as approval_summary
from daytwo_api.services.freeze_views import exception_view, held_view
from daytwo_api.services.gate_views import gates_of, job_view
from daytwo_api.services.gather import Known
from daytwo_api.services.lasting_views import step_lasts
from daytwo_api.services.review_views import review_view
from daytwo_api.services.run_permissions import permissions_of, stop_answer
from daytwo_api.services.run_rows import Rows
from daytwo_api.services.step_words import decision_waits, several, step_waits
from daytwo_api.services.undo_views import undoing_view
from daytwo_api.services.window_words import kept_holds
from daytwo_api.views.external import ArtifactView, ExternalFact, ExternalRunView
from daytwo_api.views.runs import AttemptView, CalledRun, CauseView, RunSummary, RunView, StepView, Unheard, Waits
from daytwo_store.outputs import OutputsSource
from daytwo_store.states import AttemptState, ExternalStatus, RunState, StepState
from daytwo_store.tables import (
    AttemptRow,
    ExternalRunRow,
    NotificationRow,
    RunRow,
    StepRow,
)
from daytwo_workflows.life.noting import GONE
from daytwo_workflows.life.steps.called import CHECK, WAVE, asked_for, in_order
from daytwo_workflows.notify.texts import what


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
        cause=cause_view(run.cause),
        waits=waits,
        digest=run.digest,
        plan=plan,
        steps=[_step(rows, step, known, asker, secrets.get(step.path, [])) for step in rows.steps],
        approvals=[approval_summary(row, run, known, asker) for row in rows.approvals],
        gates=list(gates_of(rows, known, asker, stop_answer(rows, known, asker))),
        lock=rows.lock,
        holds=[held_view(held) for held in kept_holds(run.window)],
        exceptions=[exception_view(row, run, freeze, known, asker) for row, freeze in rows.exceptions],
        unheard=[unheard_view(row) for row in rows.unheard],
        changes=list(rows.changes),
        first_error=rows.first_error,
        log_lines=run.log_lines,
        log_gaps=list(rows.gaps),
        log_pending=any(one.ended_at is not None and one.collected_at is None for one in rows.externals),
        undo_of=rows.name(run.undo_of),
        rerun_of=rows.name(run.rerun_of),
        called_by=rows.name(run.parent_run),
        called_by_step=run.parent_path if rows.name(run.parent_run) else None,
        resume_of=rows.name(run.resume_of),
        resumed_by=rows.name(rows.resumed_by.id if rows.resumed_by else None),
        undone_by=rows.name(rows.undone_by.id if rows.undone_by else None),
        undoing=undoing_view(rows, known),
        previous_run=rows.name(run.previous_run),
        review=review_view(rows.review, run, known, asker) if rows.review else None,
        may=permissions_of(rows, known, asker),
    )


def cause_view(cause: Mapping[str, JsonValue] | None) -> CauseView | None:
    """From what a run keeps of it. Another run is linked by what it is to this one."""
    if cause is None or cause.get("kind") == "run":
        return None
    return CauseView.model_validate({name: cause.get(name) for name in CauseView.model_fields})


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


def _step(rows: Rows, step: StepRow, known: Known, asker: Asker, secrets: list[str]) -> StepView:
    tries = rows.tries(step)
    external = rows.external(tries[-1]) if tries else None
    traits = rows.traits.get(external.connection) if external else None
    title = rows.title(external.connection) if external else ""
    return StepView(
        path=step.path,
        uses=step.uses,
        kind=step.kind,
        undoes=step.undoes,
        needs=step.needs,
        due_at=step.due_at,
        state=StepState(step.state),
        text=_said(rows, known, step, title),
        started_at=step.started_at,
        ended_at=step.ended_at,
        attempts=[_attempt(rows, attempt, known) for attempt in tries],
        jobs=[job_view(job) for job in step.jobs],
        log_note=words.log_note(external, rows.run.log_lines, traits),
        calls=list(_calls(rows, step)),
        task=str(step.data["task"]) if step.data and "task" in step.data else None,
        lasts=step_lasts(rows.run, step, rows.owner, known, asker),
        outputs=step.outputs,
        outputs_source=OutputsSource(step.outputs_source).value if step.outputs_source else None,
        secrets=secrets,
        secrets_at=step.secrets_at,
        secrets_by=step.secrets_by,
    )


def _calls(rows: Rows, step: StepRow) -> Iterator[CalledRun]:
    """What became of those that may be seen; of the others only that they are there."""
    for one in in_order(asked_for(step)):
        run, state = one.get("run"), one.get("state")
        named = rows.name(str(run)) if run is not None else None
        shown = run is None or named is not None
        yield CalledRun(
            key=str(one["key"]),
            wave=wave + 1 if isinstance(wave := one.get(WAVE), int) else None,
            check=CHECK in one,
            run=named,
            state=str(state) if state is not None else None,
            text=str(one["note"]) if shown and one.get("note") else None,
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


def unheard_view(row: NotificationRow) -> Unheard:
    """That nobody could be told, in words that say what to do."""
    return Unheard(
        event=row.kind,
        text=f"Nobody could be told of this: {what(row.kind)} ({row.why or 'no channel'}). Tell them yourself.",
        at=row.at,
    )
