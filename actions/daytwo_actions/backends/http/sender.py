"""One prepared request of `requests`, sent once within a permit and read up to a limit, whatever comes of it.

The libraries that vendors' clients stand on would try again, follow redirections with the credential, keep cookies
and read answers of any size for any time. This does none of it, and raises for nothing that the line does.
"""

from dataclasses import dataclass
from typing import Final

import requests
from requests.exceptions import ProxyError, RequestException, SSLError, Timeout
from urllib3.exceptions import HTTPError

from daytwo_actions.backends.http.certificates import Certificates
from daytwo_actions.backends.http.line import ALLOWANCE, Allowance, WatchedAdapter
from daytwo_actions.backends.http.permit import NotPermitted, Permit
from daytwo_actions.backends.http.settings import HttpSettings
from daytwo_actions.backends.wire.answer import Answer, Silence

_CHUNK: Final = 65_536  # bytes

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


@dataclass(kw_only=True, slots=True)
class Exchange:
    """One request, and what became of it."""

    allowance: Allowance
    limit: int  # bytes of the answer
    path: str | None = None  # with the base's path; when given, nothing else may be sent
    body: bytes | None = None
    record: Answer | Silence | None = None

    def silence(self, reason: str, again: float | None = 5.0) -> None:
        self.record = Silence(sent=self.allowance.permit.taken, reason=reason, again=again)

    def result(self) -> Answer | Silence:
        if self.record is None:
            self.silence("the vendor's library did not take the request", again=None)
        assert self.record is not None
        return self.record


class Sender:
    """The way to one CI system. Used by many threads; every method blocks its thread.

    `elsewhere`: to what belongs to it and need not be the same server.
    """

    def __init__(self, settings: HttpSettings, *, elsewhere: bool = False) -> None:
        self._settings = settings
        self._credentials = tuple(credential.encode() for credential in settings.credentials())
        # Asked only what the environment says of proxies; it sends nothing.
        self._session = requests.Session()
        self._adapter = WatchedAdapter(
            settings.read_threads + settings.send_threads, Certificates(settings.ca_file, elsewhere=elsewhere)
        )

    def allow(self, permit: Permit, *, fresh: bool) -> Allowance:
        """What a request may do; `fresh` for writes, see there."""
        return Allowance(
            permit=permit,
            connect=self._settings.connect_timeout.total_seconds(),
            read=self._settings.read_timeout.total_seconds(),
            fresh=fresh,
        )

    def carry_out(self, exchange: Exchange, prepared: requests.PreparedRequest) -> None:
        """Send it, and write into the exchange what became of it."""
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
            # What is on this machine is never reached through a proxy, whatever the environment says.
            proxies={} if self._settings.at_home else environment["proxies"],
        )
        body = _read(response, exchange.limit)
        headers = {name.lower(): value for name, value in response.headers.items()}
        # A server that repeats our credential would put it into errors and logs.
        for credential in (*self._credentials, *_carried(prepared)):
            body = body.replace(credential, b"***")
        return Answer(status=response.status_code, headers=headers, body=body)

    def close(self) -> None:
        self._adapter.close()
        self._session.close()


def _carried(prepared: requests.PreparedRequest) -> list[bytes]:
    """The credential of this very request, which may be a short-lived one."""
    value = prepared.headers.get("Authorization") or ""
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    return [word.encode() for word in text.split()[1:]]


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
    if isinstance(error, FileNotFoundError):
        return "the file of certificates that ca_file or the environment names is not there", None
    if isinstance(error, ProxyError):
        return "the proxy that this machine's environment names could not be used", 30.0
    if isinstance(error, Timeout | TimeoutError):
        return "no complete answer came in time" if sent else "no connection came about in time", 5.0
    text = str(error).lower()
    words = next((words for sign, words in _SIGNS if sign in text), f"the connection failed ({type(error).__name__})")
    return words, 5.0
