"""Requests to one GitHub with one credential, each sent once, within a permit, read up to a limit."""

from typing import Final
from urllib.parse import urlsplit

import requests
from github.Workflow import Workflow
from requests.exceptions import ProxyError, RequestException, SSLError, Timeout
from urllib3.exceptions import HTTPError

from daytwo_actions.backends.github.line import ALLOWANCE, Allowance, WatchedAdapter
from daytwo_actions.backends.github.permit import NotPermitted, Permit
from daytwo_actions.backends.github.pygithub import Exchange, pygithub
from daytwo_actions.backends.github.settings import GitHubSettings, is_loopback
from daytwo_actions.backends.github.wire.answer import Answer, Silence
from daytwo_actions.backends.github.wire.dispatch import Dispatch

_CHUNK: Final = 65_536  # bytes
_SHORT_ANSWER: Final = 1_000_000  # bytes; a dispatch is answered with three fields

# What urllib3 says of a broken connection, in words of ours.
_SIGNS: Final = (
    ("resolve", "the name of the server could not be resolved"),
    ("refused", "the connection was refused"),
    ("timed out", "no complete answer came in time"),
    ("not complete in time", "no complete answer came in time"),
    ("incompleteread", "the answer broke off"),
    ("reset", "the connection was reset"),
    ("without response", "the connection was closed without an answer"),
)


class _TooLarge(Exception):
    pass


class Transport:
    """Used by many threads; every method blocks its thread, and none raises for what the line does."""

    def __init__(self, settings: GitHubSettings) -> None:
        self._settings = settings
        self._secret = settings.token.get_secret_value().encode()
        address = urlsplit(settings.base)
        self._prefix = address.path
        self._at_home = is_loopback(address.hostname or "")
        # Asked only what the environment says of proxies and certificates; it sends nothing.
        self._session = requests.Session()
        self._adapter = WatchedAdapter(settings.read_threads + settings.send_threads)

    def get(
        self, path: str, parameters: dict[str, str], *, permit: Permit, etag: str | None = None
    ) -> Answer | Silence:
        """One GET. With `etag` the answer may be a 304 without a body."""
        exchange = Exchange(allowance=self._allow(permit, fresh=False), limit=self._settings.answer_limit)
        headers = {"Accept": "application/vnd.github+json"} | ({"If-None-Match": etag} if etag else {})
        with pygithub(self._settings, exchange, self._carry_out) as requester:
            requester.requestJson("GET", path, parameters, headers)
        return exchange.result()

    def post(self, path: str, *, permit: Permit) -> Answer | Silence:
        """One POST without a body."""
        exchange = Exchange(allowance=self._allow(permit, fresh=True), limit=_SHORT_ANSWER)
        with pygithub(self._settings, exchange, self._carry_out) as requester:
            requester.requestJson("POST", path)
        return exchange.result()

    def dispatch(self, path: str, dispatch: Dispatch, *, permit: Permit) -> Answer | Silence:
        """One workflow dispatch, if PyGithub makes exactly these bytes of it; otherwise nothing is sent."""
        exchange = Exchange(
            allowance=self._allow(permit, fresh=True),
            limit=_SHORT_ANSWER,
            path=self._prefix + path,
            body=dispatch.body(),
        )
        with pygithub(self._settings, exchange, self._carry_out) as requester:
            # Made from what we know and `completed`, so that PyGithub does not look it up first.
            workflow = Workflow(requester, {}, {"url": path.removesuffix("/dispatches")}, completed=True)
            if dispatch.return_run_details:
                workflow.create_dispatch(dispatch.ref, dispatch.inputs, throw=True, return_run_details=True)
            else:
                workflow.create_dispatch(dispatch.ref, dispatch.inputs, throw=True)
        return exchange.result()

    def close(self) -> None:
        self._adapter.close()
        self._session.close()

    def _allow(self, permit: Permit, *, fresh: bool) -> Allowance:
        return Allowance(
            permit=permit,
            connect=self._settings.connect_timeout.total_seconds(),
            read=self._settings.read_timeout.total_seconds(),
            fresh=fresh,
        )

    def _carry_out(self, exchange: Exchange, prepared: requests.PreparedRequest) -> None:
        if exchange.allowance.permit.remaining() <= 0:
            exchange.silence("its time was over before a thread was free for it")
            return
        token = ALLOWANCE.set(exchange.allowance)
        try:
            exchange.record = self._send(exchange, prepared)
        except _TooLarge:
            exchange.silence(f"the answer has more than {exchange.limit} bytes", again=60.0)
        except NotPermitted as refusal:
            exchange.silence(str(refusal))
        except (RequestException, HTTPError, OSError) as error:
            exchange.silence(*_reason(error, sent=exchange.allowance.permit.taken))
        finally:
            ALLOWANCE.reset(token)

    def _send(self, exchange: Exchange, prepared: requests.PreparedRequest) -> Answer:
        environment = self._session.merge_environment_settings(prepared.url or "", {}, True, True, None)
        # The adapter, not the session: a session would read a redirection's body whole, and keep cookies.
        response = self._adapter.send(
            prepared,
            stream=True,
            timeout=(exchange.allowance.connect, exchange.allowance.read),
            verify=environment["verify"],
            # What is on this machine is never reached through a proxy, whatever the environment says.
            proxies={} if self._at_home else environment["proxies"],
        )
        body = _read(response, exchange.limit)
        headers = {name.lower(): value for name, value in response.headers.items()}
        # A server that repeats our credential would put it into errors and logs.
        return Answer(status=response.status_code, headers=headers, body=body.replace(self._secret, b"***"))


def _read(response: requests.Response, limit: int) -> bytes:
    """The whole body, unpacked. Raises `_TooLarge`; closing an answer that was not read whole closes its connection."""
    body = bytearray()
    complete = False
    try:
        for chunk in response.iter_content(_CHUNK):
            body += chunk
            if len(body) > limit:
                break
        complete = len(body) <= limit
    finally:
        response.close()
    if not complete:
        raise _TooLarge
    return bytes(body)


def _reason(error: Exception, *, sent: bool) -> tuple[str, float | None]:
    """What went wrong, and after how many seconds another try makes sense.

    In words of ours, since the error itself holds the request with its credential, and must not go any further.
    """
    if isinstance(error, SSLError):
        return "the server's certificate or its TLS is not acceptable", None
    if isinstance(error, ProxyError):
        return "the proxy that this machine's environment names could not be used", 30.0
    if isinstance(error, Timeout | TimeoutError):
        return "no complete answer came in time" if sent else "no connection came about in time", 5.0
    text = str(error).lower()
    words = next((words for sign, words in _SIGNS if sign in text), f"the connection failed ({type(error).__name__})")
    return words, 5.0
