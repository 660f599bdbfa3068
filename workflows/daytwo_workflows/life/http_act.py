"""Calling a service for an `http` step: seal, claim, send once, write down what came of it, or look what has."""

import hashlib
import hmac
import json
from datetime import timedelta
from typing import Final

from pydantic import JsonValue

from daytwo_actions.backends.wire.answer import Silence
from daytwo_actions.definitions.steps.common import Effect
from daytwo_actions.expressions import Evaluator, ExpressionError, parse_template
from daytwo_actions.marker import corr
from daytwo_actions.outputs import checked
from daytwo_actions.services.door import Service, ServiceAnswer, ServiceCall, digest_of_call
from daytwo_store import attempts, outputs, runs
from daytwo_store.attempts import Intent
from daytwo_store.engine import Topic, Tx
from daytwo_store.errors import DaytwoError, Rejected
from daytwo_store.ids import AttemptNo, RunId, StepPath
from daytwo_store.outputs import OutputsSource
from daytwo_store.states import AttemptState, StepState
from daytwo_store.tables import AttemptRow, RunRow, StepRow
from daytwo_workflows.life.claim_attempt import claim
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.sealing import seal
from daytwo_workflows.life.service_secrets import strangers, with_secrets
from daytwo_workflows.life.steps.begin import context_now
from daytwo_workflows.life.steps.failing import fail
from daytwo_workflows.life.steps.http import effect_of
from daytwo_workflows.life.steps.results import faults

Result = ServiceAnswer | Silence
_AGAIN: Final = 15.0  # seconds before asking again when nothing says how long
_UNKNOWN: Final = (AttemptState.SENT, AttemptState.AMBIGUOUS)


async def act_http(life: Life, run: RunId, path: StepPath, no: AttemptNo) -> None:
    async with life.store.read() as session:
        step = await runs.step(session, run, path)
        known = await attempts.get(session, run, path, no)
    service = life.services.get(str((step.given or {})["service"]))
    if service is None:
        await _broken(life, run, path, f"There is no service {(step.given or {})['service']} in the settings any more.")
    elif effect_of(step) is Effect.READ:
        await _read(life, run, step, service)
    elif known is not None and known.state in _UNKNOWN:
        await (_probe if effect_of(step) is Effect.CHECKABLE else _repeat)(life, run, step, service, known)
    else:
        await _first(life, run, step, service, no)


async def _first(life: Life, run: RunId, step: StepRow, service: Service, no: AttemptNo) -> None:
    async def write(life: Life, tx: Tx, row: RunRow, path: StepPath, no: AttemptNo) -> AttemptRow:
        return await _intent(life, tx, row, path, no, service)

    path = StepPath(step.path)
    attempt = await seal(life, run, path, no, write=write)
    if attempt is None or not await claim(life, run, path, no):
        return
    await _send(life, run, step, service, attempt)


async def _intent(life: Life, tx: Tx, row: RunRow, path: StepPath, no: AttemptNo, service: Service) -> AttemptRow:
    """The frozen call. Secrets stand in it by what stands in for them. Raises `Rejected`."""
    step = await runs.step(tx.session, RunId(row.id), path)
    call = _call(life, RunId(row.id), step)
    texts = {**call.headers, "": (call.body or b"").decode()}
    if wrong := strangers(life, RunId(row.id), service, texts):
        raise Rejected(f"The secret {wrong[0]} may not be sent to {service.name}.")
    request: dict[str, JsonValue] = {"kind": "http", "method": call.method, "path": call.path}
    intent = Intent(
        run=RunId(row.id),
        path=path,
        no=no,
        corr=corr(life.marker_key, RunId(row.id), path, no),
        connection=service.name,
        request={**request, "headers": dict(call.headers)},
        body=call.body or b"",
        digest=digest_of_call(call),
    )
    return await attempts.seal(tx, intent, send_by=life.windows.send_by)


