"""Calling a service for an `http` step: seal, claim, send once, write down what came of it, or look what has."""

import hashlib
import hmac
import json
import time
from datetime import datetime, timedelta

from pydantic import JsonValue

from daytwo_actions.backends.failures import BackendDenied, BackendUnreachable
from daytwo_actions.backends.wire.answer import Silence
from daytwo_actions.definitions.steps.common import Effect
from daytwo_actions.expressions import names, parse_template
from daytwo_actions.marker import corr
from daytwo_actions.plan.holes import told_filled
from daytwo_actions.plan.model import Plan
from daytwo_actions.services.door import Service, ServiceAnswer, ServiceCall, digest_of_call
from daytwo_store import attempts, runs
from daytwo_store.attempts import Intent
from daytwo_store.engine import Topic, Tx
from daytwo_store.errors import DaytwoError, Rejected
from daytwo_store.ids import AttemptNo, Digest, RunId, StepPath
from daytwo_store.states import AttemptState, RunState, StepState
from daytwo_store.tables import AttemptRow, RunRow, StepRow
from daytwo_workflows.life.claim_attempt import claim
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.http_claim import claim_again
from daytwo_workflows.life.http_record import AGAIN, Result, done, judged, record, stays_open
from daytwo_workflows.life.sealing import refuse, seal
from daytwo_workflows.life.service_secrets import strangers, with_secrets
from daytwo_workflows.life.steps.failing import fail
from daytwo_workflows.life.steps.http import KEY_RUN, UNKNOWN, effect_of, must_be_safe
from daytwo_workflows.life.steps.scene import Context, context_now


async def act_http(life: Life, run: RunId, path: StepPath, no: AttemptNo) -> None:
    async with life.store.read() as session:
        step = await runs.step(session, run, path)
        known = await attempts.get(session, run, path, no)
    service = life.services.get(str((step.given or {})["service"]))
    if known is not None and known.state in UNKNOWN:
        await _go_on(life, run, step, service, known)
    elif service is None:
        await _broken(
            life, run, path, no, f"There is no service {(step.given or {})['service']} in the settings any more."
        )
    elif effect_of(step) is Effect.READ:
        await _read(life, run, step, service)
    else:
        await _first(life, run, step, service, no)


async def _first(life: Life, run: RunId, step: StepRow, service: Service, no: AttemptNo) -> None:
    async def write(life: Life, tx: Tx, row: RunRow, path: StepPath, no: AttemptNo) -> AttemptRow:
        return await _intent(life, tx, row, path, no, service)

    path = StepPath(step.path)
    try:
        attempt = await seal(life, run, path, no, write=write)
    except BackendUnreachable as error:
        await _later(life, run, path, error)
        return
    except BackendDenied as error:
        await _refuse(life, run, path, no, error.detail)
        return
    if attempt is None:
        return
    call, context = await _ready(life, run, service, _frozen(attempt)), await _context(life, run, step, _expect(step))
    if isinstance(call, Silence):
        await _give_up(life, run, path, no, call.reason)
        return
    deadline = _deadline(life)
    if await claim(life, attempt):
        await _answered(life, run, path, no, await _called(service, call, deadline), context)


async def _go_on(life: Life, run: RunId, step: StepRow, service: Service | None, known: AttemptRow) -> None:
    """It was sent, and nobody knows: the same bytes with the same key, or a look whether it has happened."""
    path, no = StepPath(step.path), AttemptNo(known.no)
    looks = effect_of(step) is Effect.CHECKABLE
    call = await _ready(life, run, service, _probe_of(step, known) if looks else _frozen(known))
    context = await _context(life, run, step, _probe(step)["done"] if looks else _expect(step))
    deadline = _deadline(life)
    if await claim_again(life, run, path, no) is None:
        return
    await (_looked if looks else _answered)(life, run, path, no, await _called(service, call, deadline), context)


async def probed(life: Life, run: RunId, step: StepRow, known: AttemptRow) -> bool | None:
    """Whether the probe says that it has happened; None when that cannot be told. Only looks, and changes nothing."""
    if not isinstance((step.given or {}).get("probe"), dict):
        return None
    service = life.services.get(known.connection)
    says = _probe(step)["done"]
    call, context = await _ready(life, run, service, _probe_of(step, known)), await _context(life, run, step, says)
    answer = await _called(service, call, _deadline(life))
    happened = judged(says, context, answer)
    async with life.store.read() as session:
        now = await life.store.clock.now(session)
    if happened is False:
        return False if _proves(life, now, known, answer) else None
    return happened


def _deadline(life: Life) -> float:
    """In `time.monotonic()`, taken before a claim: nothing leaves later than this, whatever the claim took."""
    return time.monotonic() + life.windows.send_total.total_seconds()


