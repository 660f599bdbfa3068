"""What is temporary about an entity, and until when; and what was to be over and was not taken back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import JsonValue
from sqlalchemy import ColumnElement, String, and_, case, cast, exists, func, literal, or_, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from daytwo_store.aliases import other
from daytwo_store.run_visibility import Onlooker, visible
from daytwo_store.states import RUN_ENDS, AttemptState, StepState
from daytwo_store.tables import AttemptRow, EntityRow, RunRow, StepRow

_NEVER: Final = [
    str(state) for state in (AttemptState.INTENT, AttemptState.ABANDONED, AttemptState.REJECTED, AttemptState.ABSENT)
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Lasting:
    run: str
    action: str
    step: str
    started_at: datetime | None
    until: datetime | None
    given: dict[str, JsonValue] | None  # to the step: who moves its end, and how far
    stands: bool  # its time is over, or its run was stopped, and not all of it was taken back


async def of_entity(session: AsyncSession, ref: str, by: Onlooker) -> Sequence[Lasting]:
    """What the onlooker may see of it, the first end first."""
    ended = RunRow.state.in_([str(state) for state in RUN_ENDS])
    over = and_(or_(ended, RunRow.undoing.is_not(None)), _not_undone())
    query = (
        select(RunRow.id, RunRow.action, StepRow.path, StepRow.started_at, StepRow.due_at, StepRow.given, StepRow.state)
        .join(StepRow, StepRow.run_id == RunRow.id)
        .join(EntityRow, EntityRow.ref == RunRow.entity, isouter=True)
        .where(
            RunRow.entity == ref,
            StepRow.kind == "temporary",
            or_(StepRow.state == StepState.RUNNING, over),
            visible(by.belongs, by.principal),
        )
        .order_by(StepRow.due_at)
        .limit(50)
    )
    return [
        Lasting(
            run=run,
            action=action,
            step=path,
            started_at=started_at,
            until=until,
            given=given,
            stands=state != StepState.RUNNING,
        )
        for run, action, path, started_at, until, given, state in (await session.execute(query)).all()
    ]


def _not_undone() -> ColumnElement[bool]:
    """Has a step of the run taken effect, by what can be undone, and neither the run nor another one has undone it?"""
    done, own, theirs = (other(StepRow, name) for name in ("done", "own", "theirs"))
    run = other(RunRow, "its_run")
    undo = func.concat(done.path, ".undo", type_=String)
    sent = exists().where(
        AttemptRow.run_id == done.run_id,
        AttemptRow.path == done.path,
        or_(AttemptRow.external_id.is_not(None), AttemptRow.state.not_in(_NEVER)),
    )
    planned = func.coalesce(cast(RunRow.plan, JSONB)["undo"], cast(literal("[]"), JSONB))
    # Only asked of runs with such a step: the case keeps other plans from being read.
    undoable = case(
        (StepRow.kind == "temporary", planned.op("@>")(func.jsonb_build_array(func.jsonb_build_object("path", undo)))),
        else_=False,
    )
    return exists().where(
        done.run_id == RunRow.id,
        done.undoes.is_(None),
        done.ended_at.is_not(None),
        or_(done.state == StepState.SUCCEEDED, sent),
        undoable,
        ~exists().where(own.run_id == done.run_id, own.undoes == done.path, own.state == StepState.SUCCEEDED),
        ~exists().where(
            run.undo_of == done.run_id,
            theirs.run_id == run.id,
            theirs.path == undo,
            theirs.state == StepState.SUCCEEDED,
        ),
    )
