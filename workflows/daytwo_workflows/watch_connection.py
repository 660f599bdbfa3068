"""WatchConnection: one per connection, holds its one poller, for ever (design §6 "Following")."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from daytwo_workflows.activities import Activities
    from daytwo_workflows.contracts import WATCH_WORKFLOW, WatchInput
    from daytwo_workflows.policies import WATCH


@workflow.defn(name=WATCH_WORKFLOW)
class WatchConnection:
    @workflow.run
    async def run(self, given: WatchInput) -> None:
        await workflow.execute_activity_method(Activities.watch, given, **WATCH)
        workflow.continue_as_new(given)
