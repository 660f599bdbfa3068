"""The good end of a run: catalog, state and lock in one transaction."""

import re
from collections.abc import Iterable
from typing import Final

from daytwo_actions.plan.model import Plan, PlannedWrite
from daytwo_catalog.write import EntityWrite, apply
from daytwo_store import entities, runs
from daytwo_store.engine import Tx
from daytwo_store.entities import EVERYTHING, Change, Draft, content
from daytwo_store.errors import DaytwoError
from daytwo_store.ids import RunId
from daytwo_store.states import RunState
from daytwo_store.tables import Json, RunRow, StepRow
from daytwo_workflows.life.locking import taken_words

_UNCHANGED: Final = re.compile(r"[Tt]he catalog (?:was not changed|is as before)")


async def succeed(tx: Tx, run: RunRow, *, reason: str | None = None) -> None:
    """End a held run as succeeded and write what its plan says into the catalog.

    The pipeline has done its work whatever the catalog thinks of it, so a write that the catalog refuses does not make
    the run a failure: the run says so, and its `changes` leave that entity out.
    """
    if run.lock_taken_at is not None:  # somebody else has the key: what is true now is theirs to write
        note = f"{taken_words(run)} The catalog was not changed, and nothing is told to go back to this run."
        await runs.end(tx, run, RunState.SUCCEEDED, reason=" ".join([*([reason] if reason else []), note]))
        return
    plan = Plan.model_validate_json(run.plan)
    target = await target_of(tx, run, plan)
    notes = [reason] if reason else []
    changes: list[Json] = list(run.changes)  # those of its steps come first
    for planned in sorted(plan.catalog, key=lambda write: write.ref):
        try:
            changes += await write_entity(tx, run, planned, target)
        except DaytwoError as error:
            notes.append(f"The pipeline succeeded, but the catalog refused {planned.ref}: {error.detail}")
    run.changes = changes
    await runs.end(tx, run, RunState.SUCCEEDED, reason=" ".join(notes) or None)


async def target_of(tx: Tx, run: RunRow, plan: Plan) -> Draft | None:
    """What the run is about. When it has left the catalog, what is made by the run is hidden as it was."""
    if plan.entity is None:
        return None
    found = await entities.get(tx.session, plan.entity.ref, sees=EVERYTHING)
    if found is not None:
        return found
    kind, _, name = plan.entity.ref.partition(":")
    return Draft(kind=kind, name=name, title=name, owner=run.owner, visible_to=tuple(run.visible_to))


async def write_entity(tx: Tx, run: RunRow, planned: PlannedWrite, target: Draft | None) -> list[Json]:
    """In a savepoint. Raises `DaytwoError` when the catalog refuses it: then nothing is written."""
    written = len(tx.entries)
    try:
        async with tx.session.begin_nested():
            changes = await apply(tx, [entity_write(planned)], run=RunId(run.id), actor=run.requester, like=target)
    except DaytwoError:
        del tx.entries[written:]  # what was rolled back is not told by the audit
        raise
    return [change_json(change) for change in changes]


def truthful(run: RunRow, text: str) -> str:
    """What is said of the end of a run whose steps have written into the catalog: that stays."""
    if not run.changes:
        return text
    return _UNCHANGED.sub(
        lambda found: f"{'W' if found[0].startswith('T') else 'w'}hat its steps wrote into the catalog stays", text
    )


def keep_truthful(run: RunRow, steps: Iterable[StepRow]) -> None:
    """What was said of steps, and of the run, before or after one of them has written into the catalog."""
    for step in steps:
        step.note = truthful(run, step.note) if step.note else step.note
    run.reason = truthful(run, run.reason) if run.reason else run.reason


def entity_write(planned: PlannedWrite) -> EntityWrite:
    return EntityWrite(
        kind=planned.kind,
        name=planned.name,
        properties=dict(planned.properties),
        relations={name: list(refs) for name, refs in planned.relations.items()},
    )


def change_json(change: Change) -> Json:
    """Before and after of one entity, as a run keeps and shows it."""
    return {
        "entity": change.ref,
        "before": content(change.before) if change.before else None,
        "after": content(change.after) if change.after else {},
    }
