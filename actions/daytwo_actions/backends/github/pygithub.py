"""PyGithub for one request, with its sending in our hands.

PyGithub 2.10 as it comes would (read in its `Requester`, and seen in tests/actions/backends/github):

- send a request up to three times (`retry`), and sleep between requests: both are switched off by its settings;
- follow a 301 itself, whatever the verb, so that a POST is sent a second time;
- ask again by itself after a 202;
- share one connection object between threads which keeps the request in its attributes: of two threads at once both
  may send the second request and nobody the first;
- read answers of any size for any time.

So each call gets a requester and a connection of its own, good for one request, which record what happened. What
PyGithub then makes of the answer is not used: the record decides.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import requests
from github.Auth import Auth
from github.Requester import HTTPSRequestsConnectionClass, Requester, RequestsResponse

from daytwo_actions.backends.github.settings import GitHubSettings
from daytwo_actions.backends.http.sender import Exchange
from daytwo_actions.backends.wire.answer import Answer

CarryOut = Callable[[Exchange, requests.PreparedRequest], None]
"""Sends a prepared request once and writes into the exchange what became of it."""


@contextmanager
def pygithub(settings: GitHubSettings, auth: Auth, exchange: Exchange, carry_out: CarryOut) -> Iterator[Requester]:
    """A requester for one exchange. What PyGithub raises over the answer ends here: the exchange has it all."""
    with suppress(Exception):
        yield _OneRequest(settings, auth, _OneConnection(settings.base, exchange, carry_out))


class _Stop(Exception):
    """Ends PyGithub's handling of an answer, before it sends something itself."""


class _OneRequest(Requester):
    def __init__(self, settings: GitHubSettings, auth: Auth, connection: HTTPSRequestsConnectionClass) -> None:
        super().__init__(
            auth=auth,
            base_url=settings.base,
            timeout=1,  # not used: the connection has limits of its own
            user_agent="daytwo",
            per_page=100,
            verify=True,
            retry=None,
            pool_size=None,
            lazy=True,
            api_version=settings.api_version,
        )
        self._connection = connection

    def requestJson(self, *args: Any, **_: Any) -> tuple[int, dict[str, Any], str]:  # noqa: N802 - PyGithub's name
        # Whatever connection PyGithub chose (it comes after these five), ours is the one that is used.
        verb, url, parameters, headers, body = (*args, None, None, None)[:5]
        return super().requestJson(verb, url, parameters, headers, body, self._connection)


class _OneConnection(HTTPSRequestsConnectionClass):
    """What PyGithub takes for a connection: `request`, then `getresponse`. A second one would find the permit taken."""

    def __init__(self, base: str, exchange: Exchange, carry_out: CarryOut) -> None:
        # The parent's is left out: it would make a session that tries again and follows redirections.
        parts = urlsplit(base)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._exchange = exchange
        self._carry_out = carry_out
        self._prepared: requests.PreparedRequest | None = None

    def request(self, verb: str, url: str, *rest: Any) -> None:
        text, headers = rest[0], rest[1]
        body = text.encode() if isinstance(text, str) else None
        exchange = self._exchange
        if exchange.path is not None and (url, body) != (exchange.path, exchange.body):
            exchange.silence("PyGithub would have sent something else than what was frozen", again=None)
            raise _Stop
        packed = headers | {"Accept-Encoding": "gzip"}
        self._prepared = requests.Request(verb, self._origin + url, headers=packed, data=body or b"").prepare()

    def getresponse(self) -> RequestsResponse:
        prepared, self._prepared = self._prepared, None
        if prepared is None:
            raise _Stop
        self._carry_out(self._exchange, prepared)
        answer = self._exchange.record
        if not isinstance(answer, Answer) or answer.status == 202 or 300 <= answer.status < 400:
            raise _Stop
        return _Response(answer)


class _Response(RequestsResponse):
    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.status = answer.status
        self.headers = requests.structures.CaseInsensitiveDict(answer.headers)

    def read(self) -> str:
        return self._answer.body.decode("utf-8", "replace")
