"""Answering where a run waits in the CI system. Who may stop it is decided by the caller; who may
let on what had to be approved, here, in the transaction that writes the answer.

The answer is written before it is told, and told once. Whether one that got no reply has arrived is found out by
reading the job tree again: a gate that waits no more was answered, one that still waits was not.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from daytwo_actions.backends.failures import BackendDenied, BackendHeld, BackendUnreachable, ExternalGone, GateClosed
from daytwo_actions.backends.tree import GateId, GateVerdict, JobTree
from daytwo_store import attempts, freezes, gates, inbox, runs
from daytwo_store.engine import Tx
from daytwo_store.errors import Conflict, Rejected
from daytwo_store.gates import GateAnswer
from daytwo_store.ids import ExternalRunId, RunId, StepPath
from daytwo_store.states import EXTERNAL_ENDS, GateAnswerState
from daytwo_store.tables import AttemptRow, ExternalRunRow, GateAnswerRow, Json
from daytwo_workflows.life import requests
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.letting_on import must_be_let
from daytwo_workflows.life.trees import asks_us, open_gates, storable

log = structlog.get_logger()
# An answer without a reply may still be carried out for so long; a read before that proves nothing.
_STILL_ARRIVES: Final = timedelta(seconds=30)


async def answer(life: Life, said: GateAnswer) -> None:
    """Tell the CI system, once. Returns also when no reply came: the next reads tell what became of it.

    Raises `Conflict`, `Forbidden`, `Rejected`.
    """
    async with life.store.write() as tx:
        row = await runs.hold(tx, said.run)
        before = await gates.with_key(tx.session, said.by, said.key)
        if before is not None:
            _must_be_same(before, said)
            return
        if row.lock_taken_at is not None and said.verdict == GateVerdict.GO:
            raise Conflict(
                "The lock of this run was taken away, and somebody else may have it. Nothing was sent. "
                "The pipeline can be stopped from here, and not be let on."
            )
        if said.verdict == GateVerdict.GO:
            await must_be_let(tx, row, said.by)
            await _must_not_be_stopped(tx)
        said, attempt, external, gate = await _open(tx, said)
        intended = await gates.intend(tx, said)
    state, note = await _tell(life, attempt, external, GateId(gate), said)
    async with life.store.write() as tx:
        await runs.hold(tx, said.run)
        kept = await gates.get(tx.session, intended.id)
        if kept.state == GateAnswerState.SENT and state is not GateAnswerState.SENT:
            gates.settle(tx, kept, state, note=note)
        elif kept.state == GateAnswerState.SENT:
            kept.note = note
        await inbox.want(tx, [said.run])
        tx.poke(said.run)
    if state is GateAnswerState.REFUSED:
        raise Rejected(str(note))


async def _must_not_be_stopped(tx: Tx) -> None:
    """What a gate lets on begins now, as a dispatch does. Whoever stops everything waits for this transaction."""
    await freezes.read_locked(tx.session)
    stop = await freezes.stopped(tx.session)
    if stop is not None:
        raise Conflict(
            f"Everything is stopped ({stop.reason}), so nothing is let on. Nothing was sent. Answer again when that "
            "ends; the pipeline can be stopped from here meanwhile."
        )


def _must_be_same(before: GateAnswerRow, said: GateAnswer) -> None:
    """The same answer again is the same answer. Raises `Conflict` for another one under the same key."""
    asked = (before.run_id, before.gate, before.verdict, before.comment)
    if asked != (said.run, said.gate, said.verdict, said.comment):
        raise Conflict(
            "This Idempotency-Key was used for another answer. Nothing was sent. Use a new key for a new answer."
        )


async def _open(tx: Tx, said: GateAnswer) -> tuple[GateAnswer, AttemptRow, ExternalRunRow, str]:
    """The gate that is meant, if it can be answered from here right now."""
    for step in await runs.steps(tx.session, said.run):
        for gate in open_gates(step):
            if gate["name"] == said.gate:
                found = replace(said, path=StepPath(step.path))
                attempt, external = await _live(tx, found)
                await _must_take(tx, found, gate, step.jobs_at)
                return found, attempt, external, str(gate["id"])
    raise Conflict("Nothing of this run waits at such a gate (any more). Nothing was sent. Look at the run again.")


async def _live(tx: Tx, said: GateAnswer) -> tuple[AttemptRow, ExternalRunRow]:
    tries = await attempts.of_step(tx.session, said.run, said.path)
    external = await attempts.external_of(tx.session, tries[-1]) if tries else None
    if external is None or external.ended_at is not None:
        raise Conflict("The pipeline has ended, so nothing waits there any more. Nothing was sent.")
    return tries[-1], external


async def _must_take(tx: Tx, said: GateAnswer, gate: Json, seen_at: datetime | None) -> None:
    verdicts = gate["verdicts"]
    if not isinstance(verdicts, list) or said.verdict not in verdicts:
        raise Rejected(
            f"“{gate['title']}” cannot be answered so with this connection's credential. Nothing was sent. "
            "Answer it in the CI system."
        )
    if said.verdict == GateVerdict.GO and asks_us(gate):
        raise Conflict(
            f"“{gate['title']}” asks Daytwo, which lets on what was approved and sent as it is, and nothing else. No "
            "person answers it from here, and nothing was sent. The pipeline can be stopped."
        )
    if await gates.answered_since(tx.session, said.run, said.gate, seen_at):
        raise Conflict(
            "Somebody has just answered this gate, and the CI system has not been read since. Nothing more was sent. "
            "Look at the run in a moment."
        )


async def _tell(
    life: Life, attempt: AttemptRow, external: ExternalRunRow, gate: GateId, said: GateAnswer
) -> tuple[GateAnswerState, str | None]:
    """What came of telling it, with a note."""
    verdict = GateVerdict(said.verdict)
    try:
        backend = life.backend(attempt.connection)
        run = ExternalRunId(external.id)
        await backend.answer(requests.target_of(attempt), run, gate, verdict, comment=said.comment)
    except GateClosed:
        return GateAnswerState.REFUSED, "Nothing waits there any more: it was answered before. Nothing was changed."
    except ExternalGone:
        return GateAnswerState.REFUSED, "The external run was deleted in the CI system. Nothing was changed."
    except (BackendDenied, BackendHeld) as refused:
        return GateAnswerState.REFUSED, storable(refused.detail)
    except BackendUnreachable as error:
        return GateAnswerState.SENT, f"{storable(error.detail)} It is not known whether the answer arrived."
    except Exception as error:
        log.exception("gate.failed", run=said.run, gate=said.gate)
        note = f"It broke off ({type(error).__name__}). It is not known whether the answer arrived."
        return GateAnswerState.SENT, note
    return GateAnswerState.DONE, None


async def settle_by_reading(tx: Tx, run: RunId, path: StepPath, tree: JobTree, *, began: datetime) -> None:
    """A tree that was read shows which answers without a reply have arrived."""
    waiting = {
        gates.name_of(path, job.gate.id)
        for job in tree.jobs
        if job.gate is not None and job.status not in EXTERNAL_ENDS
    }
    for row in await gates.on_its_way(tx.session, run, path):
        if row.gate not in waiting:
            gates.settle(tx, row, GateAnswerState.DONE, note="it waits there no more")
        elif began - row.asked_at >= _STILL_ARRIVES:
            note = "It still waits there, so the answer did not arrive. Answer again."
            gates.settle(tx, row, GateAnswerState.ABSENT, note=note)
