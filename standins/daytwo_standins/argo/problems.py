"""Argo Server's error answers: the code is gRPC's, the HTTP status follows from it."""

from collections.abc import Mapping
from typing import Final

UNKNOWN, INVALID, NOT_FOUND, EXISTS, DENIED, EXHAUSTED = 2, 3, 5, 6, 7, 8
FAILED_PRECONDITION, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, UNAUTHENTICATED = 9, 12, 13, 14, 16
STATUS: Final[Mapping[int, int]] = {
    UNKNOWN: 500,
    INVALID: 400,
    NOT_FOUND: 404,
    EXISTS: 409,
    DENIED: 403,
    EXHAUSTED: 429,
    FAILED_PRECONDITION: 400,
    UNIMPLEMENTED: 501,
    INTERNAL: 500,
    UNAVAILABLE: 503,
    UNAUTHENTICATED: 401,
}
_CODES: Final[Mapping[int, int]] = {400: 3, 401: 16, 403: 7, 404: 5, 409: 6, 429: 8, 501: 12, 503: 14}
_TEXTS: Final[Mapping[int, str]] = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    409: "Conflict",
    429: "Too Many Requests",
    501: "Not Implemented",
    503: "Service Unavailable",
}


class ApiError(Exception):
    """An answer that is not a success."""

    def __init__(self, code: int, message: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.headers = dict(headers or {})

    @property
    def status(self) -> int:
        """The HTTP status."""
        return STATUS.get(self.code, 500)

    def body(self) -> dict[str, object]:
        """The error as Argo Server writes it."""
        return {"code": self.code, "message": self.message}

    def in_stream(self) -> dict[str, object]:
        """The error as it is written into a stream that has begun."""
        text = _TEXTS.get(self.status, "Internal Server Error")
        return {
            "grpc_code": self.code,
            "http_code": self.status,
            "message": self.message,
            "http_status": text,
        }


def not_found(resource: str, name: str) -> ApiError:
    """There is no such object."""
    return ApiError(NOT_FOUND, f'{resource}.argoproj.io "{name}" not found')


def invalid(message: str) -> ApiError:
    """It was refused and nothing was started."""
    return ApiError(INVALID, message)


def problem(status: int, message: str) -> dict[str, object]:
    """The body of an error by its HTTP status, for faults."""
    return ApiError(_CODES.get(status, INTERNAL), message).body()
