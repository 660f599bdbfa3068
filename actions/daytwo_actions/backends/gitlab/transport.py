"""Requests to one GitLab with one credential, each sent once, within a permit, read up to a limit."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from pydantic import JsonValue

from daytwo_actions.backends.gitlab.pygitlab import PyGitLab
from daytwo_actions.backends.gitlab.settings import GitLabSettings
from daytwo_actions.backends.gitlab.wire.dispatch import Dispatch
from daytwo_actions.backends.http.permit import Permit
from daytwo_actions.backends.http.sender import Exchange, Sender
from daytwo_actions.backends.wire.answer import Answer, Silence

API: Final = "/api/v4"
_SHORT_ANSWER: Final = 1_000_000  # bytes; a creation is answered with one pipeline


class Transport:
    """Used by many threads; every method blocks its thread, and none raises for what the line does."""

    def __init__(self, settings: GitLabSettings) -> None:
        self._settings = settings
        self._prefix = urlsplit(settings.base).path + API
        self._sender = Sender(settings)
        self._client = PyGitLab(settings, self._sender)

    def get(
        self, path: str, parameters: Mapping[str, str], *, permit: Permit, etag: str | None = None
    ) -> Answer | Silence:
        """One GET. With `etag` the answer may be a 304 without a body."""
        exchange = Exchange(allowance=self._sender.allow(permit, fresh=False), limit=self._settings.answer_limit)
        headers = {"If-None-Match": etag} if etag else None
        self._client.request(exchange, "get", path, parameters=dict(parameters), headers=headers)
        return exchange.result()

    def post(self, path: str, document: Mapping[str, JsonValue], *, permit: Permit) -> Answer | Silence:
        """One POST. Its document goes in the body, never into the address, as python-gitlab's `play` would have it."""
        exchange = Exchange(allowance=self._sender.allow(permit, fresh=True), limit=_SHORT_ANSWER)
        self._client.request(exchange, "post", path, document=dict(document))
        return exchange.result()

    def dispatch(self, dispatch: Dispatch, *, permit: Permit, token: str | None = None) -> Answer | Silence:
        """One creation, if python-gitlab makes exactly these bytes of it; otherwise nothing is sent."""
        exchange = Exchange(
            allowance=self._sender.allow(permit, fresh=True),
            limit=_SHORT_ANSWER,
            path=self._prefix + dispatch.path,
            body=dispatch.body(token),
        )
        document = dispatch.document(token)
        if dispatch.triggered:
            self._client.trigger_pipeline(exchange, dispatch.project_id, document)
        else:
            self._client.create_pipeline(exchange, dispatch.project_id, document)
        return exchange.result()

    def close(self) -> None:
        self._sender.close()
