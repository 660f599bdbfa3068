"""What people do in the middle of a run."""

from daytwo_actions.form import asked_options, resolve_asked
from daytwo_api.asker import Asker
from daytwo_api.services import task_views
from daytwo_api.services.actions import form_view
from daytwo_api.services.gather import gather
from daytwo_api.services.onlooking import onlooker
from daytwo_api.services.veil import veiled
from daytwo_api.services.voters import reader_of, voter_for, voter_of
from daytwo_api.views.actions import FormView, OptionsView, OptionView
from daytwo_api.views.approvals import StageFormRequest, StageOptionsRequest
from daytwo_api.views.common import Page
from daytwo_api.views.tasks import (
    ClaimRequest,
    CompleteAnswer,
    CompleteRequest,
    FailRequest,
    HandOverRequest,
    TaskSummary,
    TaskView,
)
from daytwo_store import cursors, task_pages, tasks
from daytwo_store.engine import Session
from daytwo_store.errors import Conflict
from daytwo_store.ids import Digest, TaskId
from daytwo_store.states import TaskState
from daytwo_store.tables import RunRow, TaskRow
from daytwo_store.task_pages import TaskFilter
from daytwo_workflows.life import doing
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.doing import Done
from daytwo_workflows.life.filling import Ground


class Tasks:
    def __init__(self, life: Life) -> None:
        self._life = life
        self._store = life.store

    async def list(
        self, by: Asker, *, mine: bool, state: TaskState | None, cursor: str | None, limit: int
    ) -> Page[TaskSummary]:
        after = cursors.moment(cursor) if cursor else None
        wanted = TaskFilter(state=TaskState.OPEN if mine and state is None else state, mine=mine)
        async with self._store.read() as session:
            who = await voter_of(self._store, session, by)
            found = await task_pages.page(session, wanted, reader=reader_of(who), after=after, limit=limit + 1)
            shown = found[:limit]
            people = [row.settled_by for row, _ in shown if row.settled_by is not None]
            known = await gather(session, [run for _, run in shown], people=people, voter=who, onlooker=onlooker(by))
            now = await self._store.clock.now(session)
            items = [await veiled(session, by, task_views.summary(row, run, known, now)) for row, run in shown]
        more = len(found) > limit
        next_cursor = cursors.make(shown[-1][0].due_at.isoformat(), shown[-1][0].id) if more else None
        return Page(items=items, next_cursor=next_cursor)

    async def get(self, by: Asker, task: str) -> TaskView:
        async with self._store.read() as session:
            row, run = await self._seen(session, by, task)
            who = await voter_for(self._store, session, by, row.needed_from)
            people = [row.settled_by] if row.settled_by is not None else []
            known = await gather(session, [run], people=people, voter=who, onlooker=onlooker(by))
            version = await self._life.definitions.of_run(session, Digest(run.version))
            now = await self._store.clock.now(session)
            return await veiled(session, by, task_views.whole(row, run, known, now, version))

    async def claim(self, by: Asker, task: str, asked: ClaimRequest) -> TaskView:
        await self._must_see(by, task)
        await doing.claim(self._life, TaskId(task), by=by.principal, over=asked.over)
        return await self.get(by, task)

    async def hand_over(self, by: Asker, task: str, asked: HandOverRequest) -> TaskView:
        await self._must_see(by, task)
        await doing.hand_over(self._life, TaskId(task), by=by.principal, to=asked.to)
        return await self.get(by, task)

    async def form(self, by: Asker, task: str, asked: StageFormRequest) -> FormView:
        here, run = await self._opened(by, task)
        resolved = await resolve_asked(here.form, context=here.context, answers=asked.answers, sources=here.sources)
        return form_view(here.version, run.entity, resolved)

    async def options(self, by: Asker, task: str, field: str, asked: StageOptionsRequest) -> OptionsView:
        here, _ = await self._opened(by, task)
        page = await asked_options(
            here.form,
            field,
            context=here.context,
            answers=asked.answers,
            sources=here.sources,
            search=asked.search,
            cursor=asked.cursor,
        )
        return OptionsView(
            options=[OptionView(value=one.value, title=one.title, detail=one.detail) for one in page.options],
            next_cursor=page.next_cursor,
        )

    async def complete(self, by: Asker, task: str, asked: CompleteRequest) -> CompleteAnswer:
        await self._must_see(by, task)
        done = Done(task=TaskId(task), by=by.principal, answers=asked.answers, words=asked.words)
        repeated = await doing.complete(self._life, done)
        return CompleteAnswer(task=await self.get(by, task), repeated=repeated)

    async def fail(self, by: Asker, task: str, asked: FailRequest) -> TaskView:
        await self._must_see(by, task)
        await doing.give_up(self._life, TaskId(task), by=by.principal, words=asked.words)
        return await self.get(by, task)

    async def _opened(self, by: Asker, task: str) -> tuple[Ground, RunRow]:
        """Raises `NotFound`, the same for what may not be seen; `Forbidden` for who may not do it; `Conflict`."""
        async with self._store.read() as session:
            row, run = await self._seen(session, by, task)
            if row.state != TaskState.OPEN:
                raise Conflict(f"This is {row.state}: nothing is filled in any more. Nothing was changed.")
            return await doing.ground(self._life, session, row, run, by.principal), run

    async def _must_see(self, by: Asker, task: str) -> None:
        async with self._store.read() as session:
            await self._seen(session, by, task)

    async def _seen(self, session: Session, by: Asker, task: str) -> tuple[TaskRow, RunRow]:
        """Who may not see it gets the same answer as for one that does not exist."""
        there = await tasks.get(session, TaskId(task))
        who = await voter_for(self._store, session, by, there.needed_from if there is not None else [])
        return await task_pages.get_visible(session, TaskId(task), reader=reader_of(who))
