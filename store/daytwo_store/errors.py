"""The root of every error that Daytwo shows to somebody.

DaytwoError            the class carries the HTTP status and a stable problem type (RFC 9457)
├── NotFound       404 also for what the asker may not see: the two answers are the same bytes
├── Forbidden      403
├── Unauthenticated 401
├── Conflict       409 the state does not allow it, or somebody was first
├── Rejected       422 the request cannot be carried out as it is
├── TooLarge       413
└── Unavailable    503 something that we depend on does not answer; nothing was done, try again
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldFault:
    """What is wrong with one field. `pointer` is a JSON pointer into what was sent ("/inputs/version")."""

    pointer: str
    detail: str


class DaytwoError(Exception):
    """An error with a sentence for people: what happened, what was and was not done, what to do next."""

    status: ClassVar[int] = 500
    type: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong"
    retryable: ClassVar[bool] = False

    def __init__(self, detail: str, *, errors: Sequence[FieldFault] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)


class NotFound(DaytwoError):
    status = 404
    type = "not-found"
    title = "There is no such thing, or you may not see it"


class Forbidden(DaytwoError):
    status = 403
    type = "forbidden"
    title = "You may not do this"


class Unauthenticated(DaytwoError):
    status = 401
    type = "unauthenticated"
    title = "Sign in first"


class Conflict(DaytwoError):
    status = 409
    type = "conflict"
    title = "The state does not allow this"


class Rejected(DaytwoError):
    status = 422
    type = "rejected"
    title = "The request cannot be carried out as it is"


class TooLarge(DaytwoError):
    status = 413
    type = "too-large"
    title = "The request is too large"


class Unavailable(DaytwoError):
    status = 503
    type = "unavailable"
    title = "Something that we depend on does not answer"
    retryable = True
