"""RunAction: drives one run. The database decides what is next; this only does it, waits, and asks again.

Deterministic: no clock, no network, no settings. Its whole memory is the id of the run, so it can be started again at
any time, and a change of what steps can do never changes it (how to change it safely: workflows/README.md).
"""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from daytwo_workflows.activities import Activities
    from daytwo_workflows.contracts import POKE_SIGNAL, RUN_WORKFLOW, AttemptInput, Move, RunInput, What
    from daytwo_workflows.policies import LONG, SHORT

_QUIET_EVENTS = 2000  # a history this long is begun anew


@workflow.defn(name=RUN_WORKFLOW)
class RunAction:
    """One workflow per run, called run-<id>."""

    def __init__(self) -> None:
        self._poked = False

    @workflow.signal(name=POKE_SIGNAL)
    def look_again(self) -> None:
        """Something about the run has changed. Says nothing about what: a forged one does nothing."""
        self._poked = True

    @workflow.run
    async def run(self, given: RunInput) -> None:
        move = await self._ask(given)
        while move.what is not What.END:
            if move.what is What.WAIT:
                await self._wait(move)
                if workflow.info().get_current_history_length() > _QUIET_EVENTS:
                    workflow.continue_as_new(given)
                move = await self._ask(given)
            else:
                move = await self._act(given, move)

    async def _ask(self, given: RunInput) -> Move:
        self._poked = False
        return await workflow.execute_local_activity_method(Activities.advance, given, **SHORT)

    async def _wait(self, move: Move) -> None:
        timeout = None if move.seconds is None else timedelta(seconds=move.seconds)
        try:
            await workflow.wait_condition(lambda: self._poked, timeout=timeout)
        except TimeoutError:
            return

    async def _act(self, given: RunInput, move: Move) -> Move:
        about = AttemptInput(run=given.run, path=move.path, attempt=move.attempt)
        match move.what:
            case What.DISPATCH:
                return await workflow.execute_local_activity_method(Activities.dispatch, about, **SHORT)
            case What.RECONCILE:
                return await workflow.execute_activity_method(Activities.reconcile, about, **LONG)
            case What.READ:
                return await workflow.execute_local_activity_method(Activities.read, about, **SHORT)
            case What.COLLECT:
                return await workflow.execute_activity_method(Activities.collect, about, **LONG)
            case What.CANCEL:
                return await workflow.execute_local_activity_method(Activities.cancel, about, **SHORT)
            case What.ACT | What.LOOK:
                return await workflow.execute_local_activity_method(Activities.act, about, **SHORT)
            case What.FORCE_CANCEL:
                return await workflow.execute_local_activity_method(Activities.force_cancel, about, **SHORT)
            case _:
                raise AssertionError(f"{move.what} is not something to do")
