"""How it stands now with what a waiting run was planned from, and what would undo it. Reads the database alone."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from pydantic import JsonValue

from daytwo_actions.definitions import ActionVersion
from daytwo_actions.form import accept_inputs
from daytwo_actions.plan.model import Plan
from daytwo_actions.plan.program import read_values
from daytwo_actions.plan.render import Aim
from daytwo_actions.plan.undo_words import undo_words
from daytwo_forms import ChoicesUnavailable
from daytwo_forms.sources import CATALOG, OptionPage, OptionQuery, OptionSource, Sources
from daytwo_store import principals
from daytwo_store.engine import Session
from daytwo_store.errors import DaytwoError, Unavailable
from daytwo_store.ids import Digest, EntityRef, RunId
from daytwo_store.tables import PrincipalRow, RunRow
from daytwo_workflows.life.callers import parent_of
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.planning import Ask, Scene, aim, context_of, look
from daytwo_workflows.life.sources import sources, within
from daytwo_workflows.life.undo import UNDECLARED
from daytwo_workflows.life.undo_answers import undo_answers


@dataclass(frozen=True, kw_only=True, slots=True)
class Beside:
    """`problem`: why it could not be planned today; then nothing else is known."""

    problem: str | None = None
    owner: str | None = None
    read: Mapping[str, JsonValue] = field(default_factory=dict)  # what the plan read of the catalog, today
    undo: Sequence[Aim] | None = None  # what undoing it would ask for; None: it cannot be undone
    undo_inputs: Mapping[str, JsonValue] = field(default_factory=dict)
    no_undo: str | None = None


async def beside(life: Life, session: Session, run: RunRow, previous: RunRow | None) -> Beside:
    """`previous` is the run that an undo would go back to."""
    try:
        version = await life.definitions.of_run(session, Digest(run.version))
        requester = (await principals.by_ids(session, [run.requester]))[run.requester]
        ask = _ask(run, version, requester, run.inputs)
        scene = await look(session, version, requester, ask.entity)
        context = await context_of(life, session, ask, scene)
    except DaytwoError as error:
        return Beside(problem=error.detail)
    read = read_values(life.definitions.program(version), context)
    undo, inputs, why = await _undo(life, session, ask, scene, Plan.model_validate_json(run.plan), previous)
    return Beside(owner=scene.owner, read=read, undo=undo, undo_inputs=inputs, no_undo=why)


async def _undo(
    life: Life, session: Session, ask: Ask, scene: Scene, plan: Plan, previous: RunRow | None
) -> tuple[Sequence[Aim] | None, Mapping[str, JsonValue], str | None]:
    if life.definitions.program(ask.version).undo is None and plan.undo:
        return None, {}, " ".join(undo_words(plan))
    if life.definitions.program(ask.version).undo is None:
        return None, {}, UNDECLARED
    if previous is None:
        return None, {}, "There was no successful run here before that it could go back to."
    try:
        aimed = await aim(life, session, ask, scene)
        doors = _of_the_database(session, scene)
        inputs = await undo_answers(ask.version, aimed, scene, previous, doors) or {}
        with suppress(ChoicesUnavailable):  # what CI systems list is asked for when it is undone
            await accept_inputs(ask.version, entity=scene.target, user=scene.user, answers=inputs, sources=doors)
        return (await aim(life, session, _ask_with(ask, inputs), scene)).aims, inputs, None
    except DaytwoError as error:
        return None, {}, f"It could not be undone today: {error.detail}"


def _of_the_database(session: Session, scene: Scene) -> Sources:
    both = sources(within(session), scene.belongs, {})
    return Sources(options=_Unasked(both.options), entities=both.entities)


@dataclass(frozen=True, slots=True)
class _Unasked:
    """Choices of the catalog alone: connections are not asked while somebody reads a page."""

    catalog: OptionSource

    async def options(self, query: OptionQuery) -> OptionPage:
        if query.source == CATALOG:
            return await self.catalog.options(query)
        raise Unavailable("It is asked for when it is undone.")


def _ask(run: RunRow, version: ActionVersion, requester: PrincipalRow, inputs: Mapping[str, JsonValue]) -> Ask:
    return Ask(
        run=RunId(run.id),
        version=version,
        requester=requester,
        entity=EntityRef(run.entity) if run.entity else None,
        inputs=inputs,
        break_glass=run.break_glass,
        parent=parent_of(run),
    )


def _ask_with(ask: Ask, inputs: Mapping[str, JsonValue]) -> Ask:
    return Ask(run=ask.run, version=ask.version, requester=ask.requester, entity=ask.entity, inputs=inputs)
