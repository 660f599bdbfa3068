"""Resuming a run that has failed or was cancelled: another run goes on where it ended, and is approved anew.

What that run will do is shown first. Where nobody knows whether something was carried out that must not be done twice,
a person says so, and what they say stands in the plan that others approve.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from daytwo_actions.definitions import ActionVersion
from daytwo_actions.definitions.steps.kinds import kind_of
from daytwo_actions.plan.difference import Change
from daytwo_actions.plan.model import Plan, PlannedResume
from daytwo_actions.recovery import Does, Said
from daytwo_store.errors import Conflict, FieldFault, Rejected
from daytwo_store.ids import EntityRef, PrincipalId, RunId, TokenId
from daytwo_store.tables import Json, RunRow
from daytwo_workflows.life.asked_digest import digest_of_ask
from daytwo_workflows.life.asking import Accepted, Planned, Wish, accept_wish, plan, repeated
from daytwo_workflows.life.causes import handed_on
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.resumable import between, why_not_resumable
from daytwo_workflows.life.resume_steps import Proposed, propose


@dataclass(frozen=True, kw_only=True, slots=True)
class Resumption:
    """What somebody asks for. `version`: of today's definition, where that is another one than the run's."""

    run: RunRow
    requester: PrincipalId
    token: TokenId | None
    answers: Mapping[str, Said]
    version: str | None = None
    comment: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """What resuming would do; `changes`: what is different in its plan."""

    version: ActionVersion
    steps: Sequence[Proposed]
    changes: Sequence[Change]
    planned: Planned


async def preview(life: Life, asked: Resumption) -> Preview:
    """Raises `Conflict` when it cannot be resumed, and what planning it today raises. Nothing is changed."""
    async with life.store.read() as session:
        refused = await why_not_resumable(session, asked.run)
        if refused is not None:
            raise Conflict(f"{refused} Nothing was started.")
        version = await life.definitions.current(session, asked.run.action)
    steps = await propose(life, asked.run, version)
    _must_be_taken_back(steps, version, asked)
    planned = await plan(life, _wish(asked, version, steps))
    changes = between(Plan.model_validate_json(asked.run.plan), planned.plan)
    return Preview(version=version, steps=steps, changes=changes, planned=planned)


async def resume(life: Life, asked: Resumption, key: str) -> Accepted:
    """Accept the run that goes on. Raises what `preview` raises, `Conflict` when the definition is another one by now
    and nobody has said that it is meant, `Rejected` when nobody has said what becomes of a step that is asked about.
    """
    answers: Json = {path: str(said) for path, said in sorted(asked.answers.items())}
    body = digest_of_ask(
        life, {"resume": asked.run.id, "comment": asked.comment, "answers": answers, "version": asked.version}
    )
    before = await repeated(life, key, asked.requester, body)
    if before is not None:
        return before
    async with life.store.read() as session:
        refused = await why_not_resumable(session, asked.run)
        if refused is not None:
            raise Conflict(f"{refused} Nothing was started.")
        version = await life.definitions.current(session, asked.run.action)
    if version.digest not in (asked.run.version, asked.version):
        raise Conflict(
            f"The definition of {version.name} has changed since the run began. Nothing was started. Look at what is "
            f"different, then say that the version {version.digest[:12]} is meant."
        )
    steps = await propose(life, asked.run, version)
    _must_be_answered(steps, version, asked.answers)
    _must_be_taken_back(steps, version, asked)
    wish = _wish(asked, version, steps)
    return await accept_wish(life, wish, key, body, old=Plan.model_validate_json(asked.run.plan))


def _must_be_answered(steps: Sequence[Proposed], version: ActionVersion, answers: Mapping[str, Said]) -> None:
    outputs = {step.id: step.outputs for step in version.model.spec.steps}
    faults = []
    for step in steps:
        if step.does is not Does.ASK:
            continue
        if step.path not in answers:
            said = f"{step.path} {step.why}. Say `done` or `again`."
            faults.append(FieldFault(f"/answers/{step.path}", said))
        elif answers[step.path] is Said.DONE and outputs[step.path]:
            said = f"What {step.path} left is lost, and later steps need it, so it cannot count as done. Say `again`."
            faults.append(FieldFault(f"/answers/{step.path}", said))
    asked = {step.path for step in steps if step.does is Does.ASK}
    faults += [
        FieldFault(f"/answers/{path}", f"Nothing is asked about {path}.") for path in sorted(answers.keys() - asked)
    ]
    if faults:
        raise Rejected("What becomes of some steps has to be said first. Nothing was started.", errors=faults)


def _must_be_taken_back(steps: Sequence[Proposed], version: ActionVersion, asked: Resumption) -> None:
    """A run undoes what it has done itself. So what is there for a time is not what another run had done: nothing would
    take that back. Raises `Conflict`."""
    models = version.model.spec.steps
    if not any(kind_of(step) == "temporary" for step in models):
        return
    undoable = {step.id for step in models if step.undo is not None}
    carried = [step.path for step in steps if step.path in undoable and _counts_as_done(step, asked.answers)]
    if carried:
        raise Conflict(
            f"What run {asked.run.id} has done in {', '.join(carried)} would stand after the end of what is temporary. "
            "Nothing was started. Undo that run first, then start the action again."
        )


def _wish(asked: Resumption, version: ActionVersion, steps: Sequence[Proposed]) -> Wish:
    run = asked.run
    done = {step.path: dict(step.left or {}) for step in steps if _counts_as_done(step, asked.answers)}
    said = {step.path: str(asked.answers[step.path]) for step in steps if step.path in asked.answers}
    again = {step.path: [*step.items] for step in steps if step.items and step.path not in done}
    return Wish(
        action=run.action,
        requester=asked.requester,
        token=asked.token,
        entity=EntityRef(run.entity) if run.entity else None,
        inputs=run.inputs,
        version=version.digest,
        resumes=PlannedResume(run=RunId(run.id), done=done, said=said, items=again),
        comment=asked.comment,
        cause=handed_on(run),
    )


def _counts_as_done(step: Proposed, answers: Mapping[str, Said]) -> bool:
    return step.does is Does.SKIP or (step.does is Does.ASK and answers.get(step.path) is Said.DONE)
