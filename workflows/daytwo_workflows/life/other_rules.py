"""Planning by rules that are not those of now: definitions, freezes and roles that somebody is about to change, at a
moment that is over."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from daytwo_actions.definitions import ActionVersion
from daytwo_actions.freezes import FreezeVersion
from daytwo_actions.roles import EVERYONE, Role, ref_of, without_roles
from daytwo_store import entities, entity_history
from daytwo_store.engine import Session
from daytwo_store.entities import Entity, Sees
from daytwo_store.ids import Digest
from daytwo_store.tables import StopRow
from daytwo_workflows.life.choices_of_then import Answered
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.definitions import Definitions
from daytwo_workflows.life.frozen import Frozen
from daytwo_workflows.life.lookups import Lists, Lookups
from daytwo_workflows.life.people import belongings


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """What is to be laid over what is registered: by name, whatever is not among it stays as it is."""

    actions: Mapping[str, ActionVersion] = field(default_factory=dict)
    freezes: Mapping[str, FreezeVersion] = field(default_factory=dict)
    grants: Mapping[str, Collection[str]] | None = None  # members by role; None: the roles of now


def under(life: Life, rules: Rules, moment: datetime, answered: Answered) -> Life:
    """A life in which these rules hold and it is then, to plan with. Nothing may be started with it."""
    return replace(
        life,
        store=life.store.at(moment),
        definitions=_Definitions(rules.actions, life.definitions),
        frozen=_Frozen(rules.freezes, life.frozen),
        lookups=_Lookups(rules.grants, moment, answered),
    )


class _Definitions(Definitions):
    def __init__(self, changed: Mapping[str, ActionVersion], registered: Definitions) -> None:
        super().__init__()
        self._changed = changed
        self._registered = registered

    async def of_run(self, session: Session, digest: Digest) -> ActionVersion:
        return await self._registered.of_run(session, digest)

    async def current(self, session: Session, name: str) -> ActionVersion:
        return self._changed.get(name) or await self._registered.current(session, name)

    async def offered(self, session: Session, names: Collection[str]) -> dict[str, str]:
        found = await self._registered.offered(session, names)
        return found | {name: self._changed[name].digest for name in names if name in self._changed}


class _Frozen(Frozen):
    """The global stop is none of them: it is of now."""

    def __init__(self, changed: Mapping[str, FreezeVersion], registered: Frozen) -> None:
        super().__init__()
        self._changed = changed
        self._registered = registered

    async def current(self, session: Session, now: datetime) -> list[FreezeVersion]:
        found = await self._registered.current(session, now)
        return [*(one for one in found if one.id not in self._changed), *self._changed.values()]

    async def stopped(self, session: Session) -> StopRow | None:  # noqa: ARG002 - the one of now does not count
        return None


class _Lookups(Lookups):
    """Groups of now with the roles of the rules; the entity as it was then; choices of then."""

    def __init__(self, grants: Mapping[str, Collection[str]] | None, moment: datetime, answered: Answered) -> None:
        self._grants = grants
        self._moment = moment
        self._answered = answered

    async def belongings(self, session: Session, person: str | None) -> frozenset[str]:
        found = await belongings(session, person)
        if self._grants is None or not found:
            return found
        who = without_roles(found)
        return who | {
            ref_of(Role(role)) for role, members in self._grants.items() if EVERYONE in members or who & set(members)
        }

    async def entity(self, session: Session, ref: str, *, sees: Sees) -> Entity | None:
        found = await entities.get(session, ref, sees=sees)
        return await entity_history.as_of(session, found, self._moment) if found is not None else None

    def lists(self, backends: Mapping[str, Lists]) -> Mapping[str, Lists]:
        return self._answered.lists(backends)
