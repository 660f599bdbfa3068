"""What is temporary: who may give it back or extend it, then the life of the run does it."""

from daytwo_api.asker import Asker
from daytwo_api.services.control import Control
from daytwo_api.services.runs import Runs
from daytwo_api.views.lasting import AskToExtendRequest, ExtendRequest, GiveBackRequest
from daytwo_api.views.runs import RunView
from daytwo_store.engine import Store
from daytwo_store.ids import RunId
from daytwo_workflows.life import lasting


class LastingService:
    def __init__(self, store: Store, control: Control, runs: Runs) -> None:
        self._store = store
        self._control = control
        self._runs = runs

    async def give_back(self, by: Asker, run: str, step: str, asked: GiveBackRequest) -> RunView:
        await self._control.must_be_allowed(by, run)
        await lasting.give_back(self._store, RunId(run), step, by=by.principal, reason=asked.reason)
        return await self._runs.get(by, run)

    async def extend(self, by: Asker, run: str, step: str, asked: ExtendRequest) -> RunView:
        """Raises `NotFound` for a run that may not be seen."""
        await self._runs.get(by, run)
        await lasting.extend(
            self._store,
            RunId(run),
            step,
            until=asked.until,
            by=by.principal,
            person=by.ref,
            comment=asked.comment,
        )
        return await self._runs.get(by, run)

    async def ask_to_extend(self, by: Asker, run: str, step: str, asked: AskToExtendRequest) -> RunView:
        """Whoever may stop the run may ask; those whom the plan names decide. Raises `NotFound`, `Forbidden`."""
        await self._control.must_be_allowed(by, run)
        await lasting.ask_to_extend(self._store, RunId(run), step, until=asked.until, by=by.principal)
        return await self._runs.get(by, run)
