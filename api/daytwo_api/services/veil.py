"""Who is on call is asked by the place to look, and a place names an entity. Who may not see that is not told of it.

What is sealed stays as it is: the document of a plan is what its digest is of.
"""

from collections.abc import Iterator, Mapping
from typing import Final, TypeVar

from pydantic import BaseModel

from daytwo_api.asker import Asker
from daytwo_store import entities
from daytwo_store.engine import Session
from daytwo_store.on_call import SOMEBODY, place_of

V = TypeVar("V", bound=BaseModel)
_SEALED: Final = frozenset({"document", "sealed"})  # of a plan, of an approval


async def veiled(session: Session, by: Asker, view: V) -> V:
    """The view, with the places of hidden entities told as `on-call`."""
    named = set(_places(view))
    hidden = await entities.hidden(session, named, sees=by.belongs) if named else frozenset()
    found: V = _without(view, hidden) if hidden else view  # type: ignore[assignment]  # of a view it is one
    return found


def _places(part: object) -> Iterator[str]:
    if isinstance(part, str):
        place = place_of(part)
        if place is not None:
            yield place.entity
        return
    for inner in _inside(part):
        yield from _places(inner)


def _inside(part: object) -> Iterator[object]:
    if isinstance(part, BaseModel):
        yield from (getattr(part, name) for name in type(part).model_fields if name not in _SEALED)
    elif isinstance(part, Mapping):
        yield from part
        yield from part.values()
    elif isinstance(part, list | tuple):
        yield from part


def _without(part: object, hidden: frozenset[str]) -> object:
    if isinstance(part, str):
        place = place_of(part)
        return SOMEBODY if place is not None and place.entity in hidden else part
    if isinstance(part, BaseModel):
        names = [name for name in type(part).model_fields if name not in _SEALED]
        return part.model_copy(update={name: _without(getattr(part, name), hidden) for name in names})
    if isinstance(part, Mapping):
        return {_without(name, hidden): _without(value, hidden) for name, value in part.items()}
    if isinstance(part, list | tuple):
        return [_without(one, hidden) for one in part]
    return part
