"""The only door that others use to Temporal: "look at this run". Everything else is in the database."""

from collections.abc import Sequence
from datetime import timedelta

import structlog
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.service import RPCError, RPCStatusCode

from daytwo_store.ids import RunId
from daytwo_workflows.contracts import (
    POKE_SIGNAL,
    RUN_WORKFLOW,
    TASK_QUEUE,
    WATCH_WORKFLOW,
    RunInput,
    WatchInput,
    run_workflow_id,
    watch_workflow_id,
)

log = structlog.get_logger()
_RPC = timedelta(seconds=5)


async def connected(address: str, namespace: str) -> "Driver | None":
    """A driver for who asks once; None when Temporal does not answer."""
    try:
        return Driver(await Client.connect(address, namespace=namespace))
    except (RPCError, RuntimeError, OSError) as error:
        log.warning("temporal.unreachable", error=type(error).__name__)
        return None


class Driver:
    """Tells Temporal to look at runs. Starting and poking are one call, safe to repeat."""

    def __init__(self, client: Client, task_queue: str = TASK_QUEUE) -> None:
        self._client = client
        self._queue = task_queue

    async def drive(self, run: RunId) -> bool:
        """Start the run's workflow, or make the one that there is look again. False when Temporal does not answer."""
        try:
            await self._client.start_workflow(
                RUN_WORKFLOW,
                RunInput(run=run),
                id=run_workflow_id(run),
                task_queue=self._queue,
                start_signal=POKE_SIGNAL,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,  # one that died is started again
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                rpc_timeout=_RPC,
            )
        except (RPCError, OSError, RuntimeError) as error:
            log.warning("temporal.unreachable", run=run, error=type(error).__name__)
            return False
        return True

    async def watch(self, connections: Sequence[str]) -> bool:
        """Make sure that each connection has its one poller."""
        try:
            for connection in connections:
                await self._client.start_workflow(
                    WATCH_WORKFLOW,
                    WatchInput(connection=connection),
                    id=watch_workflow_id(connection),
                    task_queue=self._queue,
                    id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                    rpc_timeout=_RPC,
                )
        except (RPCError, OSError, RuntimeError) as error:
            log.warning("temporal.unreachable", error=type(error).__name__)
            return False
        return True

    async def has_workflow(self, run: RunId) -> bool | None:
        """Is there an open workflow of this run? None when Temporal does not answer."""
        try:
            found = await self._client.get_workflow_handle(run_workflow_id(run)).describe(rpc_timeout=_RPC)
        except RPCError as error:
            return False if error.status is RPCStatusCode.NOT_FOUND else None
        except (OSError, RuntimeError):
            return None
        return found.status is WorkflowExecutionStatus.RUNNING

    async def alive(self) -> bool:
        """Does Temporal answer?"""
        try:
            return await self._client.service_client.check_health(timeout=_RPC)
        except (RPCError, OSError, RuntimeError):
            return False
