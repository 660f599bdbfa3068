"""Reviews of runs that broke the glass."""

from daytwo_actions.voices import Voter
from daytwo_api.asker import Asker
from daytwo_api.services.gather import Known, gather
from daytwo_api.services.review_views import any_review, review_view
from daytwo_api.services.veil import veiled
from daytwo_api.services.voters import voter_for
from daytwo_api.views.common import Page
from daytwo_api.views.reviews import CloseRequest, ReviewView
from daytwo_store import approvals, cursors, reviews
from daytwo_store.engine import Session, Store
from daytwo_store.errors import NotFound
from daytwo_store.ids import RunId
from daytwo_store.tables import ReviewRow, RunRow
from daytwo_workflows.life import break_glass
from daytwo_workflows.life.break_glass import Closing


class Reviews:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def list(self, by: Asker, *, closed: bool | None, cursor: str | None, limit: int) -> Page[ReviewView]:
        after = cursors.moment(cursor) if cursor else None
        async with self._store.read() as session:
            who = await voter_for(self._store, session, by, await reviews.asked_for(session))
            found = await reviews.page(
                session,
                closed=closed,
                groups=sorted(who.own.belongs),
                principal=by.principal,
                after=after,
                limit=limit + 1,
            )
            shown = found[:limit]
            known = await _gather(session, shown, who)
            items = [await veiled(session, by, review_view(row, run, known, by)) for row, run in shown]
        last = shown[-1][0] if len(found) > limit else None
        return Page(
            items=items,
            next_cursor=cursors.make(last.opened_at.isoformat(), last.run_id) if last else None,
        )

    async def get(self, by: Asker, run: str) -> ReviewView:
        """Raises `NotFound`, the same for what does not exist and for what the asker may not see."""
        async with self._store.read() as session:
            there = await reviews.of_run(session, RunId(run))
            who = await voter_for(self._store, session, by, there.needed_from if there else ())
            found = await reviews.get_visible(
                session, RunId(run), groups=sorted(who.own.belongs), principal=by.principal
            )
            if found is None:
                raise NotFound(f"There is no review of run {run}, or you may not see it. Look at the list of reviews.")
            return await veiled(session, by, review_view(*found, await _gather(session, [found], who), by))

    async def close(self, by: Asker, run: str, asked: CloseRequest) -> ReviewView:
        await self.get(by, run)  # who may not see it gets the same answer as for one that does not exist
        await break_glass.close(
            self._store,
            Closing(
                run=RunId(run),
                principal=by.principal,
                words=asked.words,
                any_review=any_review(by),
            ),
        )
        return await self.get(by, run)


async def _gather(session: Session, found: list[tuple[ReviewRow, RunRow]], who: Voter) -> Known:
    asked = [one for _, run in found for one in await approvals.of_run(session, RunId(run.id))]
    closers = [row.closed_by for row, _ in found if row.closed_by]
    return await gather(session, [run for _, run in found], asked, closers, voter=who)
