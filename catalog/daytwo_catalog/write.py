"""What a run writes into the catalog when it has succeeded, and what it would write (the plan shows both)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from daytwo_catalog.model import Draft, Entity, Kind
from daytwo_catalog.schema import check
from daytwo_store import entities, kinds
from daytwo_store.engine import Tx
from daytwo_store.entities import EVERYTHING, Change, Relations, Session
from daytwo_store.ids import EntityRef, RunId
from daytwo_store.tables import Json


@dataclass(frozen=True, kw_only=True, slots=True)
class EntityWrite:
    """Properties and relations to set; what is not named stays as it is."""

    kind: str
    name: str
    properties: Json = field(default_factory=dict)
    relations: Relations = field(default_factory=dict)

    @property
    def ref(self) -> EntityRef:
        return EntityRef(f"{self.kind}:{self.name}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    ref: EntityRef
    before: Entity | None
    after: Draft


def outcome(write: EntityWrite, before: Draft | None, like: Draft | None) -> Draft:
    """The entity after the write. A new one has the owner and the visibility of `like`, the run's target: what is
    made from something hidden is hidden as well."""
    if before is None:
        base = Draft(kind=write.kind, name=write.name, title=write.name)
        before = replace(base, owner=like.owner, visible_to=like.visible_to) if like else base
    return Draft(
        kind=write.kind,
        name=write.name,
        title=before.title,
        owner=before.owner,
        visible_to=before.visible_to,
        properties={**before.properties, **write.properties},
        relations={**before.relations, **write.relations},
    )


async def preview(session: Session, writes: Sequence[EntityWrite], *, like: Draft | None) -> list[Preview]:
    """What `apply` would do now. Raises `EntityRejected`."""
    known = await kinds.every(session)
    states: dict[EntityRef, Draft | None] = {}
    states.update(await entities.get_many(session, [write.ref for write in writes], sees=EVERYTHING))
    found = dict(states)
    previews: dict[EntityRef, Preview] = {}
    for write in writes:
        after = _checked(write, states.get(write.ref), like, known)
        states[write.ref] = after
        first = found.get(write.ref)
        previews[write.ref] = Preview(ref=write.ref, before=first if isinstance(first, Entity) else None, after=after)
    return list(previews.values())


async def apply(tx: Tx, writes: Sequence[EntityWrite], *, run: RunId, actor: str, like: Draft | None) -> list[Change]:
    """Write, in the order of refs, with events and audit entries. Raises `EntityRejected`: give the transaction up.

    `actor` is the principal of the run's requester; `like` the run's target, if it has one, as it was last known when
    it has left the catalog: without it, what is made could be seen by everybody.
    """
    known = await kinds.every(tx.session)
    changes = []
    for write in sorted(writes, key=lambda write: write.ref):
        before = await entities.hold(tx, write.ref)
        draft = _checked(write, before, like, known)
        changes.append(await entities.upsert(tx, draft, by=f"run:{run}", actor=actor))
    return changes


def _checked(write: EntityWrite, before: Draft | None, like: Draft | None, known: Mapping[str, Kind]) -> Draft:
    draft = outcome(write, before, like)
    check(draft, known)
    return draft
