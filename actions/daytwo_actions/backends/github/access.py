"""Which credential a request carries: the connection's token, or one of the App's installation, renewed in time.

One renewal at a time and owner. A token that GitHub refuses before its time is renewed once.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from github.Auth import Auth, Token
from pydantic import BaseModel, ValidationError

from daytwo_actions.backends.failures import BackendDenied, BackendUnreachable
from daytwo_actions.backends.github.app import GitHubApp
from daytwo_actions.backends.github.settings import GitHubSettings
from daytwo_actions.backends.github.wire import app as wire
from daytwo_actions.backends.github.wire.outcome import GITHUB
from daytwo_actions.backends.wire.answer import Answer, Silence

_EARLY: Final = 300.0  # seconds before its end that a token is renewed, or a tenth of its life when that is less
_PAUSE: Final = 5.0  # seconds without another try after one that failed

_Model = TypeVar("_Model", bound=BaseModel)


class AsApp(Protocol):
    """One request with the App's own signature, whatever comes of it."""

    def __call__(self, operation: str, method: str, path: str, auth: Auth, /) -> Awaitable[Answer | Silence]: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kept:
    auth: Token
    renew_at: float  # of the clock handed in
    ends_at: float


class Access:
    """For one event loop. `clock` is monotonic."""

    def __init__(self, settings: GitHubSettings, as_app: AsApp, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._app = settings.app
        self._token = None if settings.app else Token(settings.token.get_secret_value())
        self._as_app = as_app
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._installations: dict[str, int] = {}
        self._failed: dict[str, tuple[float, BackendUnreachable | BackendDenied]] = {}
        self._renewing: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def enter(self, path: str) -> Auth:
        """What the request to a path carries. Raises `BackendUnreachable`, `BackendDenied`: then nothing was asked."""
        if self._app is None:
            assert self._token is not None
            return self._token
        owner = self._owner(path)
        if (fresh := self._fresh(owner)) is not None:
            return fresh
        async with self._renewing[owner]:
            return self._fresh(owner) or await self._renewed(self._app, owner, path)

    def refused(self, path: str, auth: Auth) -> bool:
        """GitHub answered 401 to it. True when another one can be had; then `enter` gives it."""
        if self._app is None:
            return False
        kept = self._kept.get(self._owner(path))
        if kept is not None and kept.auth is auth:  # else somebody has renewed it meanwhile
            del self._kept[self._owner(path)]
        return True

    async def login(self) -> str | None:
        """Whom the App's dispatches come from; None when this is not an App. Raises what a read raises."""
        if self._app is None:
            return None
        what = "the name of the App"
        answer = await self._as_app("app", "GET", "/app", self._app.signature())
        return wire.bot_of(_read(answer, what, wire.App, status=200, advice=wire.INSTALLATION_ADVICE).slug)

    def _owner(self, path: str) -> str:
        """Tokens belong to an installation, and an owner of repositories has one of an App."""
        parts = path.split("/")
        known = self._app is not None and self._app.installation is not None
        return "" if known or len(parts) < 3 else parts[2].lower()

    def _fresh(self, owner: str) -> Auth | None:
        kept = self._kept.get(owner)
        return kept.auth if kept is not None and self._clock() < kept.renew_at else None

    async def _renewed(self, app: GitHubApp, owner: str, path: str) -> Auth:
        kept = self._kept.get(owner)
        try:
            self._kept[owner] = await self._renew(app, owner, path)
        except BackendUnreachable:
            if kept is None or self._clock() >= kept.ends_at:
                raise
            return kept.auth  # it is good for a little longer
        return self._kept[owner].auth

    async def _renew(self, app: GitHubApp, owner: str, path: str) -> _Kept:
        again, error = self._failed.get(owner, (0.0, None))
        if error is not None and self._clock() < again:
            raise type(error)(error.detail)
        try:
            kept = await self._ask(app, owner, path)
        except (BackendUnreachable, BackendDenied) as error:
            told = error.retry_after if isinstance(error, BackendUnreachable) else None
            self._failed[owner] = (self._clock() + max(told or 0.0, _PAUSE), error)
            self._installations.pop(owner, None)  # it may have been installed anew, under another number
            raise
        self._failed.pop(owner, None)
        return kept

    async def _ask(self, app: GitHubApp, owner: str, path: str) -> _Kept:
        number = app.installation or self._installations.get(owner) or await self._look_up(app, owner, path)
        what = f"a token of the App's installation {number}"
        asked_at = self._clock()
        answer = await self._as_app("app.token", "POST", f"/app/installations/{number}/access_tokens", app.signature())
        token = _read(answer, what, wire.InstallationToken, status=201, advice=wire.TOKEN_ADVICE)
        assert isinstance(answer, Answer)
        seconds = wire.lifetime(token, answer)
        return _Kept(
            auth=Token(token.token),
            renew_at=asked_at + seconds - min(_EARLY, seconds / 10),
            ends_at=asked_at + seconds,
        )

    async def _look_up(self, app: GitHubApp, owner: str, path: str) -> int:
        if not path.startswith("/repos/"):
            raise BackendDenied("This cannot be asked as a GitHub App: it belongs to no repository. Nothing was asked.")
        project = "/".join(path.split("/")[2:4])
        answer = await self._as_app("app.installation", "GET", f"/repos/{project}/installation", app.signature())
        what = f"the App's installation for {project}"
        found = _read(answer, what, wire.Installation, status=200, advice=wire.INSTALLATION_ADVICE)
        self._installations[owner] = found.id
        return found.id


def _read(
    result: Answer | Silence, what: str, model: type[_Model], *, status: int, advice: Mapping[int, str]
) -> _Model:
    if not isinstance(result, Answer) or result.status != status:
        raise GITHUB.failure(result, what, advice=advice)
    fault: ValidationError
    try:
        return model.model_validate_json(result.body)
    except ValidationError as error:
        fault = error
    raise GITHUB.nonsense(what, fault)
