"""What becomes of each step when a run is resumed: carried over, looked at again, repeated, or a person is asked.

Decided by what is known of it, and where nobody knows, by its effect. Nothing is sent in here; what can be found out by
looking is found out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from daytwo_actions.backends.failures import BackendDenied, BackendUnreachable
from daytwo_actions.definitions import ActionVersion
from daytwo_actions.definitions.steps.common import Effect, StepBase
from daytwo_actions.definitions.steps.kinds import kind_of
from daytwo_actions.recovery import Does
from daytwo_store import attempts, runs
from daytwo_store.ids import RunId
from daytwo_store.states import EXTERNAL_ENDS, AttemptState, ExternalStatus, RunState, StepState
from daytwo_store.tables import AttemptRow, ExternalRunRow, Json, RunRow, StepRow
from daytwo_workflows.life.adopting import marker_of
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.finding import listed
from daytwo_workflows.life.http_act import probed
from daytwo_workflows.life.steps.called import CALLS, asked_for, gone_through
from daytwo_workflows.life.steps.http import by_request
from daytwo_workflows.life.steps.search import search_of
from daytwo_workflows.life.undo_stack import ordinary
from daytwo_workflows.life.undone import undone_so_far

_NEVER: Final = (AttemptState.INTENT, AttemptState.ABANDONED, AttemptState.REJECTED, AttemptState.ABSENT)
_UNKNOWN: Final = (AttemptState.SENT, AttemptState.AMBIGUOUS, AttemptState.HELD)


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposed:
    """`why`: a part of a sentence. `left`: the results that are carried over with it. `items`: the keys of a list that
    had succeeded, and are not asked for when it is done again."""

    path: str
    kind: str
    does: Does
    why: str
    left: Json | None = None
    items: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Past:
    """What there is of a step of the run that has ended."""

    step: StepRow
    tries: Sequence[AttemptRow]
    external: ExternalRunRow | None  # of the last try
    undone: bool
    half: bool  # an undo of it was begun, and has not ended well


async def propose(life: Life, run: RunRow, version: ActionVersion) -> list[Proposed]:
    """Of every step of the action as it is today, in order. Reads the database, and asks CI systems and services where
    that can tell what nobody knows."""
    async with life.store.read() as session:
        rows = await runs.steps(session, RunId(run.id))
        tries = await attempts.of_run(session, RunId(run.id))
        externals = await attempts.externals_of_run(session, RunId(run.id))
        undone = await undone_so_far(session, run, rows)
    past: dict[str, _Past] = {}
    for row in ordinary(rows):
        own = [one for one in tries if one.path == row.path]
        last = own[-1].no if own else None
        external = next((one for one in externals if one.path == row.path and one.no == last), None)
        past[row.path] = _Past(
            step=row,
            tries=own,
            external=external,
            undone=row.path in undone.done,
            half=row.path in undone.half,
        )
    return [await _of_step(life, run, step, past.get(step.id)) for step in version.model.spec.steps]


async def _of_step(life: Life, run: RunRow, step: StepBase, past: _Past | None) -> Proposed:
    if past is None or past.step.kind != kind_of(step):
        return _proposed(step, Does.BEGIN, "is new in the action")
    if past.undone:
        return _proposed(step, Does.BEGIN, "was done, and was undone")
    if past.half:
        return _proposed(step, Does.ASK, "was done, and its undo was begun and has not ended well")
    if past.step.state == StepState.SUCCEEDED:
        return _done(step, past.step)
    if past.step.started_at is None or past.step.state in (StepState.PENDING, StepState.SKIPPED):
        return _proposed(step, Does.BEGIN, "had not begun")
    if step.does is Effect.READ:
        again = Does.BEGIN if past.step.kind == "approval" else Does.CHECK
        return _proposed(step, again, "had not come to a good end, and changes nothing")
    if past.step.kind in CALLS and any(one.get("run") is not None for one in asked_for(past.step)):
        return await _called(life, step, past.step)
    if all(one.external_id is None and one.state in _NEVER for one in past.tries):
        return _proposed(step, Does.REPEAT, "had begun, and nothing of it was carried out")
    return await _begun(life, run, step, past)


async def _called(life: Life, step: StepBase, row: StepRow) -> Proposed:
    """A person looks at the runs that did not succeed; of a list, those that did are not asked for again."""
    calls, good = gone_through(asked_for(row)), list[str]()
    if row.kind == "foreach":
        async with life.store.read() as session:
            for one in calls:
                if one.get("state") == RunState.SUCCEEDED and one.get("run") is not None:
                    undone = await runs.undone_by(session, RunId(str(one["run"])))
                    good += [str(one["key"])] if undone is None else []
    some = f" ({len(good)} of {len(calls)} have succeeded, and `again` leaves these out)" if good else ""
    why = f"had called other runs, which may have done a part of it{some}: look at them"
    return replace(_proposed(step, Does.ASK, why), items=good)


def _done(step: StepBase, row: StepRow) -> Proposed:
    if row.kind == "approval":
        return _proposed(step, Does.BEGIN, "was approved then; people decide again")
    if row.kind == "check":
        return _proposed(step, Does.CHECK, "held then; it is looked at again")
    missing = [name for name in step.outputs if name not in (row.outputs or {})]
    if missing and step.does is Effect.READ:
        return _proposed(step, Does.CHECK, f"was done, and left no {missing[0]}, which is wanted now")
    if missing:
        return _proposed(step, Does.ASK, f"was done, and left no {missing[0]}, which is wanted now")
    left = {name: value for name, value in (row.outputs or {}).items() if name in step.leaves}
    return _proposed(step, Does.SKIP, "is done", left)


async def _begun(life: Life, run: RunRow, step: StepBase, past: _Past) -> Proposed:
    """Something was sent for it, or may have been."""
    last, external = past.tries[-1], past.external
    if last.state in _UNKNOWN:
        return await _unknown(life, run, step, past)
    if external is not None and external.status not in EXTERNAL_ENDS:
        where = f"{external.connection} run {external.id}"
        return _proposed(step, Does.ASK, f"was given up while {where} had not ended; it may still be running")
    how = "was carried out and failed"
    if external is not None and external.status == ExternalStatus.SUCCEEDED:
        how = "was carried out and has succeeded, but did not count as a success"
    if step.does is Effect.ONCE:
        return _proposed(step, Does.ASK, f"{how}, and is to be done once")
    return _proposed(step, Does.REPEAT, how)


async def _unknown(life: Life, run: RunRow, step: StepBase, past: _Past) -> Proposed:
    if step.does is Effect.IDEMPOTENT:
        return _proposed(step, Does.REPEAT, "may have been carried out, and twice is as once")
    if step.does is Effect.ONCE:
        return _proposed(step, Does.ASK, "may have been carried out, and is to be done once")
    happened = await _look(life, RunId(run.id), past)
    if happened is None:
        return _proposed(step, Does.ASK, "may have been carried out, and that could not be found out now")
    if not happened:
        return _proposed(step, Does.REPEAT, "was looked for, and has not been carried out")
    if step.outputs:
        missing = ", ".join(step.outputs)
        return _proposed(step, Does.ASK, f"was looked for and was carried out, but what it left is lost ({missing})")
    return _proposed(step, Does.SKIP, "was looked for, and has been carried out", {})


async def _look(life: Life, run: RunId, past: _Past) -> bool | None:
    """Has it happened? None: that cannot be said."""
    last = past.tries[-1]
    if by_request(last):
        return await probed(life, run, past.step, last)
    marker, clock = marker_of(last), search_of(past.step, last.no).clock()
    try:
        listing = await listed(life, last, last.intent_at, clock)
    except (BackendUnreachable, BackendDenied):
        return None
    if listing.found:
        return True if all(one.status is ExternalStatus.SUCCEEDED for one in listing.found) else None
    async with life.store.read() as session:
        now = await life.store.clock.now(session)
    visible_by = last.send_by + life.windows.send_total + life.windows.listing_lag
    tells = marker.pinned.marked and (marker.pinned.lasting or marker.pinned.fenced)
    late = now >= visible_by and clock.readable and clock.reached(listing.server_time, visible_by)
    return False if listing.complete and tells and late and not listing.unmarked else None


def _proposed(step: StepBase, does: Does, why: str, left: Json | None = None) -> Proposed:
    return Proposed(path=step.id, kind=kind_of(step), does=does, why=why, left=left)
