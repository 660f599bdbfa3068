"""What definitions that somebody has sent are checked by: the kinds of the catalog, and the settings of here."""

from collections.abc import Collection, Mapping

from daytwo_actions.backends.base import Backend
from daytwo_actions.definitions import Surroundings
from daytwo_actions.definitions.kinds import kind_shape
from daytwo_actions.definitions.shapes import KindShape, RelationShape
from daytwo_store import kinds
from daytwo_store.engine import Session
from daytwo_store.kinds import Kind
from daytwo_workflows.services_entry import ServiceEntry, allowed_there, with_token


async def surroundings(
    session: Session,
    backends: Mapping[str, Backend],
    services: Mapping[str, ServiceEntry],
    sources: Collection[str] | None = None,
) -> Surroundings:
    """`sources` are those of events; None: not checked."""
    return Surroundings(
        kinds={name: _shape(kind) for name, kind in (await kinds.every(session)).items()},
        connections={name: one.traits.kind for name, one in backends.items()},
        services=allowed_there(services),
        tokens=with_token(services),
        sources=sources,
    )


def _shape(kind: Kind) -> KindShape:
    relations = {name: RelationShape(kind=one.kind, many=one.many) for name, one in kind.relations.items()}
    return kind_shape(kind.property_schema, relations)