def _call(life: Life, run: RunId, step: StepRow) -> ServiceCall:
    given = step.given or {}
    asked = given.get("headers") or {}
    assert isinstance(asked, dict)
    headers = {key: str(value) for key, value in asked.items()}
    if effect_of(step) is Effect.IDEMPOTENT:
        told = hmac.digest(life.marker_key, f"key {run} {step.path}".encode(), hashlib.sha256).hex()
        headers[str(given["key"])] = f"daytwo-{told[:32]}"  # the same at every try of the step
    body = given.get("body")
    return ServiceCall(
        method=str(given["method"]),
        path=str(given["path"]),
        headers=headers,
        body=None if body is None else json.dumps(body, ensure_ascii=False).encode(),
    )


def _frozen(attempt: AttemptRow) -> ServiceCall:
    request = attempt.request
    headers = request["headers"]
    assert isinstance(headers, dict)
    call = ServiceCall(
        method=str(request["method"]),
        path=str(request["path"]),
        headers={key: str(value) for key, value in headers.items()},
        body=attempt.body or None,
    )
    if digest_of_call(call) != attempt.digest:
        raise AssertionError("the stored bytes are not the sealed ones: nothing is sent")
    return call


async def _send(life: Life, run: RunId, step: StepRow, service: Service, attempt: AttemptRow) -> None:
    result = await _called(life, run, service, _frozen(attempt))
    judged = await _judged(life, run, step, result)
    async with life.store.write() as tx:
        await runs.hold(tx, run)
        row = await attempts.get(tx.session, run, StepPath(step.path), AttemptNo(attempt.no))
        if row is not None and row.state in _UNKNOWN:
            await _record(life, tx, await runs.step(tx.session, run, StepPath(step.path)), row, result, good=judged)


async def _repeat(life: Life, run: RunId, step: StepRow, service: Service, attempt: AttemptRow) -> None:
    """The same bytes with the same key: twice is as once."""
    await _send(life, run, step, service, attempt)


async def _called(life: Life, run: RunId, service: Service, call: ServiceCall) -> Result:
    try:
        whole = await with_secrets(life, run, service, call)
    except DaytwoError as error:
        return Silence(sent=False, reason=error.detail, again=_AGAIN)
    return await service.call(whole, seconds=life.windows.send_total.total_seconds())


async def _judged(life: Life, run: RunId, step: StepRow, result: Result, *, by: str = "expect") -> bool | None:
    """Whether it is as expected; None when that cannot be worked out."""
    if isinstance(result, Silence):
        return None
    given = step.given or {}
    probe = given.get("probe")
    text = given["expect"] if by == "expect" else probe["done"] if isinstance(probe, dict) else None
    async with life.store.read() as session:
        row, steps = await runs.peek(session, run), await runs.steps(session, run)
        try:
            context = await context_now(life, session, row, steps)
            value = Evaluator().evaluate(parse_template(text), {**context, "response": result.seen()})
        except (DaytwoError, ExpressionError):
            return None
    return value if isinstance(value, bool) else None


async def _record(life: Life, tx: Tx, step: StepRow, attempt: AttemptRow, result: Result, *, good: bool | None) -> None:
    if isinstance(result, Silence):
        if result.sent:
            _open(tx, attempt, f"{attempt.connection}: {result.reason}")
        else:
            retry_at = tx.now + timedelta(seconds=result.again or _AGAIN)
            attempts.settle(tx, attempt, AttemptState.REJECTED, note=f"{result.reason}; not sent", retry_at=retry_at)
        return
    said = f"{attempt.connection} answered {result.status}"
    if good is True:
        attempts.settle(tx, attempt, AttemptState.ACCEPTED, note=said)
        await _done(life, tx, step, result)
    elif result.status >= 500 or result.status == 408:
        _open(tx, attempt, said)
    elif result.status == 429:
        retry_at = tx.now + timedelta(seconds=result.retry_after or _AGAIN)
        attempts.settle(tx, attempt, AttemptState.REJECTED, note=f"{said}, asked later", retry_at=retry_at)
    elif result.status >= 300:
        again = await _once_more(tx, step)
        later = tx.now + timedelta(seconds=step.retry_wait) if again else None
        attempts.settle(tx, attempt, AttemptState.REJECTED, note=f"{said}. It was not done.", retry_at=later)
    else:
        attempts.settle(tx, attempt, AttemptState.ACCEPTED, note=said)
        fail(tx, step, f"{said}, and not what the action expects. It was sent; what that did there stays.")


