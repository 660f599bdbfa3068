"""Which operation a request is for. Ids, refs and files may hold an encoded slash, so the raw path counts."""

import dataclasses
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING
from urllib.parse import unquote

from daytwo_standins.gitlab.config import Role
from daytwo_standins.shared.answers import Answer

if TYPE_CHECKING:
    from daytwo_standins.gitlab.calls import Call

API = "/api/v4"
_PART = re.compile(r"\{(\w+)(\*?)\}")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """A method and a path with what answers it; ``name`` is what fault rules and the request log call it.

    In the path ``{name}`` is one part, ``{name*}`` everything that is left. ``role`` is what somebody must at least be
    in the project; ``public`` asks for no token.
    """

    name: str
    method: str
    path: str
    handler: "Callable[[Call], Awaitable[Answer]]"
    role: Role = Role.REPORTER
    public: bool = False

    @property
    def pattern(self) -> re.Pattern[str]:
        """The path as a regular expression over a raw path."""
        parts = re.split(r"(\{\w+\*?\})", self.path)
        return re.compile("".join(_expression(part) for part in parts))


class Router:
    """Finds the operation of a request."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        self._operations = [(one, one.pattern) for one in operations]

    def find(self, method: str, raw_path: str) -> tuple[Operation | None, dict[str, str]]:
        """The operation and the decoded parts of the path; None when there is no such address."""
        for operation, pattern in self._operations:
            found = pattern.fullmatch(raw_path)
            if found and method in {operation.method, "HEAD" if operation.method == "GET" else operation.method}:
                return operation, {name: unquote(value) for name, value in found.groupdict().items()}
        return None, {}


def _expression(part: str) -> str:
    found = _PART.fullmatch(part)
    if found is None:
        return re.escape(part)
    return f"(?P<{found[1]}>.+)" if found[2] else f"(?P<{found[1]}>[^/]+)"
