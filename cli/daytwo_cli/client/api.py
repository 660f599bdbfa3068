"""The HTTP door: one request, one checked answer. The only module of the commands that speaks HTTP."""

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Generic, TypeVar

import httpx
from pydantic import BaseModel, JsonValue, ValidationError

from daytwo_cli.client.logins import Login
from daytwo_cli.client.problems import error_of
from daytwo_cli.client.server import Server, is_loopback
from daytwo_cli.errors import CliError, Unreachable

Shape = TypeVar("Shape", bound=BaseModel)
Query = Mapping[str, str | int | bool | None]

_PREFIX: Final = "/api/v1"
_PAUSES: Final = (0.2, 0.6, 1.5)  # seconds before another try of what may be tried again
_AGAIN: Final = (httpx.codes.BAD_GATEWAY, httpx.codes.SERVICE_UNAVAILABLE, httpx.codes.GATEWAY_TIMEOUT)


@dataclass(frozen=True, slots=True)
class Answer(Generic[Shape]):
    """What the server answered: the checked view, and the text of it for --json."""

    view: Shape
    text: str


class Nothing(BaseModel):
    """An answer without content."""


def new_key() -> str:
    """An Idempotency-Key: one per thing that somebody wants, the same for each try to get it."""
    return f"cli-{uuid.uuid4()}"


