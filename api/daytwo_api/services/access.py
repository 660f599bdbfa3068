"""May I do this to that, and if not, why not: asked of the same functions that refuse it."""

from daytwo_actions.roles import Permission
from daytwo_api.asker import Asker
from daytwo_api.services.actions import Actions
from daytwo_api.services.approvals import Approvals
from daytwo_api.services.freezes import Freezes
from daytwo_api.services.identity import Identity
from daytwo_api.services.locks import Locks
from daytwo_api.services.runs import Runs
from daytwo_api.views.access import DO_TO_RUN, MayRequest
from daytwo_api.views.common import Permitted
from daytwo_store.errors import Rejected


class Access:
    def __init__(
        self,
        identity: Identity,
        actions: Actions,
        runs: Runs,
        approvals: Approvals,
        locks: Locks,
        freezes: Freezes,
    ) -> None:
        self._identity = identity
        self._actions = actions
        self._runs = runs
        self._approvals = approvals
        self._locks = locks
        self._freezes = freezes

    async def may(self, by: Asker, asked: MayRequest) -> Permitted:
        """Raises `NotFound` for what may not be seen, as every other route does."""
        permission = asked.permission
        answer = await self._identity.may(by, permission)
        if not answer.allowed:
            return Permitted(allowed=False, why_not=answer.why_not)
        if asked.do in DO_TO_RUN:
            if asked.run is None:
                raise Rejected(f"To {asked.do} is about a run: say which one in `run`.")
            found: Permitted = getattr((await self._runs.get(by, asked.run)).may, asked.do)
            return found
        if asked.do == "decide" and asked.approval is not None:
            return (await self._approvals.get(by, asked.approval)).may_decide
        if permission is Permission.LOCKS_FORCE and asked.lock is not None:
            return (await self._locks.get(by, asked.lock)).may_release
        if permission is Permission.STOP_GLOBAL:
            return await self._freezes.may_lift(by)
        if permission is Permission.FREEZES_MANAGE and asked.freeze is not None:
            return await self._freezes.may_change(by, asked.freeze)
        if permission is Permission.RUN and asked.action is not None:
            return (await self._actions.get(by, asked.action, entity=asked.entity)).may_run
        return Permitted(allowed=True)
