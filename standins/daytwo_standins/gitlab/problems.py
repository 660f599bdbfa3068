"""GitLab's error answers. https://docs.gitlab.com/api/rest/troubleshooting/"""

from collections.abc import Mapping


class ApiError(Exception):
    """An answer that is not a success; ``body`` is what is sent, as JSON or, when it is text, as text."""

    def __init__(self, status: int, body: object, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(str(body))
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


def problem(status: int, message: str) -> dict[str, str]:
    """The body of an error that has only a message."""
    return {"message": f"{status} {message}"}


def not_found(what: str = "") -> ApiError:
    """404 for what is not there, and for what the token may not see."""
    return ApiError(404, problem(404, f"{what} Not Found".strip()))


def forbidden() -> ApiError:
    """403 for what the role of the token does not allow."""
    return ApiError(403, problem(403, "Forbidden"))


def bad_request(message: str) -> ApiError:
    """400 with a sentence."""
    return ApiError(400, problem(400, f"Bad request - {message}"))


def not_created(*messages: str) -> ApiError:
    """400 for a pipeline that could not be created: nothing was stored."""
    return ApiError(400, {"message": {"base": list(messages)}})


def invalid_parameter(name: str, what: str) -> ApiError:
    """400 for a parameter that is missing or not of its type."""
    return ApiError(400, {"error": f"{name} {what}"})


def insufficient_scope(scopes: str) -> ApiError:
    """403 for a token that lacks a scope. https://datatracker.ietf.org/doc/html/rfc6750#section-3.1"""
    return ApiError(
        403,
        {
            "error": "insufficient_scope",
            "error_description": "The request requires higher privileges than provided by the access token.",
            "scope": scopes,
        },
    )


def invalid_token(description: str) -> ApiError:
    """401 for a token that is known and not good any more."""
    return ApiError(401, {"error": "invalid_token", "error_description": description})
