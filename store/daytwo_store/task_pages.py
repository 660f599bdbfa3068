"""Tasks as lists, and one by one, for somebody who reads them: filtered in SQL, so that a page is a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, false, func, not_, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer
from sqlalchemy.sql.elements import ColumnElement

from daytwo_store.approval_pages import Reader, Right
from daytwo_store.errors import NotFound
from daytwo_store.ids import TaskId
from daytwo_store.run_visibility import visible
from daytwo_store.states import TaskState
from daytwo_store.tables import EntityRow, PrincipalRow, RunRow, TaskRow


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskFilter:
    state: TaskState | None
    mine: bool  # only those that the reader may do


async def page(
    session: AsyncSession,
    wanted: TaskFilter,
    *,
    reader: Reader,
    after: tuple[datetime, str] | None,
    limit: int,
) -> Sequence[tuple[TaskRow, RunRow]]:
    """With their runs, those that are due first at the top."""
    query = (
        select(TaskRow, RunRow)
        .options(defer(RunRow.plan, raiseload=True), defer(RunRow.changes, raiseload=True))
        .join(RunRow, RunRow.id == TaskRow.run_id)
        .join(EntityRow, EntityRow.ref == RunRow.entity, isouter=True)
        .where(_visible(reader))
        .order_by(TaskRow.due_at, TaskRow.id)
        .limit(limit)
    )
    if wanted.state is not None:
        query = query.where(TaskRow.state == wanted.state)
    if wanted.mine:
        query = query.join(PrincipalRow, PrincipalRow.id == RunRow.requester).where(_doable(reader))
    if after is not None:
        query = query.where(tuple_(TaskRow.due_at, TaskRow.id) > tuple_(*after))
    return [(task, run) for task, run in await session.execute(query)]


async def get_visible(session: AsyncSession, task: TaskId, *, reader: Reader) -> tuple[TaskRow, RunRow]:
    """Raises `NotFound`, the same for what does not exist and for what the asker may not see."""
    found = (
        await session.execute(
            select(TaskRow, RunRow)
            .join(RunRow, RunRow.id == TaskRow.run_id)
            .join(EntityRow, EntityRow.ref == RunRow.entity, isouter=True)
            .where(TaskRow.id == task, _visible(reader))
            .execution_options(populate_existing=True)
        )
    ).one_or_none()
    if found is None:
        raise NotFound(f"There is no task {task}, or you may not see it. Look at your tasks.")
    return found[0], found[1]


def _visible(reader: Reader) -> ColumnElement[bool]:
    """A task is seen by whoever sees its run, by those who are asked, and by who did it."""
    own = reader.own
    return or_(
        visible(list(own.belongs), own.principal),
        *(_asked(right) for right in (own, *reader.lent)),
        TaskRow.settled_by == own.principal,
    )


def _asked(right: Right) -> ColumnElement[bool]:
    if not right.belongs or right.approval is not None:
        return false()
    asked: ColumnElement[bool] = TaskRow.needed_from.overlap(list(right.belongs))
    return asked


def _doable(reader: Reader) -> ColumnElement[bool]:
    """The same as `daytwo_actions.hands` says about each; and nobody else has taken it."""
    own = reader.own
    requester = func.coalesce(PrincipalRow.ref, PrincipalRow.id)
    return and_(
        _of_others(own, requester),
        or_(TaskRow.claimed_by.is_(None), TaskRow.claimed_by == own.human),
        or_(
            _asked(own),
            *(and_(_asked(right), _of_others(right, requester)) for right in reader.lent),
        ),
    )


def _of_others(right: Right, requester: ColumnElement[str]) -> ColumnElement[bool]:
    """Neither who asks for the run, nor who wrote a part of what it does, where that matters."""
    never = list(right.never_for)
    return or_(not_(TaskRow.four_eyes), and_(requester.not_in(never), not_(TaskRow.editors.overlap(never))))
