"""Stop, terminate, suspend, resume, set, retry, resubmit."""

from daytwo_standins.argo.calls import Call, Handler, Operation
from daytwo_standins.argo.config import Permission
from daytwo_standins.argo.controlling import carry_out
from daytwo_standins.argo.creating import again_as_new, create
from daytwo_standins.argo.interpreter.phases import WorkflowPhase
from daytwo_standins.argo.problems import invalid
from daytwo_standins.argo.routes.workflows import shown
from daytwo_standins.shared.answers import Answer

_ONE = "/api/v1/workflows/{namespace}/{name}"
_VERBS = ("stop", "terminate", "suspend", "resume", "set")


def _controls(verb: str) -> Handler:
    async def handler(call: Call) -> Answer:
        await carry_out(call.standin.engine, call.run, verb, call.body())
        return Answer(data=shown(call, call.run))

    return handler


async def retry(call: Call) -> Answer:
    """Let a failed workflow go on; it stays the same object."""
    run, told = call.run, call.body()
    if told.get("restartSuccessful") or told.get("parameters"):
        raise invalid("the stand-in retries what failed only: no restartSuccessful, no other parameters")
    if run.state.phase not in {WorkflowPhase.FAILED, WorkflowPhase.ERROR}:
        raise invalid("workflow must be Failed/Error to retry")
    await call.standin.engine.retry(run, call.token.login)
    return Answer(data=shown(call, run))


async def resubmit(call: Call) -> Answer:
    """Create another workflow like this one."""
    if call.body().get("parameters"):
        raise invalid("the stand-in resubmits with the same parameters only")
    return Answer(data=shown(call, await create(call, again_as_new(call.run))))


OPERATIONS = (
    *(
        Operation(
            name=verb,
            method="PUT",
            path=f"{_ONE}/{verb}",
            handler=_controls(verb),
            permission=Permission.CONTROL,
            verb="update",
        )
        for verb in _VERBS
    ),
    Operation(
        name="retry", method="PUT", path=f"{_ONE}/retry", handler=retry, permission=Permission.CONTROL, verb="update"
    ),
    Operation(
        name="resubmit",
        method="PUT",
        path=f"{_ONE}/resubmit",
        handler=resubmit,
        permission=Permission.CREATE,
        verb="create",
    ),
)
