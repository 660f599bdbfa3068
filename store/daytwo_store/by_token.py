"""By which token somebody acts right now, so that the audit and decisions name it, whatever is called on the way.

Known for the time of one request. What goes on after it, by the same person or another, is done by no token.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final


class _Request:
    """Tasks that a request begins have a copy of its context: they share this, and find it empty when it is over."""

    principal: str | None = None
    token: str | None = None


_NOW: Final[ContextVar[_Request | None]] = ContextVar("daytwo_by_token", default=None)


@contextmanager
def request() -> Iterator[None]:
    """For as long as this lasts, what `acts` says counts."""
    here = _Request()
    before = _NOW.set(here)
    try:
        yield
    finally:
        here.principal = here.token = None
        _NOW.reset(before)


def acts(principal: str, token: str | None) -> None:
    """Who asks was found out: the owner of this token by it, or somebody without one."""
    here = _NOW.get()
    if here is not None:
        here.principal, here.token = principal, token


def token_of(actor: str) -> str | None:
    """The id of the token by which this principal does what is done now; None: without one."""
    here = _NOW.get()
    return here.token if here is not None and here.principal == actor else None
