"""What a sealed plan leaves open, for whoever decides: each hole, what it can become, and its bytes once filled."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from daytwo_actions.backends.failures import BackendDenied
from daytwo_actions.definitions.steps.kinds import KINDS
from daytwo_actions.marker import corr
from daytwo_actions.plan.holes import Answers, filled_inputs, fits, sources_of, waits_for
from daytwo_actions.plan.model import Plan
from daytwo_actions.plan.step_program import APPROVALS, INPUT
from daytwo_actions.plan.steps import Planned, PlannedStep
from daytwo_store import approvals, attempts, runs
from daytwo_store.engine import Session
from daytwo_store.errors import Rejected
from daytwo_store.ids import AttemptNo, RunId, StepPath
from daytwo_store.tables import ApprovalRow, AttemptRow, RunRow, StepRow
from daytwo_workflows.life import standing
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.filling import answers_of, answers_to
from daytwo_workflows.life.http_act import call_of

Json = Mapping[str, JsonValue]


@dataclass(frozen=True, kw_only=True, slots=True)
class Hole:
    name: str
    written: JsonValue  # the template, as the action has it
    sources: Mapping[str, Json | None]  # JSON Schema of what fills it, by dotted name; None: anything
    given: Json  # what else it names, and its value
    filled: bool
    value: JsonValue = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Bytes:
    """`attempt`: which one it is; None: it is not sealed yet, and this is what it will be."""

    attempt: int | None
    method: str
    path: str
    headers: Json
    body: str
    digest: str


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenRequest:
    """A step with holes. `sent`: its bytes when all are filled; `why_not`: why none can be made of what there is."""

    step: str
    uses: str
    holes: list[Hole]
    sent: Bytes | None
    why_not: str | None = None


async def open_requests(life: Life, session: Session, row: ApprovalRow, run: RunRow) -> list[OpenRequest]:
    plan = Plan.model_validate_json(row.document)
    opened = {step.path: names for step in plan.steps if step.runs and (names := _open(step))}
    if not opened:
        return []
    stages = (await approvals.stages(session, [row]))[row.id]
    answers = await (answers_of(session, RunId(run.id)) if row.path else answers_to(session, stages))
    goes_on = standing.plan_in(row).canonical() == run.plan  # else what became of the run is about another plan
    rows = {one.path: one for one in await runs.steps(session, RunId(run.id))} if goes_on else {}
    found = []
    for step in plan.steps:
        if step.path not in opened:
            continue
        tries = await attempts.of_step(session, RunId(run.id), StepPath(step.path)) if goes_on else []
        begun = rows.get(step.path)
        values, why = _values(plan, step, begun, answers)
        sent, why_not = _bytes(life, plan, step, begun, tries[-1] if tries else None, values, complete=why is None)
        holes = [_hole(plan, step, name, values) for name in opened[step.path]]
        found.append(OpenRequest(step=step.path, uses=step.uses, holes=holes, sent=sent, why_not=why or why_not))
    return found


def _open(step: Planned) -> list[str]:
    """Names of its holes, without what is worked out again and again while it goes on."""
    if isinstance(step, PlannedStep):
        return [*step.holes, *(key.removeprefix(INPUT) for key in step.late)]
    kind = KINDS[step.kind]
    return [key for key in step.late if key not in kind.kept or key in kind.once_below]


def _values(
    plan: Plan, step: Planned, begun: StepRow | None, answers: Answers
) -> tuple[dict[str, JsonValue], str | None]:
    """What is known of its holes, and what speaks against it. An empty text: some are not filled yet."""
    given = begun.given if begun is not None and begun.given else plan.filled if plan.at == step.path else {}
    found = {key.removeprefix(INPUT): value for key, value in given.items() if key in step.late}
    if isinstance(step, PlannedStep) and step.holes:
        if not waits_for(plan, step) <= answers.keys():
            return found, ""
        try:
            if (why := fits(plan, answers)) is not None:
                return found, f"What was filled in is not what the plan leaves room for: {why}."
            inputs = filled_inputs(plan, step, answers)
        except Rejected as error:
            return found, error.detail
        found = {**found, **{name: inputs[name] for name in step.holes}}
    return found, None if set(_open(step)) <= found.keys() else ""


def _bytes(
    life: Life,
    plan: Plan,
    step: Planned,
    begun: StepRow | None,
    attempt: AttemptRow | None,
    values: Json,
    *,
    complete: bool,
) -> tuple[Bytes | None, str | None]:
    if attempt is not None:
        return _sealed(attempt), None
    if not complete:
        return None, None
    try:
        return _made(life, plan, step, begun, values), None
    except (Rejected, BackendDenied) as error:
        return None, error.detail


def _made(life: Life, plan: Plan, step: Planned, begun: StepRow | None, values: Json) -> Bytes | None:
    """What would be sent first. Raises `Rejected`, `BackendDenied`."""
    if isinstance(step, PlannedStep):
        marker = corr(life.marker_key, RunId(plan.run), StepPath(step.path), AttemptNo(1))
        inputs = {**step.inputs, **values, **life.handed(step.uses, marker)}
        made = life.backend(step.uses).freeze(step.pin(), inputs, marker)
        sent: tuple[str, str, Json, bytes] = (made.method, made.path, {}, made.body)
        digest = made.digest
    elif step.kind == "http" and begun is not None and begun.given:
        call, digest = call_of(life, RunId(plan.run), begun)
        sent = (call.method, call.path, dict[str, JsonValue](call.headers), call.body or b"")
    else:
        return None
    method, path, headers, body = sent
    return Bytes(attempt=None, method=method, path=path, headers=headers, body=body.decode(), digest=digest)


def _sealed(attempt: AttemptRow) -> Bytes:
    headers = attempt.request.get("headers")
    return Bytes(
        attempt=attempt.no,
        method=str(attempt.request["method"]),
        path=str(attempt.request["path"]),
        headers=headers if isinstance(headers, dict) else {},
        body=attempt.body.decode(),
        digest=attempt.digest,
    )


def _hole(plan: Plan, step: Planned, name: str, values: Json) -> Hole:
    hole = step.holes.get(name) if isinstance(step, PlannedStep) else None
    key = f"{INPUT}{name}" if isinstance(step, PlannedStep) else name
    written = hole.value if hole is not None else step.late[key]
    return Hole(
        name=name,
        written=written,
        sources={source: _schema(plan, source) for source in sources_of(written)},
        given=hole.given if hole is not None else {},
        filled=name in values,
        value=values.get(name),
    )


def _schema(plan: Plan, source: str) -> Json | None:
    """What `approvals.change.ticket` or `steps.build.outputs.image` can be."""
    parts = source.split(".")
    if parts[0] == APPROVALS:
        return plan.asks.get(parts[1], {}).get(parts[2]) if len(parts) > 2 else None
    if len(parts) > 3 and parts[2] == "outputs":
        found = next((one.outputs.get(parts[3]) for one in plan.steps if one.path == parts[1]), None)
        return found if isinstance(found, dict) else None
    return None
