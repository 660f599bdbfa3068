"""What there is when a test looks, held against what it expects."""

from collections.abc import Iterator, Mapping
from typing import Final

from pydantic import JsonValue

from daytwo_actions.action_tests.model import CatalogState, Expect, Request, Told
from daytwo_actions.definitions import ActionVersion
from daytwo_actions.form import list_options, resolve_form
from daytwo_actions.plan.model import Plan, PlannedApproval, PlannedStage
from daytwo_store import entities, principals
from daytwo_store.entities import EVERYTHING
from daytwo_store.errors import DaytwoError
from daytwo_store.ids import EntityRef
from daytwo_store.notifications import Notice
from daytwo_store.tables import AttemptRow, NotificationRow, RunRow
from daytwo_store.whole_runs import WholeRun
from daytwo_workflows.action_tests.compare import Difference, covered, equal, inside, like
from daytwo_workflows.action_tests.pipelines import inputs_in
from daytwo_workflows.action_tests.scene import Scene
from daytwo_workflows.action_tests.services import body_of
from daytwo_workflows.life.planning import Scene as Around
from daytwo_workflows.life.planning import look, must_be_allowed, must_be_seen
from daytwo_workflows.life.sources import sources

Json = Mapping[str, JsonValue]
_FORM: Final = ("fields", "options", "may_run")


async def before(scene: Scene, expect: Expect, action: str) -> list[Difference]:
    """What can be looked at before anybody has asked: the form, and whether they may."""
    if all(getattr(expect, name) is None for name in _FORM):
        return []
    found: list[Difference] = []
    person = await scene.requester()
    ref = EntityRef(scene.given.entity) if scene.given.entity else None
    async with scene.store.read() as session:
        version = await scene.life.definitions.current(session, action)
        await must_be_seen(session, version, person, ref)
        here = await look(session, version, person, ref)
    if expect.may_run is not None:
        found += equal("expect.may_run", expect.may_run, _allowed(version, here))
    doors = sources(scene.store.read, here.belongs, scene.life.backends)
    answers = scene.given.answers or {}
    if expect.fields is not None:
        form = await resolve_form(version, entity=here.target, user=here.user, answers=answers, sources=doors)
        found += equal("expect.fields", [*expect.fields], [*form.fields])
    for name, wanted in (expect.options or {}).items():
        page = await list_options(version, name, entity=here.target, user=here.user, answers=answers, sources=doors)
        found += equal(f"expect.options.{name}", [*wanted], [one.value for one in page.options])
    return found


def _allowed(version: ActionVersion, here: Around) -> bool:
    try:
        must_be_allowed(version, here)
    except DaytwoError:
        return False
    return True


async def after(scene: Scene, expect: Expect) -> list[Difference]:
    """Everything else."""
    if expect.refused is not None or scene.refused is not None:
        if expect.refused is None:
            return [Difference(at="expect", expected="a run", seen=f"It was refused: {scene.refused}")]
        return inside("expect.refused", expect.refused, scene.refused)
    whole = await scene.whole()
    found = [*_planned(expect, whole.runs[0]), *_ended(expect, whole.runs[0])]
    found += [*_steps(expect, whole), *_outputs(expect, whole), *_calls(scene, expect), *_runs(expect, whole)]
    if expect.requests is not None:
        found += _requests(scene, expect.requests, whole)
    if expect.notifications is not None:
        found += await _notifications(scene, expect.notifications, whole)
    for ref, state in (expect.catalog or {}).items():
        found += await _entity(scene, ref, state)
    return found


def _planned(expect: Expect, run: RunRow) -> Iterator[Difference]:
    plan = Plan.model_validate_json(run.plan)
    if expect.approvers is not None:
        wanted: list[JsonValue] = [{"from": [*one.asked], "count": one.count} for one in expect.approvers]
        yield from equal("expect.approvers", wanted, _stages(plan.approval))
    if expect.lock is not None:
        yield from equal("expect.lock", [*expect.lock], [*plan.keys])


def _ended(expect: Expect, run: RunRow) -> Iterator[Difference]:
    if expect.state is not None and expect.state != run.state:
        why = f"{run.state}: {run.reason}" if run.reason else run.state
        yield Difference(at="expect.state", expected=expect.state, seen=why)
    if expect.reason is not None:
        yield from inside("expect.reason", expect.reason, run.reason)


def _stages(first: PlannedApproval | None) -> JsonValue:
    stages: list[PlannedApproval | PlannedStage] = [] if first is None else [first, *first.then]
    return [{"from": [*one.needed_from], "count": one.count} for one in stages]


def _steps(expect: Expect, whole: WholeRun) -> list[Difference]:
    if expect.steps is None:
        return []
    seen: dict[str, JsonValue] = {one.path: one.state for one in whole.steps_of(whole.runs[0].id)}
    for row in whole.runs[1:]:
        seen |= {f"{row.action}/{one.path}": one.state for one in whole.steps_of(row.id)}
    notes = {one.path: one.note for one in whole.steps_of(whole.runs[0].id)}
    found = covered("expect.steps", {**expect.steps}, seen)
    for one in found:  # why a step is in another state is the first that anybody asks
        if isinstance(one.seen, dict):
            said = {key: f"{value}: {notes[key]}" if notes.get(key) else value for key, value in one.seen.items()}
            wrong = {key: said[key] if value != expect.steps.get(key) else value for key, value in one.seen.items()}
            return [Difference(at=one.at, expected=one.expected, seen=wrong)]
    return found


