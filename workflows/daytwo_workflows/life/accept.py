"""Submission (A2): run, plan, steps, approval, audit and poke in one transaction; 202 only after it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from daytwo_actions.plan.difference import Change
from daytwo_actions.plan.model import Plan, PlannedApproval, digest_of
from daytwo_store import approvals, runs, tasks
from daytwo_store.approvals import Asked, Stage
from daytwo_store.engine import Session, Topic, Tx
from daytwo_store.errors import Rejected
from daytwo_store.evidence_sent import BINDS
from daytwo_store.ids import ApprovalId, PrincipalId, RunId, StepPath, TokenId
from daytwo_store.keyring import KeyRing
from daytwo_store.said import said
from daytwo_store.secret_values import keep_inputs
from daytwo_store.states import RunState
from daytwo_store.tables import ApprovalRow, RunRow
from daytwo_workflows.life import break_glass, midway, step_rows
from daytwo_workflows.life.causes import Cause
from daytwo_workflows.life.locking import lock_columns


@dataclass(frozen=True, kw_only=True, slots=True)
class Submission:
    plan: Plan
    requester: PrincipalId
    token: TokenId | None
    key: str  # Idempotency-Key
    body_sha256: str  # of what was asked for, so that the same key with another body is noticed
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)  # secret inputs by name
    visible_to: tuple[str, ...] = ()  # who may see the entity now: kept for when it has left the catalog
    see_held: Sequence[str] | None = None  # `allow.see`, where an expression in it shows the run to everybody
    undo_of: RunId | None = None
    rerun_of: RunId | None = None
    called_by: tuple[RunId, StepPath] | None = None
    resume_of: RunId | None = None
    drift: Sequence[Change] = ()  # from the plan of the run that it resumes
    comment: str | None = None
    cause: Cause | None = None


async def earlier(session: Session, submission_key: str, requester: PrincipalId, body_sha256: str) -> RunRow | None:
    """The run that this key made before. Raises `Rejected` when it was used for something else."""
    row = await runs.with_key(session, requester, submission_key)
    if row is not None and row.body_sha256 != body_sha256:
        raise Rejected(
            f"This Idempotency-Key was used for another request: it made run {row.id}. Nothing was started. "
            "Use a new key for a new request."
        )
    return row


async def accept(tx: Tx, ring: KeyRing, submission: Submission) -> RunRow:
    """Write an accepted run. A second transaction with the same key fails on the unique constraint."""
    plan = submission.plan
    text = plan.canonical()
    row = RunRow(
        id=plan.run,
        action=plan.action.name,
        version=plan.action.version,
        entity=plan.entity.ref if plan.entity else None,
        owner=plan.entity.owner if plan.entity else None,
        visible_to=list(submission.visible_to),
        see_held=list(submission.see_held) if submission.see_held is not None else None,
        requester=submission.requester,
        via_token=submission.token,
        idempotency_key=submission.key,
        body_sha256=submission.body_sha256,
        state=RunState.WAITING_APPROVAL if plan.approval else RunState.ACCEPTED,
        inputs=plan.inputs,
        plan=text,
        digest=digest_of(text),
        protected=plan.approval is not None or midway.gated(plan),
        **lock_columns(plan),
        undo_of=submission.undo_of,
        rerun_of=submission.rerun_of,
        parent_run=submission.called_by[0] if submission.called_by is not None else None,
        parent_path=submission.called_by[1] if submission.called_by is not None else None,
        resume_of=submission.resume_of,
        break_glass=plan.break_glass is not None,
        comment=submission.comment,
        cause=submission.cause.as_json() if submission.cause is not None else None,
        created_at=tx.now,
        progress_at=tx.now,
        next_at=tx.now,
        changes=[],
    )
    tx.session.add(row)
    await tx.session.flush()
    step_rows.write(tx, plan)
    keep_inputs(tx, ring, RunId(plan.run), submission.secrets, by=submission.requester)
    tx.audit(
        actor=submission.requester,
        action="run.accepted",
        subject=f"run:{plan.run}",
        facts={
            "action": plan.action.name,
            "version": plan.action.version,
            "digest": row.digest,
            "binds": BINDS,
            **said(row.comment),
        },
    )
    if plan.approval is not None:
        await ask_for_approval(tx, row, plan.approval, drift=submission.drift)
    if plan.break_glass is not None:
        await break_glass.asked(tx, row, plan)
    if submission.cause is not None:
        await submission.cause.take(tx, row)
    tx.poke(RunId(plan.run))
    tx.notify(Topic.RUN, plan.run)
    return row


def editors_in(plan: str) -> list[str]:
    """The people who wrote the action's file, or what asks for this run, as the plan has it."""
    return Plan.model_validate_json(plan).writers


async def ask_for_approval(
    tx: Tx,
    row: RunRow,
    asked: PlannedApproval,
    *,
    supersedes: ApprovalId | None = None,
    drift: Sequence[Change] = (),
    at: Plan | None = None,
) -> ApprovalRow:
    """Open the first stage; its document is the run's plan, its digest the plan's. `at`: at a step in the middle."""
    text = row.plan if at is None else at.canonical()
    path = StepPath(at.at) if at is not None and at.at is not None else None
    # How much longer something lasts is nothing that anybody has filled in.
    fillers = await tasks.fillers(tx.session, RunId(row.id)) if approvals.extended_by(path) is None else []
    return await approvals.ask(
        tx,
        Asked(
            run=RunId(row.id),
            path=path,
            digest=digest_of(text),
            document=text,
            needed_from=asked.needed_from,
            count=asked.count,
            expires_at=asked.expires_at,
            supersedes=supersedes,
            drift=[change.as_json() for change in drift],
            rule=asked.rule,
            terms=asked.terms,
            name=asked.id,
            asks=list(asked.form),
            editors=editors_in(row.plan),
            fillers=fillers,
            later=[
                Stage(
                    needed_from=stage.needed_from,
                    count=stage.count,
                    expires_in=timedelta(seconds=stage.expires_in),
                    again=stage.again,
                    rule=stage.rule,
                    terms=stage.terms,
                    name=stage.id,
                    asks=list(stage.form),
                )
                for stage in asked.then
            ],
        ),
    )
