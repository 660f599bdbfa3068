"""Actions and their forms, as one asker sees them."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final, Literal

from pydantic import JsonValue

from daytwo_actions.allow import entries
from daytwo_actions.definitions import ActionVersion
from daytwo_actions.definitions.model import Spec
from daytwo_actions.form import list_options, resolve_form
from daytwo_actions.policy import may_by_token, may_run, may_see, runners
from daytwo_actions.roles import Permission, granted
from daytwo_api.asker import Asker
from daytwo_api.services import action_words
from daytwo_api.services.onlooking import onlooker
from daytwo_api.views.actions import (
    ActionSummary,
    ActionView,
    BreakGlassOffer,
    FormPage,
    FormRequest,
    FormView,
    OptionsRequest,
    OptionsView,
    OptionView,
    UsualView,
)
from daytwo_api.views.common import Fault, Page, Permitted
from daytwo_catalog.model import Entity, record
from daytwo_forms import ResolvedForm
from daytwo_forms.sources import Sources
from daytwo_store import entities, principals, run_usual
from daytwo_store.definitions import not_offered
from daytwo_store.engine import Session
from daytwo_store.errors import FieldFault, NotFound
from daytwo_store.ids import EntityRef
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.planning import look, user_record
from daytwo_workflows.life.sources import sources

_LATELY: Final = timedelta(days=30)
_ENOUGH: Final = 5  # of fewer nobody can say what is usual
Context = Mapping[str, object]


class Actions:
    def __init__(self, life: Life) -> None:
        self._life = life

    async def list(self, by: Asker, *, entity: str | None, q: str, tag: str | None) -> Page[ActionSummary]:
        async with self._life.store.read() as session:
            target = await self._target(session, by, entity)
            context = await _context(session, by, target)
            versions = await self._life.definitions.all_current(session)
        shown = [
            _summary(version, by, target, context)
            for version in versions
            if _seen(version, by, target, context) and _offered(version, target, entity) and _matches(version, q, tag)
        ]
        return Page(items=shown)

    async def get(self, by: Asker, name: str, *, entity: str | None) -> ActionView:
        async with self._life.store.read() as session:
            target = await self._target(session, by, entity)
            version = await self._visible(session, by, name, target)
            context = await _context(session, by, target)
        spec = version.model.spec
        undo = _undo(spec)
        return ActionView(
            **dict(_summary(version, by, target, context)),
            version=version.digest,
            steps=[f"{step.id}: {step.uses}" for step in spec.steps],
            does=action_words.steps(spec, {name: one.traits.title for name, one in self._life.backends.items()}),
            approvals=action_words.stages(spec),
            lock_keys=list(spec.locking.keys) if spec.locking else [],
            queue=spec.locking.queue if spec.locking else None,
            undoable=undo is not None,
            undo=undo,
            break_glass=_break_glass(version, by, target),
        )

    async def usual(self, by: Asker, name: str) -> UsualView:
        async with self._life.store.read() as session:
            version = await self._visible(session, by, name, None)
            since = await self._life.store.clock.now(session) - _LATELY
            seen = await run_usual.usual(session, version.name, since=since, by=onlooker(by))
        told = seen.succeeded >= _ENOUGH
        return UsualView(
            runs=seen.runs,
            succeeded=seen.succeeded,
            quick_seconds=seen.quick.total_seconds() if seen.quick is not None and told else None,
            slow_seconds=seen.slow.total_seconds() if seen.slow is not None and told else None,
        )

    async def form(self, by: Asker, name: str, asked: FormRequest) -> FormView:
        version, target, user = await self._opened(by, name, asked.entity)
        resolved = await resolve_form(
            version, entity=target, user=user, answers=asked.answers, sources=self._sources(by)
        )
        return form_view(version, asked.entity, resolved)

    async def options(self, by: Asker, name: str, field: str, asked: OptionsRequest) -> OptionsView:
        version, target, user = await self._opened(by, name, asked.entity)
        page = await list_options(
            version,
            field,
            entity=target,
            user=user,
            answers=asked.answers,
            sources=self._sources(by),
            search=asked.search,
            cursor=asked.cursor,
        )
        return OptionsView(
            options=[OptionView(value=one.value, title=one.title, detail=one.detail) for one in page.options],
            next_cursor=page.next_cursor,
        )

    async def _opened(
        self, by: Asker, name: str, entity: str | None
    ) -> tuple[ActionVersion, Mapping[str, JsonValue] | None, Mapping[str, JsonValue]]:
        """What resolving a form needs: the version, the target's record, the asker's."""
        ref = EntityRef(entity) if entity else None
        async with self._life.store.read() as session:
            version = await self._visible(session, by, name, await self._target(session, by, entity))
            me = (await principals.by_ids(session, [by.principal]))[by.principal]
            scene = await look(session, version, me, ref)
            return version, scene.target, scene.user

    async def _target(self, session: Session, by: Asker, entity: str | None) -> Entity | None:
        if entity is None:
            return None
        found = await entities.get(session, entity, sees=by.belongs)
        if found is None:
            raise NotFound(f"There is no {entity}, or you may not see it. Search the catalog for it.")
        return found

    async def _visible(self, session: Session, by: Asker, name: str, target: Entity | None) -> ActionVersion:
        version = await self._life.definitions.current(session, name)
        if not _seen(version, by, target, await _context(session, by, target)):
            raise not_offered(name)
        return version

    def _sources(self, by: Asker) -> Sources:
        return sources(self._life.store.read, by.belongs, self._life.backends)


async def _context(session: Session, by: Asker, target: Entity | None) -> Context:
    """What expressions in `allow` know of who asks and about what, as long as nothing is filled in."""
    me = (await principals.by_ids(session, [by.principal]))[by.principal]
    user = await user_record(session, me, by.belongs)
    known: Context = {"user": user, "run": {"called_by": None}}
    return {**known, "entity": record(target)} if target else known


def _seen(version: ActionVersion, by: Asker, target: Entity | None, context: Context) -> bool:
    see = version.model.spec.allow.see
    return may_see(
        see if see is None else entries(see, context),
        belongs=by.belongs,
        owner=target.owner if target else None,
        on_entity=target is not None,
    )


def _offered(version: ActionVersion, target: Entity | None, asked: str | None) -> bool:
    wanted = version.model.spec.target
    return asked is None or (wanted is not None and target is not None and wanted.kind == target.kind)


def _matches(version: ActionVersion, q: str, tag: str | None) -> bool:
    metadata = version.model.metadata
    text = f"{metadata.name} {metadata.title} {metadata.description} {' '.join(metadata.tags)}".casefold()
    return all(word in text for word in q.casefold().split()) and (tag is None or tag in metadata.tags)


def _summary(version: ActionVersion, by: Asker, target: Entity | None, context: Context) -> ActionSummary:
    metadata, spec = version.model.metadata, version.model.spec
    return ActionSummary(
        name=version.name,
        title=metadata.title,
        description=metadata.description,
        tags=list(metadata.tags),
        owner=metadata.owner,
        operation=spec.operation,
        target_kind=spec.target.kind if spec.target else None,
        may_run=_may_run(version, by, target, context),
        runners=runners(
            spec.allow.run,
            owner=target.owner if target else None,
            kind=spec.target.kind if spec.target else None,
        ),
    )


def _may_run(version: ActionVersion, by: Asker, target: Entity | None, context: Context) -> Permitted:
    """For the entity asked about. Without one, an action that its owners may run counts as runnable: on theirs.

    An expression over what is not filled in yet counts as true: it is worked out when the run is asked for.
    """
    if not (by_token := may_by_token(by.actions, version.name)).allowed:
        return Permitted(allowed=False, why_not=by_token.why_not)
    spec = version.model.spec
    allow = entries(spec.allow.run, context, undecided=True)
    if target is None and spec.target is not None and "owner" in allow and Permission.RUN in granted(by.belongs):
        return Permitted(allowed=True)
    answer = may_run(
        allow,
        belongs=by.belongs,
        owner=target.owner if target else None,
        entity=target.ref if target else None,
        action=version.model.metadata.title,
    )
    return Permitted(allowed=answer.allowed, why_not=answer.why_not)


def _undo(spec: Spec) -> Literal["previous", "steps"] | None:
    if spec.undo is not None:
        return "previous"
    return "steps" if any(step.undo for step in spec.steps) else None


def _break_glass(version: ActionVersion, by: Asker, target: Entity | None) -> BreakGlassOffer | None:
    glass = version.model.spec.break_glass
    if glass is None:
        return None
    answer = may_run(
        glass.allow,
        belongs=by.belongs,
        owner=target.owner if target else None,
        entity=target.ref if target else None,
        action=version.model.metadata.title,
    )
    return BreakGlassOffer(
        may=Permitted(allowed=answer.allowed, why_not=answer.why_not),
        second=None if glass.second == "none" else glass.second,
        expires_in=glass.expires.total_seconds(),
    )


def form_view(version: ActionVersion, entity: str | None, resolved: ResolvedForm) -> FormView:
    return FormView(
        action=version.name,
        version=version.digest,
        entity=entity,
        pages=[FormPage(title=page.title, form_schema=page.schema, ui=page.ui) for page in resolved.pages],
        data=resolved.data,
        errors=_faults(resolved.errors),
        warnings=_faults(resolved.warnings),
    )


def _faults(faults: Sequence[FieldFault]) -> list[Fault]:
    return [Fault(pointer=fault.pointer, detail=fault.detail) for fault in faults]
