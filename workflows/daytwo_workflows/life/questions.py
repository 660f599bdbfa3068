"""A CI system asks whether a run may go on: it gets the decision that was made here, and no other.

GitHub asks by a custom deployment protection rule; on Argo and GitLab a suspend node or a manual job of the name
`daytwo` asks. Whoever presses a button there meets the rules of here: a run goes
on if it is one of ours, as it was approved and sealed, once. Everything else is refused with the reason, or left
waiting while it may still turn out to be ours. The delivery only asks; the run itself is read before it is told yes.
"""

from datetime import timedelta
from typing import Final

import structlog

from daytwo_actions.backends.base import Recognised, Target
from daytwo_actions.backends.failures import BackendDenied, BackendHeld, BackendUnreachable, ExternalGone, GateClosed
from daytwo_actions.backends.some import Asking, Question
from daytwo_actions.backends.tree import GateId, GateVerdict, JobTree
from daytwo_store import approvals, attempts, freezes, inbox, questions, runs
from daytwo_store.engine import Session, Tx
from daytwo_store.ids import AttemptNo, ExternalRunId, RunId, StepPath
from daytwo_store.states import EXTERNAL_ENDS, RUN_ENDS, ApprovalState, AttemptState, RunState
from daytwo_store.tables import AttemptRow, ExternalRunRow, GateQuestionRow, RunRow
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.finding import recognised
from daytwo_workflows.life.midway import only_midway
from daytwo_workflows.life.trees import OURS

log = structlog.get_logger()
_AT_A_TIME: Final = 50
_AGAIN: Final = timedelta(seconds=10)
_FAILED: Final = timedelta(minutes=1)
# An answer to a dispatch may be lost, and the run found later: it is not called a stranger's before that.
_MAY_BE_OURS: Final = timedelta(minutes=10)


_Answer = tuple[GateVerdict | None, str]  # None: not now


async def answer_questions(life: Life) -> int:
    """One round over what waits for an answer; how many were answered. Safe to call twice: a gate answers once."""
    async with life.store.read() as session:
        due = await questions.due(session, now=await life.store.clock.now(session), limit=_AT_A_TIME)
    return sum([await _answer(life, asked) for asked in due])


async def _answer(life: Life, asked: GateQuestionRow) -> bool:
    if asked.connection not in life.backends:
        return await _put_off(life, asked, "There is no such connection now.", _FAILED)
    try:
        subject, (verdict, why) = await _decide(life, asked)
        if verdict is None:
            return await _put_off(life, asked, why, _AGAIN)
        await _tell(life, asked, verdict, why)
    except GateClosed:
        subject, verdict, why = f"connection:{asked.connection}", None, "It was answered before, or its run has ended."
    except BackendHeld as held:
        return await _put_off(life, asked, held.detail, timedelta(seconds=held.retry_after or _FAILED.total_seconds()))
    except (BackendUnreachable, BackendDenied) as error:
        log.warning("question.not_answered", connection=asked.connection, error=type(error).__name__)
        return await _put_off(life, asked, error.detail, _FAILED)
    except Exception as error:  # one question that cannot be answered must not hold up the others
        log.exception("question.failed", connection=asked.connection)
        return await _put_off(life, asked, f"It broke off ({type(error).__name__}).", _FAILED)
    async with life.store.write() as tx:
        await questions.settle(tx, asked, verdict, why, subject=subject)
        external = await questions.about(tx.session, asked)
        if external is not None:
            await inbox.want(tx, [RunId(external.run_id)])
            tx.poke(RunId(external.run_id))
    return True


async def _tell(life: Life, asked: GateQuestionRow, verdict: GateVerdict, why: str) -> None:
    """Once. Raises `GateClosed`, and what a read raises."""
    backend: object = life.backends[asked.connection]
    run = ExternalRunId(asked.external_id)
    if isinstance(backend, Asking):
        question = Question(
            delivery=asked.delivery,
            project_id=asked.project_id,
            project=asked.project,
            run=run,
            gate=GateId(asked.gate),
        )
        await backend.reply(question, verdict, comment=why)
        return
    if verdict is GateVerdict.STOP:
        return  # a node that nobody resumes lets nothing on, and what is to be stopped is stopped as a whole
    target = Target(project=asked.project, pipeline="", ref="")
    try:
        await life.backend(asked.connection).answer(target, run, GateId(asked.gate), verdict, comment=why)
    except ExternalGone:
        raise GateClosed("The run is gone in the CI system.") from None


