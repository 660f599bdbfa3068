"""JSON objects of an issuer, within the limits of its connection: no redirection, no more bytes than make sense."""

import json
from collections.abc import Mapping
from typing import Any, Final

import requests

from daytwo_actions.backends.failures import BackendUnreachable
from daytwo_actions.backends.http.permit import Permit
from daytwo_actions.backends.http.sender import Exchange, Sender
from daytwo_actions.backends.http.settings import HttpSettings
from daytwo_actions.backends.wire.answer import Answer

_LIMIT: Final = 256 * 1024  # bytes of an answer


class Reading:
    """Every method blocks its thread. `what` names in errors what is read."""

    def __init__(self, settings: HttpSettings, what: str) -> None:
        self._settings = settings
        self._sender = Sender(settings, elsewhere=True)
        self._what = what

    def json(self, address: str) -> Mapping[str, Any]:
        """A GET without any credential. Raises `BackendUnreachable`."""
        result = self.ask(requests.Request("GET", address, headers={"accept": "application/json"}), fresh=False)
        if result.status != 200:
            raise self.wrong(f"it answered {result.status}")
        return self.object(result)

    def ask(self, request: requests.Request, *, fresh: bool) -> Answer:
        """Whatever it answers; `fresh` for what may not be sent twice. Raises `BackendUnreachable`."""
        seconds = self._settings.total_timeout.total_seconds()
        exchange = Exchange(allowance=self._sender.allow(Permit(seconds), fresh=fresh), limit=_LIMIT)
        self._sender.carry_out(exchange, request.prepare())
        result = exchange.result()
        if not isinstance(result, Answer):
            raise self.wrong(result.reason)
        return result

    def object(self, answer: Answer) -> Mapping[str, Any]:
        """The JSON object in an answer. Raises `BackendUnreachable`."""
        try:
            value = json.loads(answer.body)
        except (ValueError, RecursionError):
            raise self.wrong("it answered something that is not JSON") from None
        if not isinstance(value, dict):
            raise self.wrong("it answered something else than an object")
        return value

    def wrong(self, why: str) -> BackendUnreachable:
        return BackendUnreachable(f"{self._what} could not be read: {why}.")

    def close(self) -> None:
        self._sender.close()