def _outputs(expect: Expect, whole: WholeRun) -> list[Difference]:
    found: list[Difference] = []
    for name, wanted in (expect.outputs or {}).items():
        action, _, path = name.rpartition("/")
        step = next(
            (one for one in whole.steps if one.path == path and action in ("", whole.action_of(one.run_id))), None
        )
        found += covered(f"expect.outputs.{name}", {**wanted}, dict(step.outputs or {}) if step else None)
    return found


def _requests(scene: Scene, wanted: list[Request], whole: WholeRun) -> list[Difference]:
    """Each as far as the test speaks of it; how many there are counts in any case."""
    sent = [one for one in whole.attempts if one.connection in scene.pipelines]
    seen = [_request(scene, one, whole) for one in sent]
    expected: list[JsonValue] = [one.model_dump(exclude_none=True) for one in wanted]
    shown: list[JsonValue] = []
    for number, one in enumerate(seen):
        about = wanted[number].model_dump(exclude_none=True) if number < len(wanted) else one
        called = {"step": one["called"]} if about.get("step") == one["called"] else {"step": one["step"]}
        shown.append({key: {**one, **called}[key] for key in about if key != "called"})
    return equal("expect.requests", expected, shown)


def _request(scene: Scene, row: AttemptRow, whole: WholeRun) -> dict[str, JsonValue]:
    action = whole.action_of(row.run_id)
    mine = row.run_id == whole.runs[0].id
    return {
        "step": row.path if mine else f"{action}/{row.path}",
        "called": row.path,
        "connection": row.connection,
        "project": str(row.request["project"]),
        "pipeline": str(row.request["pipeline"]),
        "ref": str(row.request["ref"]),
        "inputs": inputs_in(scene.pipelines[row.connection].kind, row.body),
    }


def _calls(scene: Scene, expect: Expect) -> list[Difference]:
    if expect.calls is None:
        return []
    made = [(name, call) for name, call in scene.calls if call.method not in ("GET", "HEAD")]
    wanted: list[JsonValue] = [one.model_dump(exclude_defaults=True) for one in expect.calls]
    shown: list[JsonValue] = []
    for number, (name, call) in enumerate(made):
        whole: dict[str, JsonValue] = {"service": name, "method": call.method, "path": call.path, "body": body_of(call)}
        headers: dict[str, JsonValue] = {**call.headers}
        about = wanted[number] if number < len(wanted) else whole
        shown.append(like(about, {**whole, "headers": headers}))
    return equal("expect.calls", wanted, shown)


def _runs(expect: Expect, whole: WholeRun) -> list[Difference]:
    if expect.runs is None:
        return []
    wanted: list[JsonValue] = [one.model_dump(exclude_none=True) for one in expect.runs]
    shown: list[JsonValue] = []
    for number, row in enumerate(whole.runs[1:]):
        about = wanted[number] if number < len(wanted) else None
        keys = list(about) if isinstance(about, dict) else ["action", "entity", "state"]
        shown.append({key: _of_run(row)[key] for key in keys})
    return equal("expect.runs", wanted, shown)


def _of_run(row: RunRow) -> dict[str, JsonValue]:
    return {"action": row.action, "entity": row.entity, "state": row.state, "inputs": dict(row.inputs)}


async def _notifications(scene: Scene, wanted: list[Told], whole: WholeRun) -> list[Difference]:
    """Each that is expected has to be among them; others may be there."""
    seen = [await _told(scene, one, whole) for one in whole.notifications]
    missing = [one for one in wanted if not any(_is(one, other) for other in seen)]
    if not missing:
        return []
    expected: list[JsonValue] = [one.model_dump(exclude_none=True) for one in missing]
    return [Difference(at="expect.notifications", expected=expected, seen=[*seen])]


def _is(wanted: Told, seen: dict[str, JsonValue]) -> bool:
    to = seen["to"]
    text = seen.get("text")
    return (
        wanted.notice == seen["notice"]
        and (wanted.to is None or (isinstance(to, list) and sorted(wanted.to) == sorted(map(str, to))))
        and (wanted.text is None or (isinstance(text, str) and wanted.text.casefold() in text.casefold()))
    )


async def _told(scene: Scene, row: NotificationRow, whole: WholeRun) -> dict[str, JsonValue]:
    async with scene.store.read() as session:
        people = await principals.by_ids(session, row.audience)
    to = [people[one].ref or people[one].name if one in people else one for one in row.audience]
    shown: dict[str, JsonValue] = {"notice": row.kind, "to": [*sorted(to)]}
    if row.kind == Notice.STEP_MESSAGE:
        step = next(one for one in whole.steps if (one.run_id, one.path) == (row.run_id, row.facts["step"]))
        shown["text"] = str((step.given or {}).get("text", ""))
    return shown


async def _entity(scene: Scene, ref: str, state: CatalogState | None) -> list[Difference]:
    async with scene.store.read() as session:
        entity = await entities.get(session, ref, sees=EVERYTHING)
    at = f"expect.catalog.{ref}"
    if state is None:
        return [] if entity is None else [Difference(at=at, expected=None, seen=dict(entities.content(entity)))]
    expected: dict[str, JsonValue] = state.model_dump(exclude_defaults=True)
    return covered(at, expected, None if entity is None else dict(entities.content(entity)))