async def _context(life: Life, run: RunId, step: StepRow, text: JsonValue) -> Context | None:
    """What an answer is judged by, read before anything is sent; None where it cannot be read.

    `text` is the expression. One that names nothing but the answer, as most do, needs nothing else.
    """
    try:
        if all(name.parts[0] == "response" for name in names(parse_template(text))):
            return {}
        async with life.store.read() as session:
            row, steps = await runs.peek(session, run), await runs.steps(session, run)
            return await context_now(life, session, row, steps, step)
    except DaytwoError:
        return None


async def _intent(life: Life, tx: Tx, row: RunRow, path: StepPath, no: AttemptNo, service: Service) -> AttemptRow:
    """The frozen call. Secrets stand in it by what stands in for them. Raises `Rejected`."""
    step = await runs.step(tx.session, RunId(row.id), path)
    must_be_safe(step.given or {})
    call, digest = call_of(life, RunId(row.id), step)
    texts = {**call.headers, "": (call.body or b"").decode()}
    if wrong := strangers(life, RunId(row.id), service, texts):
        raise Rejected(f"The secret {wrong[0]} may not be sent to {service.name}.")
    planned = Plan.model_validate_json(row.plan).step(path)
    request: dict[str, JsonValue] = {"kind": "http", "method": call.method, "path": call.path}
    intent = Intent(
        run=RunId(row.id),
        path=path,
        no=no,
        corr=corr(life.marker_key, RunId(row.id), path, no),
        connection=service.name,
        request={**request, "headers": dict(call.headers)},
        body=call.body or b"",
        digest=digest,
        filled=told_filled(planned, {key: (step.given or {}).get(key) for key in planned.late}),
    )
    return await attempts.seal(tx, intent, send_by=life.windows.send_by)


def call_of(life: Life, run: RunId, step: StepRow) -> tuple[ServiceCall, Digest]:
    """What a step that has begun sends, and its digest; with what stands in for secrets."""
    given = step.given or {}
    asked = given.get("headers") or {}
    assert isinstance(asked, dict)
    headers = {key: str(value) for key, value in asked.items()}
    if effect_of(step) is Effect.IDEMPOTENT:
        told = hmac.digest(life.marker_key, f"key {given.get(KEY_RUN, run)} {step.path}".encode(), hashlib.sha256).hex()
        headers[str(given["key"])] = f"daytwo-{told[:32]}"  # the same at every try of the step, also in a resumed run
    body = given.get("body")
    call = ServiceCall(
        method=str(given["method"]),
        path=str(given["path"]),
        headers=headers,
        body=None if body is None else json.dumps(body, ensure_ascii=False).encode(),
    )
    return call, digest_of_call(call)


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


async def _ready(life: Life, run: RunId, service: Service | None, call: ServiceCall) -> ServiceCall | Silence:
    """The call as it leaves. The provider of secrets is asked before the claim, because it may take its time."""
    if service is None:
        return _gone()
    try:
        return await with_secrets(life, run, service, call)
    except DaytwoError as error:
        return Silence(sent=False, reason=error.detail, again=AGAIN)


def _gone() -> Silence:
    return Silence(sent=False, reason="there is no such service in the settings any more", again=AGAIN)


async def _called(service: Service | None, call: ServiceCall | Silence, deadline: float) -> Result:
    if isinstance(call, Silence):
        return call
    if service is None:
        return _gone()
    seconds = deadline - time.monotonic()
    if seconds <= 0:  # this process was paused: what is sent now might be sent after somebody found it absent
        return Silence(sent=False, reason="its time was over before it could be sent", again=1.0)
    return await service.call(call, seconds=seconds)


async def _answered(
    life: Life, run: RunId, path: StepPath, no: AttemptNo, result: Result, context: Context | None
) -> None:
    async with life.store.write() as tx:
        await runs.hold(tx, run)
        row, step = await attempts.get(tx.session, run, path, no), await runs.step(tx.session, run, path)
        if row is not None and row.state in UNKNOWN:
            good = judged(_expect(step), context, result)
            await record(life, tx, step, row, result, good=good, blind=context is None)


def _expect(step: StepRow) -> JsonValue:
    return (step.given or {})["expect"]


def _probe(step: StepRow) -> dict[str, JsonValue]:
    probe = (step.given or {})["probe"]
    assert isinstance(probe, dict)
    return probe


def _probe_of(step: StepRow, attempt: AttemptRow) -> ServiceCall:
    return ServiceCall(method="GET", path=str(_probe(step)["path"]), headers=_frozen(attempt).headers)


