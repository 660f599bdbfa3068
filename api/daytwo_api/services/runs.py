"""Reading runs. Everything comes from the database; neither Temporal nor the CI is asked by a reader."""

from collections.abc import AsyncIterator, Mapping

from fastapi.responses import StreamingResponse

from daytwo_actions.backends.base import Traits
from daytwo_actions.plan.model import Plan
from daytwo_api.asker import Asker
from daytwo_api.services import lock_views, run_views
from daytwo_api.services.changes import made
from daytwo_api.services.gather import gather
from daytwo_api.services.onlooking import onlooker
from daytwo_api.services.run_rows import Rows
from daytwo_api.services.veil import veiled
from daytwo_api.services.voters import voter_for
from daytwo_api.views.common import Page
from daytwo_api.views.runs import LogBatch, LogGap, LogLine, RunSummary, RunView
from daytwo_store import (
    approvals,
    attempts,
    cursors,
    entities,
    findings,
    freeze_exceptions,
    gates,
    log_gaps,
    logs,
    messages,
    reviews,
    run_listing,
    runs,
)
from daytwo_store.clock import Clock
from daytwo_store.engine import Session, Store
from daytwo_store.entities import EVERYTHING
from daytwo_store.ids import RunId
from daytwo_store.run_listing import RunFilter
from daytwo_store.run_visibility import among
from daytwo_store.tables import RunRow
from daytwo_workflows.life.resumable import why_not_resumable
from daytwo_workflows.life.steps.called import asked_for
from daytwo_workflows.life.undo import why_not_undoable


class Runs:
    def __init__(self, store: Store, traits: Mapping[str, Traits] | None = None) -> None:
        self._store = store
        self._traits = traits or {}

    async def list(self, by: Asker, wanted: RunFilter, *, cursor: str | None, limit: int) -> Page[RunSummary]:
        before = cursors.moment(cursor) if cursor else None
        async with self._store.read() as session:
            found = await run_listing.page(session, wanted, by=onlooker(by), before=before, limit=limit + 1)
            known = await gather(session, found)
        shown = found[:limit]
        return Page(
            items=[run_views.summary(run, known) for run in shown],
            next_cursor=cursors.make(shown[-1].created_at.isoformat(), shown[-1].id) if len(found) > limit else None,
        )

    async def get(self, by: Asker, run: str) -> RunView:
        async with self._store.read() as session:
            row = await visible(session, by, run)
            rows = await everything(session, by, row, self._traits, self._store.clock)
            entries = {one for asked in rows.approvals for one in asked.needed_from}
            entries |= set(rows.review.needed_from) if rows.review is not None else set()
            who = await voter_for(self._store, session, by, entries)
            known = await gather(session, [row], rows.approvals, rows.speakers, voter=who, onlooker=onlooker(by))
            return await veiled(session, by, run_views.whole(rows, known, by))

    async def logs(
        self, by: Asker, run: str, *, after: int, limit: int, step: str | None, job: str | None, grep: str
    ) -> LogBatch:
        async with self._store.read() as session:
            row = await visible(session, by, run)
            if not grep:
                lines = await logs.read(session, RunId(row.id), after=after, limit=limit, path=step, job=job)
                return LogBatch(lines=[_line(line) for line in lines], next=lines[-1].number if lines else after)
            found = await logs.grep(session, RunId(row.id), grep, after=after, limit=limit, path=step, job=job)
            return LogBatch(
                lines=[_line(line) for line in found],
                next=found[-1].number if len(found) == limit else row.log_lines,
                not_searched=await log_gaps.lines_left_out(session, RunId(row.id), path=step, job=job),
            )

    async def logs_text(
        self, by: Asker, run: str, *, step: str | None = None, job: str | None = None
    ) -> StreamingResponse:
        async with self._store.read() as session:
            row = await visible(session, by, run)

        async def text() -> AsyncIterator[str]:
            async for chunk in logs.stream(self._store, RunId(row.id), path=step, job=job):
                yield chunk + "\n"

        return StreamingResponse(
            text(),
            media_type="text/plain; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{row.id}.log"'},
        )


async def visible(session: Session, by: Asker, run: str) -> RunRow:
    return await runs.get_visible(session, RunId(run), groups=sorted(by.belongs), principal=by.principal)


async def everything(session: Session, by: Asker, row: RunRow, traits: Mapping[str, Traits], clock: Clock) -> Rows:
    """All that a view of one run shows to this asker."""
    run = RunId(row.id)
    entity = await entities.get(session, row.entity, sees=EVERYTHING) if row.entity else None
    error = await logs.line(session, run, row.first_error) if row.first_error else None
    lock = await lock_views.of_run(session, by, row, clock)
    undone_by = await runs.undone_by(session, run)
    resumed_by = await runs.resumed_by(session, run)
    steps = await runs.steps(session, run)
    called = [str(one["run"]) for step in steps for one in asked_for(step) if one.get("run") is not None]
    others = [row.previous_run, row.undo_of, row.rerun_of, row.resume_of, row.lock_lost_to, row.parent_run, *called]
    others += [one.id for one in (undone_by, resumed_by) if one is not None]
    asked = await approvals.of_run(session, run)
    return Rows(
        run=row,
        steps=steps,
        attempts=await attempts.of_run(session, run),
        externals=await attempts.externals_of_run(session, run),
        approvals=asked,
        answers=await gates.of_run(session, run),
        findings=await findings.of_run(session, run),
        exceptions=await freeze_exceptions.with_freezes(session, run),
        review=await reviews.of_run(session, run) if row.break_glass else None,
        unheard=await messages.unheard(session, run),
        traits=traits,
        lock=lock,
        owner=entity.owner if entity else row.owner,
        undone_by=undone_by,
        resumed_by=resumed_by,
        first_error=_line(error) if error else None,
        gaps=[LogGap(first=gap.first, last=gap.last) for gap in await log_gaps.of_run(session, run)],
        undo_refused=await why_not_undoable(session, row, onlooker(by)),
        resume_refused=await why_not_resumable(session, row),
        changes=await made(session, by, row.changes, Plan.model_validate_json(row.plan).catalog) if row.changes else [],
        named=await among(session, others, onlooker(by)),
    )


def _line(line: logs.Line) -> LogLine:
    return LogLine(number=line.number, step=line.path, job=line.job, text=line.text, left_out=line.left_out)