async def _once_more(tx: Tx, step: StepRow) -> bool:
    tries = await attempts.of_step(tx.session, RunId(step.run_id), StepPath(step.path))
    return sum(one.state != AttemptState.ABANDONED for one in tries) < step.tries


def _open(tx: Tx, attempt: AttemptRow, note: str) -> None:
    if attempt.state == AttemptState.SENT:
        attempts.settle(tx, attempt, AttemptState.AMBIGUOUS, note=note)
    else:
        attempt.settled_at, attempt.note = tx.now, note


async def _done(life: Life, tx: Tx, step: StepRow, answer: ServiceAnswer) -> None:
    """Declared results are kept; nothing else of an answer is."""
    if step.results:
        body = answer.body if isinstance(answer.body, dict) else {}
        given = {name: body[name] for name in step.results if name in body}
        try:
            kept = checked(given, secrets=(*life.secrets, *life.source.seen))
        except DaytwoError as refused:
            fail(tx, step, f"It was done, but its results cannot be kept: {refused.detail}")
            return
        outputs.keep(tx, step, kept, OutputsSource.ANSWER)
        if wrong := faults(step):
            fail(tx, step, f"It was done, but was answered with other results than declared: {'; '.join(wrong)}.")
            return
    runs.move_step(tx, step, StepState.SUCCEEDED, note=f"answered {answer.status}")


async def _probe(life: Life, run: RunId, step: StepRow, service: Service, attempt: AttemptRow) -> None:
    """Has it happened? What cannot be found out stays open."""
    probe = (step.given or {})["probe"]
    assert isinstance(probe, dict)
    answer = await _called(life, run, service, ServiceCall(method="GET", path=str(probe["path"])))
    happened = await _judged(life, run, step, answer, by="probe")
    async with life.store.write() as tx:
        await runs.hold(tx, run)
        row = await attempts.get(tx.session, run, StepPath(step.path), AttemptNo(attempt.no))
        if row is None or row.state not in _UNKNOWN:
            return
        _open(tx, row, row.note or "the sender broke off")
        if isinstance(answer, ServiceAnswer) and happened is True:
            attempts.settle(tx, row, AttemptState.ACCEPTED, note="the probe says that it has happened")
            await _done(life, tx, await runs.step(tx.session, run, StepPath(step.path)), answer)
        elif isinstance(answer, ServiceAnswer) and happened is False:
            attempts.settle(tx, row, AttemptState.ABSENT, note="the probe says that it has not happened")


async def _read(life: Life, run: RunId, step: StepRow, service: Service) -> None:
    answer = await _called(life, run, service, _call(life, run, step))
    good = await _judged(life, run, step, answer)
    async with life.store.write() as tx:
        await runs.hold(tx, run)
        row = await runs.step(tx.session, run, StepPath(step.path))
        if row.state != StepState.RUNNING:
            return
        if isinstance(answer, ServiceAnswer) and good:
            await _done(life, tx, row, answer)
            return
        said = answer.reason if isinstance(answer, Silence) else f"answered {answer.status}"
        row.data, row.due_at = {"last": f"{service.name}: {said}"}, tx.now + timedelta(seconds=_AGAIN)
        tx.notify(Topic.RUN, run)


async def _broken(life: Life, run: RunId, path: StepPath, why: str) -> None:
    async with life.store.write() as tx:
        await runs.hold(tx, run)
        step = await runs.step(tx.session, run, path)
        if step.state == StepState.RUNNING:
            fail(tx, step, f"{why} Nothing was sent.")
