"""What stands before a backend and passes calls on: all methods of its kind, also those that only some kinds have."""

import inspect
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, aclosing
from typing import Any, Protocol

from daytwo_actions.backends.base import Backend


class Passing(Protocol):
    def asking(self) -> AbstractAsyncContextManager[Backend]:
        """The backend for one call that asks the CI system something."""
        ...

    def current(self) -> Backend:
        """The backend for what asks nothing."""
        ...


def passing_on(base: type, kind: type) -> type:
    """A class of `base` with the methods of `kind`, but for those that `base` has of its own."""
    members: dict[str, Any] = {"traits": property(lambda self: self.current().traits)}
    for name, member in inspect.getmembers(kind, inspect.isfunction):
        if not name.startswith("_") and not hasattr(base, name):
            members[name] = _passed_on(name, member)
    return type(f"{base.__name__.strip('_')}{kind.__name__}", (base,), members)


def _passed_on(name: str, member: Callable[..., Any]) -> Callable[..., Any]:
    if inspect.isasyncgenfunction(member):

        async def pieces(self: Passing, *args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
            async with self.asking() as backend, aclosing(getattr(backend, name)(*args, **kwargs)) as found:
                async for piece in found:
                    yield piece

        return pieces
    if inspect.iscoroutinefunction(member):

        async def call(self: Passing, *args: Any, **kwargs: Any) -> Any:
            async with self.asking() as backend:
                return await getattr(backend, name)(*args, **kwargs)

        return call

    def plain(self: Passing, *args: Any, **kwargs: Any) -> Any:
        return getattr(self.current(), name)(*args, **kwargs)

    return plain
