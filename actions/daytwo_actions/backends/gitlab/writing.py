"""The writing half of a connection: each request once, within its permit, and never while GitLab says "wait"."""

import time
from collections.abc import Mapping

from pydantic import JsonValue

from daytwo_actions.backends.gitlab.settings import GitLabSettings
from daytwo_actions.backends.gitlab.transport import Transport
from daytwo_actions.backends.gitlab.wire.dispatch import Dispatch
from daytwo_actions.backends.http.permit import Permit
from daytwo_actions.backends.http.reading import Reading
from daytwo_actions.backends.http.workers import Workers
from daytwo_actions.backends.wire.answer import Answer, Silence


class Writing:
    def __init__(self, settings: GitLabSettings, transport: Transport, workers: Workers, reading: Reading) -> None:
        self._settings = settings
        self._transport = transport
        self._workers = workers
        self._reading = reading

    async def dispatch(self, project: str, dispatch: Dispatch, *, seconds: float) -> Answer | Silence:
        """Create the pipeline; by the project's trigger token if it was frozen for that."""
        if (held := self._reading.held()) is not None:
            return held
        token = self._settings.trigger_tokens.get(project)
        if dispatch.triggered and token is None:
            reason = f"it was planned with a trigger token of {project}, and this connection has none any more"
            return Silence(sent=False, reason=reason, again=None)
        secret = token.get_secret_value() if token is not None and dispatch.triggered else None
        permit, started = Permit(seconds), time.monotonic()
        result = await self._workers.send(
            permit, lambda: self._transport.dispatch(dispatch, permit=permit, token=secret)
        )
        return self._reading.note("dispatch", result, started)

    async def post(self, operation: str, path: str, document: Mapping[str, JsonValue]) -> Answer | Silence:
        if (held := self._reading.held()) is not None:
            return held
        permit, started = Permit(self._settings.total_timeout.total_seconds()), time.monotonic()
        result = await self._workers.send(permit, lambda: self._transport.post(path, document, permit=permit))
        return self._reading.note(operation, result, started)
