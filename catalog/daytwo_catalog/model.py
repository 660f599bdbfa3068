"""What the catalog consists of, and what expressions see of it."""

from pydantic import JsonValue

from daytwo_store.entities import Draft, Entity
from daytwo_store.kinds import Kind, Relation

__all__ = ["Draft", "Entity", "Kind", "Relation", "record"]


def record(entity: Draft) -> dict[str, JsonValue]:
    """The plain record that an expression sees: ref, name, kind, properties, relations (lists of refs), owner."""
    return {
        "ref": entity.ref,
        "name": entity.name,
        "kind": entity.kind,
        "properties": dict(entity.properties),
        "relations": {name: list(targets) for name, targets in entity.relations.items()},
        "owner": entity.owner,
    }
