"""GitHub's error answers. https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api"""

from collections.abc import Mapping

DOCS = "https://docs.github.com/rest"


class ApiError(Exception):
    """An answer that is not a success."""

    def __init__(
        self, status: int, message: str, *, documentation: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.documentation_url = f"{DOCS}/{documentation}".rstrip("/")
        self.headers = dict(headers or {})

    def body(self) -> dict[str, str]:
        """The error as GitHub writes it."""
        return {"message": self.message, "documentation_url": self.documentation_url, "status": str(self.status)}


def not_found(documentation: str = "") -> ApiError:
    """404 for what is not there, and for what the token may not see."""
    return ApiError(404, "Not Found", documentation=documentation)


def unprocessable(message: str) -> ApiError:
    """422 for a dispatch that GitHub refuses; nothing was started."""
    return ApiError(422, message, documentation="actions/workflows#create-a-workflow-dispatch-event")
