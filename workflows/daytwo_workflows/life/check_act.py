"""One look of a check: the service is asked, the catalog is read, the expression is worked out."""

from pydantic import JsonValue

from daytwo_actions.backends.wire.answer import Silence
from daytwo_actions.expressions import Evaluator, ExpressionError, parse_template
from daytwo_actions.services.door import ServiceCall
from daytwo_store import runs
from daytwo_store.errors import DaytwoError
from daytwo_store.ids import AttemptNo, RunId, StepPath
from daytwo_store.states import StepState
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.steps.check import looked
from daytwo_workflows.life.steps.scene import Context, context_now

_SECONDS = 20.0


async def act_check(life: Life, run: RunId, path: StepPath, _no: AttemptNo) -> None:
    async with life.store.read() as session:
        row = await runs.peek(session, run)
        steps = await runs.steps(session, run)
        step = next(one for one in steps if one.path == path)
        given = step.given or {}
        context: Context | str
        try:
            context = await context_now(life, session, row, steps)
        except DaytwoError as error:
            context = error.detail
    holds, saw, found = await _look(life, given, context) if not isinstance(context, str) else (False, context, None)
    async with life.store.write() as tx:
        await runs.hold(tx, run)
        again = await runs.step(tx.session, run, path)
        if again.state == StepState.RUNNING and again.due_at == step.due_at:  # nobody else has looked meanwhile
            looked(life, tx, again, holds=holds, saw=saw, found=found)


async def _look(life: Life, given: dict[str, JsonValue], context: Context) -> tuple[bool, str, JsonValue]:
    """Whether it holds, what was seen, and what the service answered. What cannot be worked out does not hold."""
    saw, found = "", None
    get = given.get("get")
    if isinstance(get, dict):
        service = life.services.get(str(get["service"]))
        if service is None:
            return False, f"there is no service {get['service']} in the settings", None
        headers = get.get("headers") or {}
        assert isinstance(headers, dict)
        call = ServiceCall(
            method="GET", path=str(get["path"]), headers={key: str(value) for key, value in headers.items()}
        )
        answer = await service.call(call, seconds=_SECONDS)
        if isinstance(answer, Silence):
            return False, f"{service.name} did not answer: {answer.reason}", None
        context = {**context, "response": answer.seen()}
        saw, found = f"{service.name} answered {answer.status}, and ", answer.body
    try:
        value = Evaluator().evaluate(parse_template(given["until"]), context)
    except ExpressionError as error:
        return False, f"{saw}the condition cannot be worked out: {error.detail}", None
    if not isinstance(value, bool):
        return False, f"{saw}the condition came out as neither true nor false", None
    return value, f"{saw}the condition {'holds' if value else 'does not hold'}", found
