"""Requests to one GitHub, each with the credential handed in, sent once, within a permit, read up to a limit."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from github.Auth import Auth
from github.Workflow import Workflow
from pydantic import JsonValue

from daytwo_actions.backends.github.pygithub import pygithub
from daytwo_actions.backends.github.settings import GitHubSettings
from daytwo_actions.backends.github.wire.dispatch import Dispatch
from daytwo_actions.backends.http.permit import Permit
from daytwo_actions.backends.http.sender import Exchange, Sender
from daytwo_actions.backends.wire.answer import Answer, Silence

_SHORT_ANSWER: Final = 1_000_000  # bytes; a dispatch is answered with three fields


class Transport:
    """Used by many threads; every method blocks its thread, and none raises for what the line does."""

    def __init__(self, settings: GitHubSettings) -> None:
        self._settings = settings
        self._prefix = urlsplit(settings.base).path
        self._sender = Sender(settings)

    def get(
        self, path: str, parameters: Mapping[str, str], *, permit: Permit, auth: Auth, etag: str | None = None
    ) -> Answer | Silence:
        """One GET. With `etag` the answer may be a 304 without a body."""
        exchange = Exchange(allowance=self._sender.allow(permit, fresh=False), limit=self._settings.answer_limit)
        headers = {"Accept": "application/vnd.github+json"} | ({"If-None-Match": etag} if etag else {})
        with pygithub(self._settings, auth, exchange, self._sender.carry_out) as requester:
            requester.requestJson("GET", path, dict(parameters), headers)
        return exchange.result()

    def post(
        self, path: str, *, permit: Permit, auth: Auth, document: Mapping[str, JsonValue] | None = None
    ) -> Answer | Silence:
        """One POST, with a document or without a body."""
        exchange = Exchange(allowance=self._sender.allow(permit, fresh=True), limit=_SHORT_ANSWER)
        with pygithub(self._settings, auth, exchange, self._sender.carry_out) as requester:
            requester.requestJson("POST", path, None, None, None if document is None else dict(document))
        return exchange.result()

    def dispatch(self, path: str, dispatch: Dispatch, *, permit: Permit, auth: Auth) -> Answer | Silence:
        """One workflow dispatch, if PyGithub makes exactly these bytes of it; otherwise nothing is sent."""
        exchange = Exchange(
            allowance=self._sender.allow(permit, fresh=True),
            limit=_SHORT_ANSWER,
            path=self._prefix + path,
            body=dispatch.body(),
        )
        with pygithub(self._settings, auth, exchange, self._sender.carry_out) as requester:
            # Made from what we know and `completed`, so that PyGithub does not look it up first.
            workflow = Workflow(requester, {}, {"url": path.removesuffix("/dispatches")}, completed=True)
            if dispatch.return_run_details:
                workflow.create_dispatch(dispatch.ref, dispatch.inputs, throw=True, return_run_details=True)
            else:
                workflow.create_dispatch(dispatch.ref, dispatch.inputs, throw=True)
        return exchange.result()

    def close(self) -> None:
        self._sender.close()
