"""One request on its way through the stand-in."""

import dataclasses
from collections.abc import Awaitable, Callable, Mapping

from starlette.datastructures import QueryParams

from daytwo_standins.github.config import App, Permission, Repository, Token
from daytwo_standins.github.links import Links
from daytwo_standins.github.problems import ApiError, not_found
from daytwo_standins.github.runs import Run
from daytwo_standins.github.standin import Standin
from daytwo_standins.github.views.actions import Scene
from daytwo_standins.shared.answers import Answer, CallEffects


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A request that was let in. ``params`` are the parts of its path."""

    standin: Standin
    token: Token
    links: Links
    params: Mapping[str, str]
    query: QueryParams
    headers: Mapping[str, str]
    raw: bytes
    effects: CallEffects
    app: App | None = None  # who has signed, where an App speaks for itself

    @property
    def repository(self) -> Repository:
        """The repository of the path; 404 when the token may not see it, as on GitHub."""
        name = f"{self.params['owner']}/{self.params['repo']}"
        found = self.standin.repository(name)
        allowed = self.token.repositories
        if found is None or (allowed is not None and found.full_name not in allowed):
            raise not_found()
        return found

    @property
    def scene(self) -> Scene:
        """What the views of runs need."""
        return Scene(config=self.standin.config, repository=self.repository, links=self.links)

    @property
    def run(self) -> Run:
        """The run of the path."""
        found = self.standin.engine.runs.get(self.integer("run_id"))
        if found is None or found.accepted.repository != self.repository.full_name or found.accepted.effects.deleted:
            raise not_found("actions/workflow-runs")
        return found

    def integer(self, name: str) -> int:
        """A number in the path; 404 for anything else."""
        text = self.params[name]
        if not text.isdigit() or len(text) > 18:
            raise not_found()
        return int(text)

    def page(self) -> tuple[int, int]:
        """Page (from 1) and page size (at most 100, 30 unless told)."""
        return max(1, _number(self.query.get("page"), 1)), min(100, max(1, _number(self.query.get("per_page"), 30)))


Handler = Callable[[Call], Awaitable[Answer]]


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """A method and a path with what answers it; ``name`` is what fault rules and the request log call it."""

    name: str
    method: str
    path: str
    handler: Handler
    permission: Permission = Permission.READ
    as_app: bool = False  # asked with an App's own signature, and with nothing else


def require(token: Token, permission: Permission) -> None:
    """Refuse with 403 what the token may not do."""
    if permission not in token.permissions:
        kind = "integration" if token.type == "Bot" else "personal access token"
        raise ApiError(403, f"Resource not accessible by {kind}")


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isdigit() else otherwise