async def keep_ours(life: Life, tx: Tx, row: ExternalRunRow, tree: JobTree) -> None:
    """Gates of the name `OURS` in a tree that was read: each asks once. GitHub asks by itself, with a signature."""
    backend: object = life.backends.get(row.connection)
    if isinstance(backend, Asking):
        return
    for job in tree.jobs:
        gate = job.gate
        if gate is None or gate.title != OURS or GateVerdict.GO not in gate.verdicts or job.status in EXTERNAL_ENDS:
            continue
        asked = questions.Asked(
            connection=row.connection,
            delivery=f"gate/{row.id}/{gate.id}",
            project_id=row.project_id,
            project=row.project,
            external=ExternalRunId(row.id),
            gate=gate.id,
        )
        await questions.keep(tx, asked)


async def _put_off(life: Life, asked: GateQuestionRow, why: str, wait: timedelta) -> bool:
    async with life.store.write() as tx:
        await questions.put_off(tx, asked, why, wait=wait)
    return False


async def _decide(life: Life, asked: GateQuestionRow) -> tuple[str, _Answer]:
    """What to say, and what the audit files it under. Raises what a read raises."""
    async with life.store.read() as session:
        now = await life.store.clock.now(session)
        external = await questions.about(session, asked)
        if external is None:
            return f"connection:{asked.connection}", _of_a_stranger(asked, waited=now - asked.asked_at)
        run = await runs.peek(session, RunId(external.run_id))
        attempt = await attempts.get(session, RunId(run.id), StepPath(external.path), AttemptNo(external.no))
        assert attempt is not None, "an external run has its attempt"
        approved = await _approved(session, run)
        stop = await freezes.stopped(session)
    subject = f"run:{run.id}"
    first = _of_ours(run, attempt, approved=approved)
    if first is not None:
        return subject, first
    if stop is not None:
        return subject, (None, f"Everything is stopped in Daytwo ({stop.reason}): nothing is let on until that ends.")
    shown = await recognised(life, attempt, ExternalRunId(asked.external_id), attempt.intent_at)
    return subject, _as_it_is(life, run, attempt, shown)


def _of_a_stranger(asked: GateQuestionRow, *, waited: timedelta) -> _Answer:
    if waited < _MAY_BE_OURS:
        return None, "No run of ours is known by this id yet."
    return GateVerdict.STOP, (
        f"Daytwo has not started this run, so nobody could approve it there. What goes to {asked.gate} is started from "
        "Daytwo."
    )


async def _approved(session: Session, run: RunRow) -> bool:
    """Whether what had to be approved is."""
    newest = await approvals.newest(session, RunId(run.id))
    if newest is None:  # what is approved in its middle was so before it was sent
        return not run.protected or only_midway(run)
    return newest.state == ApprovalState.APPROVED


def _of_ours(run: RunRow, attempt: AttemptRow, *, approved: bool) -> _Answer | None:
    """What is known without looking; None: the run itself has to be looked at."""
    if RunState(run.state) in RUN_ENDS:
        return GateVerdict.STOP, f"The run {run.id} of Daytwo has ended ({run.state})."
    if run.cancel_at is not None:
        return GateVerdict.STOP, f"The run {run.id} of Daytwo is being stopped."
    if not approved:
        return GateVerdict.STOP, f"The run {run.id} of Daytwo has no approval that holds."
    if run.lock_taken_at is not None or run.state != RunState.RUNNING or attempt.state != AttemptState.ACCEPTED:
        return None, f"The run {run.id} waits for a person in Daytwo."
    return None


def _as_it_is(life: Life, run: RunRow, attempt: AttemptRow, shown: Recognised | None) -> _Answer:
    where = f"{life.public_url}/runs/{run.id}"
    planned = str(attempt.request["commit"])
    if shown is None:
        return None, "The CI system does not show this run now."
    if shown.misfits:
        return GateVerdict.STOP, f"This is not the run that Daytwo has started: {', '.join(shown.misfits)}."
    if shown.state.attempt > 1:
        return (
            GateVerdict.STOP,
            f"Somebody re-ran it here. Whoever wants it again asks for a new run in Daytwo: {where}",
        )
    commit = shown.state.commit  # Argo has none: what its workflows run was sealed with the template's digest
    if run.protected and commit is not None and commit != planned:
        return GateVerdict.STOP, f"It runs commit {commit[:12]}, and {planned[:12]} was approved: {where}"
    said = "was approved" if run.protected else "needed no approval"
    return GateVerdict.GO, f"The run {run.id} of Daytwo {said}, and this is what it has sent: {where}"