async def _looked(
    life: Life, run: RunId, path: StepPath, no: AttemptNo, answer: Result, context: Context | None
) -> None:
    """Has it happened? What cannot be found out stays open."""
    async with life.store.write() as tx:
        await runs.hold(tx, run)
        row, step = await attempts.get(tx.session, run, path, no), await runs.step(tx.session, run, path)
        if row is None or row.state not in UNKNOWN:
            return
        stays_open(tx, row, row.note or "the sender broke off")
        happened = judged(_probe(step)["done"], context, answer)
        if isinstance(answer, ServiceAnswer) and happened is True:
            attempts.settle(tx, row, AttemptState.ACCEPTED, note="the probe says that it has happened")
            await done(life, tx, step, answer)
        elif (
            isinstance(answer, ServiceAnswer)
            and happened is False
            and _tells(answer)
            and _late_enough(life, tx.now, row)
        ):
            attempts.settle(tx, row, AttemptState.ABSENT, note="the probe says that it has not happened")


def _proves(life: Life, now: datetime, attempt: AttemptRow, answer: Result) -> bool:
    """Does an answer by which it has not happened prove that it never will?"""
    return isinstance(answer, ServiceAnswer) and _tells(answer) and _late_enough(life, now, attempt)


def _late_enough(life: Life, now: datetime, attempt: AttemptRow) -> bool:
    """A service may carry out later what it has taken: until that has to be visible, its absence proves nothing."""
    sent = attempt.sent_at or attempt.intent_at
    return now >= sent + life.windows.send_total + life.windows.listing_lag


def _tells(answer: ServiceAnswer) -> bool:
    """Only what was found, or is not there, proves anything: who may not look, or cannot, has not looked."""
    return 200 <= answer.status < 300 or answer.status == 404


async def _read(life: Life, run: RunId, step: StepRow, service: Service) -> None:
    context = await _context(life, run, step, _expect(step))
    call = await _ready(life, run, service, call_of(life, run, step)[0])
    answer = await _called(service, call, _deadline(life))
    async with life.store.write() as tx:
        await runs.hold(tx, run)
        row = await runs.step(tx.session, run, StepPath(step.path))
        if row.state != StepState.RUNNING:
            return
        if isinstance(answer, ServiceAnswer) and judged(_expect(row), context, answer):
            await done(life, tx, row, answer)
            return
        said = answer.reason if isinstance(answer, Silence) else f"answered {answer.status}"
        row.data, row.due_at = {"last": f"{service.name}: {said}"}, tx.now + timedelta(seconds=AGAIN)
        tx.notify(Topic.RUN, run)


async def _give_up(life: Life, run: RunId, path: StepPath, no: AttemptNo, why: str) -> None:
    """Of what was sealed and not claimed. The step says what becomes of it."""
    async with life.store.write() as tx:
        await runs.hold(tx, run)
        attempt = await attempts.get(tx.session, run, path, no)
        if attempt is not None and attempt.state == AttemptState.INTENT:
            attempts.settle(tx, attempt, AttemptState.ABANDONED, note=f"{why} It was not sent.")


async def _refuse(life: Life, run: RunId, path: StepPath, no: AttemptNo, detail: str) -> None:
    """A CI system says no to what is planned: nothing of this step is sent."""
    async with life.store.write() as tx:
        row = await runs.hold(tx, run)
        if await attempts.get(tx.session, run, path, no) is not None:
            return
        if row.state == RunState.RUNNING and row.cancel_at is None:
            await refuse(tx, row, path, detail)


async def _later(life: Life, run: RunId, path: StepPath, error: BackendUnreachable) -> None:
    """A CI system does not answer, and the plan cannot be looked at again without it: so wait."""
    seconds = error.retry_after or life.windows.poll_every.total_seconds()
    async with life.store.write() as tx:
        row, step = await runs.hold(tx, run), await runs.step(tx.session, run, path)
        if row.state == RunState.RUNNING and step.state == StepState.RUNNING:
            step.note = row.reason = f"{error.detail} {path} was not sent yet; it is tried again by itself."
            step.due_at = tx.now + timedelta(seconds=seconds)
            tx.notify(Topic.RUN, run)


async def _broken(life: Life, run: RunId, path: StepPath, no: AttemptNo, why: str) -> None:
    await _give_up(life, run, path, no, why)
    async with life.store.write() as tx:
        await runs.hold(tx, run)
        step = await runs.step(tx.session, run, path)
        attempt = await attempts.get(tx.session, run, path, no)
        sent = attempt is not None and attempt.state in UNKNOWN
        if step.state == StepState.RUNNING and not sent:
            fail(tx, step, f"{why} {path} was not sent.")