class Api:
    """A server, asked as one person. Reading, and creating under a key, is tried again when nobody answers."""

    def __init__(
        self,
        server: Server,
        *,
        pause: Callable[[float], None] = time.sleep,
        stopped: Callable[[], None] = lambda: None,
    ) -> None:
        self.server = server
        self._pause = pause
        self._stopped = stopped  # told once when an answer says that everything is stopped
        self._told = False
        self._http = httpx.Client(
            base_url=server.url,
            timeout=httpx.Timeout(30, connect=5),
            trust_env=not is_loopback(server.url),  # no proxy between us and our own machine
            headers=_identity(server),
            follow_redirects=False,
        )

    def close(self) -> None:
        self._http.close()

    def get(self, path: str, shape: type[Shape], query: Query | None = None) -> Answer[Shape]:
        """Raises Refused or Unreachable."""
        known = {name: value for name, value in (query or {}).items() if value is not None}
        return self._checked(shape, lambda: self._http.get(_PREFIX + path, params=known), again=True)

    def post(
        self,
        path: str,
        shape: type[Shape],
        body: Mapping[str, JsonValue],
        *,
        key: str | None = None,
        reads: bool = False,
        titles: Mapping[str, str] | None = None,
    ) -> Answer[Shape]:
        """Raises Refused or Unreachable. Without a `key` it is sent once, unless it only `reads`."""
        headers = {"Idempotency-Key": key} if key else {}
        return self._checked(
            shape,
            lambda: self._http.post(_PREFIX + path, json=body, headers=headers),
            again=key is not None or reads,
            titles=titles,
        )

    def put(self, path: str, body: Mapping[str, JsonValue]) -> None:
        """Raises Refused or Unreachable. The same again changes nothing."""
        self._checked(Nothing, lambda: self._http.put(_PREFIX + path, json=body), again=True)

    def patch(self, path: str, shape: type[Shape], body: Mapping[str, JsonValue]) -> Answer[Shape]:
        """Raises Refused or Unreachable. The same again changes nothing."""
        return self._checked(shape, lambda: self._http.patch(_PREFIX + path, json=body), again=True)

    def delete(self, path: str, query: Query | None = None) -> None:
        """Raises Refused or Unreachable."""
        known = {name: value for name, value in (query or {}).items() if value is not None}
        self._checked(Nothing, lambda: self._http.delete(_PREFIX + path, params=known), again=True)

    def download(self, path: str, query: Query, to: Path | BinaryIO) -> int:
        """What the server answers, as it comes; how many bytes. A file is there whole, or not at all.

        Raises Refused or Unreachable.
        """
        known = {name: value for name, value in query.items() if value is not None}
        if not isinstance(to, Path):
            return self._pour(path, known, to)
        part = to.with_name(f"{to.name}.part")
        try:
            with part.open("wb") as file:
                size = self._pour(path, known, file)
            part.replace(to)
        except OSError as error:
            raise CliError(f"{to} cannot be written ({type(error).__name__}). Nothing was saved.") from None
        finally:
            part.unlink(missing_ok=True)
        return size

    def _pour(self, path: str, query: Query, to: BinaryIO) -> int:
        size = 0
        try:
            with self._http.stream("GET", _PREFIX + path, params=dict(query)) as answer:
                if answer.is_error:
                    answer.read()
                    raise error_of(answer)
                for piece in answer.iter_bytes():
                    size += to.write(piece)
        except httpx.HTTPError as error:
            raise self._silence(error) from None
        return size

    def sign_in(self, name: str) -> Login:
        """A session for one of the people that the server offers. Raises Refused or Unreachable."""
        self.post("/session", Nothing, {"name": name})
        return Login.model_validate({"name": name, "cookies": dict(self._http.cookies)})

    @contextmanager
    def stream(self, path: str, *, query: Query, last_event_id: str | None) -> Iterator[Iterator[str]]:
        """Lines of a stream of events. Raises Refused or Unreachable, also in the middle."""
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last_event_id} if last_event_id else {})
        timeout = httpx.Timeout(15, connect=5)  # a ping comes every 5 s
        try:
            with self._http.stream(
                "GET", _PREFIX + path, params=dict(query), headers=headers, timeout=timeout
            ) as answer:
                if answer.is_error:
                    answer.read()
                    raise error_of(answer)
                yield answer.iter_lines()
        except httpx.HTTPError as error:
            raise self._silence(error) from None

    def _checked(
        self,
        shape: type[Shape],
        ask: Callable[[], httpx.Response],
        *,
        again: bool,
        titles: Mapping[str, str] | None = None,
    ) -> Answer[Shape]:
        answer = self._ask(ask, again=again)
        if "Daytwo-Stopped" in answer.headers and not self._told:
            self._told = True
            self._stopped()
        if not answer.is_success:
            raise error_of(answer, titles=titles)
        try:
            return Answer(shape.model_validate_json(answer.content or b"{}"), answer.text)
        except ValidationError as error:
            raise Unreachable(
                f"{self.server.url} answered with something else than {shape.__name__} ({error.error_count()} faults). "
                "Is it a Daytwo server, and of the version of this command?"
            ) from None

    def _ask(self, ask: Callable[[], httpx.Response], *, again: bool) -> httpx.Response:
        for pause in (*_PAUSES, None):
            try:
                answer = ask()
            except httpx.HTTPError as error:
                if not again or pause is None:
                    raise self._silence(error, sent=not isinstance(error, httpx.ConnectError)) from None
            else:
                if not again or pause is None or answer.status_code not in _AGAIN:
                    return answer
            self._pause(pause)
        raise AssertionError("the last pause is None")

    def _silence(self, error: httpx.HTTPError, *, sent: bool = False) -> Unreachable:
        done = "Whether it was done is not known: look before you repeat it" if sent else "Nothing was done"
        return Unreachable(
            f"{self.server.url} does not answer ({type(error).__name__}). {done}. "
            "Is it running (`daytwo up`), and is the address right (DAYTWO_URL)?"
        )


def _identity(server: Server) -> dict[str, str]:
    """A token, or a session's cookie: with that one the server wants to know which page a request comes from."""
    if server.token is not None:
        return {"Authorization": f"Bearer {server.token.get_secret_value()}"}
    address = httpx.URL(server.url)
    origin = {"Origin": f"{address.scheme}://{address.netloc.decode()}"}
    if server.login is None:
        return origin
    pairs = (f"{name}={value.get_secret_value()}" for name, value in server.login.cookies.items())
    return {**origin, "Cookie": "; ".join(pairs)}
