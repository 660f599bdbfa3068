"""What a read of an external run told is written down: older reads never overwrite newer ones, an end never changes."""

from datetime import datetime
from typing import Final

import structlog

from daytwo_actions.backends.base import ExternalState
from daytwo_actions.backends.tree import JobTree
from daytwo_store import attempts, inbox, runs
from daytwo_store.engine import Topic, Tx
from daytwo_store.ids import AttemptNo, ExternalRunId, RunId, StepPath
from daytwo_store.said import said
from daytwo_store.states import EXTERNAL_ENDS, ExternalStatus
from daytwo_store.tables import ExternalRunRow, RunRow
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.gates import settle_by_reading
from daytwo_workflows.life.questions import keep_ours
from daytwo_workflows.life.steps.external import other_commit
from daytwo_workflows.life.trees import tree_json
from daytwo_workflows.life.vendor_words import VendorWords, words_of

log = structlog.get_logger()
GONE: Final = "it was deleted in the CI system"
MISSING: Final = "the CI system has no such run at the moment"


async def apply_state(
    life: Life,
    known: ExternalRunRow,
    state: ExternalState | None,
    *,
    began: datetime,
    tree: JobTree | None = None,
    poke: bool = False,
) -> bool:
    """Write down what a read that began at `began` told. True when the status changed; `poke`: then the run looks.

    Older reads never overwrite newer ones, an end never changes, and a re-run in the CI system is noted, not believed.
    """
    run = RunId(known.run_id)
    words = await words_of(life, known)
    async with life.store.write() as tx:
        held = await runs.hold(tx, run)
        row = await attempts.external_by_id(tx.session, known.connection, ExternalRunId(known.id))
        if not await _is_news(tx, row, state, began):
            return False
        before = (row.status, row.detail, row.waits_for)
        if state is None:
            _note_absence(life, row, began)
        else:
            await _note_state(life, tx, held, row, state, tree, words)
        if tree is not None and tree.jobs:
            step = await runs.step(tx.session, run, StepPath(row.path))
            step.jobs, step.jobs_at = tree_json(StepPath(row.path), tree, words=words), tx.now
            await settle_by_reading(tx, run, StepPath(row.path), tree, began=began)
            await keep_ours(life, tx, row, tree)
        changed = before != (row.status, row.detail, row.waits_for)
        tx.notify(Topic.RUN, run)
        if changed and poke:
            tx.poke(run)
    return changed


async def note_first(
    life: Life, tx: Tx, held: RunRow, row: ExternalRunRow, state: ExternalState, words: VendorWords, *, began: datetime
) -> None:
    """What was read of a run that has just become ours, as its first state. An end is left to a look at all of it."""
    if state.status not in EXTERNAL_ENDS and await _is_news(tx, row, state, began):
        await _note_state(life, tx, held, row, state, None, words)


async def _is_news(tx: Tx, row: ExternalRunRow, state: ExternalState | None, began: datetime) -> bool:
    """Whether a read that began then may say something about it. Deliveries that came before are answered by it."""
    await inbox.consume(tx.session, row.connection, ExternalRunId(row.id), until=began, now=tx.now)
    if row.ended_at is not None:
        if row.wanted_at is not None and row.wanted_at <= began:
            row.wanted_at = None
        _note_rerun(tx, row, state)
        return False
    if row.seen_at is not None and row.seen_at > began:
        return False
    row.seen_at, row.unseen_since = began, None
    _note_rerun(tx, row, state)
    return True


async def _note_state(
    life: Life,
    tx: Tx,
    held: RunRow,
    row: ExternalRunRow,
    state: ExternalState,
    tree: JobTree | None,
    words: VendorWords,
) -> None:
    row.status, row.detail = state.status, words.line(state.detail)
    row.waits_for = words.line(state.waits_for) if state.waits_for is not None else None
    row.gone_at = None
    _say_unknown(life, row.connection, state, tree)
    row.url = state.url or row.url
    await _note_commit(tx, held, row, state)
    if state.status in EXTERNAL_ENDS:
        row.ended_at = tx.now


def _note_rerun(tx: Tx, row: ExternalRunRow, state: ExternalState | None) -> None:
    """Somebody re-ran it there: shown and in the audit, and no new result of our run."""
    if state is None or state.attempt <= row.ci_attempt:
        return
    row.ci_attempt = state.attempt
    facts = {"external": row.id, "attempt": str(state.attempt)}
    tx.audit(actor="daytwo", action="external.rerun", subject=f"run:{row.run_id}", facts=facts)
    tx.notify(Topic.RUN, row.run_id)


def _note_absence(life: Life, row: ExternalRunRow, began: datetime) -> None:
    """The CI system has no such run. Once is a slip of its listings; for a while, it was deleted there."""
    row.gone_at = row.gone_at or began
    gone = began - row.gone_at >= life.windows.gone_after
    row.status, row.detail, row.waits_for = ExternalStatus.UNKNOWN, GONE if gone else MISSING, None


def _say_unknown(life: Life, connection: str, state: ExternalState, tree: JobTree | None) -> None:
    """A word of the vendor's that nobody here knows is logged once, shown as it is, and never taken for success."""
    for word in sorted(state.strange | (tree.strange if tree is not None else frozenset())):
        if life.unheard(connection, word):
            log.warning("external.unknown_word", connection=connection, state=word[:200])


async def _note_commit(tx: Tx, run: RunRow, row: ExternalRunRow, state: ExternalState) -> None:
    """Which commit really runs. Another one than was approved is an incident, and is stopped (A3)."""
    first = row.commit is None and state.commit is not None
    row.commit = state.commit or row.commit
    attempt = await attempts.get(tx.session, RunId(row.run_id), StepPath(row.path), AttemptNo(row.no))
    other = other_commit(attempt, row) if attempt is not None else None
    if not first or other is None:
        return
    why = f"{other} Nobody approved that"
    facts = {"external": row.id, "commit": str(row.commit), **said(why)}
    tx.audit(actor="daytwo", action="external.other_commit", subject=f"run:{row.run_id}", facts=facts)
    log.error("external.other_commit", run=row.run_id, step=row.path, external=row.id)
    if run.protected and run.cancel_at is None:
        run.cancel_at, run.cancel_reason = tx.now, why
