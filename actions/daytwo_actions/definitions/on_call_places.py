"""Where actions look up who is on call: of which kind of entity, and in which property or relation."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from daytwo_actions.definitions.approvers import OnCall
from daytwo_actions.definitions.model import Spec
from daytwo_actions.definitions.stages import asked_stages


@dataclass(frozen=True, slots=True)
class OnCallPlace:
    kind: str
    section: str  # properties or relations
    path: tuple[str, ...]


def on_call_places(spec: Spec) -> Iterator[OnCallPlace]:
    """Of one action, each once."""
    entries = chain.from_iterable(stage.from_ for _, stage in asked_stages(spec))
    paths = (entry.path for entry in entries if isinstance(entry, OnCall))
    yield from dict.fromkeys(place for path in paths if path is not None and (place := _place(spec, path)) is not None)


def _place(spec: Spec, path: tuple[str, ...]) -> OnCallPlace | None:
    """('entity', 'properties', 'on_call') or ('inputs', 'rota', 'properties', 'on_call')."""
    if path[0] == "entity":
        kind, rest = spec.target.kind if spec.target is not None else None, path[1:]
    else:
        kind, rest = _kind_of_input(spec, path[1]), path[2:]
    return OnCallPlace(kind, rest[0], rest[1:]) if kind is not None else None


def _kind_of_input(spec: Spec, name: str) -> str | None:
    fields = (page.properties.get(name) for page in spec.form.pages)
    return next((field.kind for field in fields if field is not None), None)
