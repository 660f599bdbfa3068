"""One worker: its workflows, activities and limits."""

from datetime import timedelta

from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker, WorkflowRunner

from daytwo_workflows.activities import Activities
from daytwo_workflows.contracts import STICKY_TIMEOUT, TASK_QUEUE
from daytwo_workflows.life.context import Life
from daytwo_workflows.policies import BEAT
from daytwo_workflows.run_action import RunAction
from daytwo_workflows.watch_connection import WatchConnection


def create_worker(
    client: Client, life: Life, *, task_queue: str = TASK_QUEUE, runner: WorkflowRunner | None = None
) -> Worker:
    """A worker on this client.

    Outside tests the workflows run unsandboxed: the sandbox imports our modules anew for every run (4–5 ms each), and
    what it guards against is checked by tests/workflows with the sandbox on.
    """
    activities = Activities(life)
    return Worker(
        client,
        task_queue=task_queue,
        workflows=[RunAction, WatchConnection],
        activities=[
            activities.advance,
            activities.dispatch,
            activities.reconcile,
            activities.read,
            activities.collect,
            activities.cancel,
            activities.act,
            activities.force_cancel,
            activities.watch,
        ],
        workflow_runner=runner or UnsandboxedWorkflowRunner(),
        max_heartbeat_throttle_interval=BEAT,
        max_cached_workflows=2000,
        max_concurrent_workflow_tasks=100,
        # One connection that hangs must not take the places of all other runs. Waiting costs next to nothing here:
        # what is bounded is the work itself, by each backend's threads and by the pool of the database.
        max_concurrent_local_activities=200,
        max_concurrent_activities=100,
        max_concurrent_workflow_task_polls=5,
        sticky_queue_schedule_to_start_timeout=STICKY_TIMEOUT,
        graceful_shutdown_timeout=timedelta(seconds=20),
    )
