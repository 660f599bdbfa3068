"""The form of a stage, resolved for somebody who may decide: what they fill in with their decision."""

from daytwo_actions.form import asked_options, resolve_asked
from daytwo_api.asker import Asker
from daytwo_api.services.actions import form_view
from daytwo_api.services.voters import reader_of, voter_of
from daytwo_api.views.actions import FormView, OptionsView, OptionView
from daytwo_api.views.approvals import StageFormRequest, StageOptionsRequest
from daytwo_store import approval_pages, approvals
from daytwo_store.errors import Conflict
from daytwo_store.ids import ApprovalId
from daytwo_store.states import ApprovalState
from daytwo_store.tables import RunRow
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.filling import Ground, ground, must_have_a_voice


class StageForms:
    def __init__(self, life: Life) -> None:
        self._life = life

    async def form(self, by: Asker, approval: str, asked: StageFormRequest) -> FormView:
        here, run = await self._opened(by, approval)
        resolved = await resolve_asked(here.form, context=here.context, answers=asked.answers, sources=here.sources)
        return form_view(here.version, run.entity, resolved)

    async def options(self, by: Asker, approval: str, field: str, asked: StageOptionsRequest) -> OptionsView:
        here, _ = await self._opened(by, approval)
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

    async def _opened(self, by: Asker, approval: str) -> tuple[Ground, RunRow]:
        """Raises `NotFound`, the same for what may not be seen; `Forbidden` for who may not decide; `Conflict`."""
        async with self._life.store.read() as session:
            there = await approvals.get(session, ApprovalId(approval))
            who = await voter_of(self._life.store, session, by, [there] if there else [])
            row, run = await approval_pages.get_visible(session, ApprovalId(approval), reader=reader_of(who))
            if row.state != ApprovalState.PENDING:
                raise Conflict(f"This approval is {row.state}: nothing is filled in any more. Nothing was changed.")
            await must_have_a_voice(self._life, session, row, run, by.principal)
            return await ground(self._life, session, row, run, by.principal), run
