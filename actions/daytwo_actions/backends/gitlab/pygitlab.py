"""python-gitlab with its sending in our hands.

python-gitlab 8.6 as it comes would (read in its `client.py`, and seen in tests/actions/backends/gitlab):

- sleep and ask again up to ten times after a 429, inside the call, unless each call says otherwise;
- ask again after 5xx, time-outs and dropped connections, if a caller sets one flag;
- let `requests` follow redirections, with the token in a header that `requests` does not take away on another host;
- read answers of any size for any time.

So its session is one of ours. It prepares what python-gitlab wants to send, has it carried out once within the
permit of the exchange that this thread is busy with, and records what happened. What python-gitlab then makes of the
answer is not used: the record decides.
"""

from contextlib import suppress
from contextvars import ContextVar
from typing import Any, Final

import gitlab
import requests
from gitlab.v4.objects import Project
from pydantic import JsonValue

from daytwo_actions.backends.gitlab.settings import GitLabSettings
from daytwo_actions.backends.http.sender import Exchange, Sender
from daytwo_actions.backends.wire.answer import Answer

# Between a call of python-gitlab and the request that it makes nothing else can be handed over.
_EXCHANGE: Final[ContextVar[Exchange]] = ContextVar("exchange")


class _Stop(Exception):
    """Ends python-gitlab's handling of an answer."""


class PyGitLab:
    """One client for all threads: it keeps nothing of a request. Raises nothing; the exchange has it all."""

    def __init__(self, settings: GitLabSettings, sender: Sender) -> None:
        self._client = gitlab.Gitlab(
            settings.base,
            private_token=settings.token.get_secret_value(),
            user_agent="daytwo",
            retry_transient_errors=False,
            timeout=1,  # not used: the connection has limits of its own
            session=_OneRequest(sender),
        )

    def request(
        self,
        exchange: Exchange,
        verb: str,
        path: str,
        *,
        parameters: dict[str, str] | None = None,
        document: dict[str, JsonValue] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        token = _EXCHANGE.set(exchange)
        try:
            with suppress(Exception):
                self._client.http_request(
                    verb,
                    path,
                    query_data=parameters,
                    post_data=document,
                    obey_rate_limit=False,
                    max_retries=0,
                    extra_headers=headers,
                )
        finally:
            _EXCHANGE.reset(token)

    def create_pipeline(self, exchange: Exchange, project: str, document: dict[str, JsonValue]) -> None:
        """By the credential of the connection. `project` is its id."""
        token = _EXCHANGE.set(exchange)
        try:
            with suppress(Exception):
                self._project(project).pipelines.create(document, obey_rate_limit=False, max_retries=0)
        finally:
            _EXCHANGE.reset(token)

    def trigger_pipeline(self, exchange: Exchange, project: str, document: dict[str, Any]) -> None:
        """By the trigger token that the document has in it."""
        token = _EXCHANGE.set(exchange)
        try:
            with suppress(Exception):
                self._project(project).trigger_pipeline(
                    document["ref"],
                    document["token"],
                    document["variables"],
                    document["inputs"],
                    obey_rate_limit=False,
                    max_retries=0,
                )
        finally:
            _EXCHANGE.reset(token)

    def _project(self, number: str) -> Project:
        """Made from what we know, so that python-gitlab does not look it up first."""
        return self._client.projects.get(int(number), lazy=True)


class _OneRequest(requests.Session):
    """What python-gitlab takes for a session. A second request in one exchange would find the permit taken."""

    def __init__(self, sender: Sender) -> None:
        # The parent's is left out: there are no cookies, no redirections and no adapters in this one.
        self._sender = sender

    def request(self, method: str | bytes, url: str | bytes, *_: Any, **given: Any) -> requests.Response:
        exchange = _EXCHANGE.get()
        prepared = requests.Request(
            str(method).upper(),
            str(url),
            headers=dict(given["headers"]) | {"Accept-Encoding": "gzip"},
            params=given.get("params"),
            json=given.get("json"),
            auth=given.get("auth"),
        ).prepare()
        if exchange.path is not None and (prepared.path_url, prepared.body) != (exchange.path, exchange.body):
            exchange.silence("python-gitlab would have sent something else than what was frozen", again=None)
            raise _Stop
        self._sender.carry_out(exchange, prepared)
        if not isinstance(exchange.record, Answer) or 300 <= exchange.record.status < 400:
            raise _Stop
        return _response(exchange.record)


def _response(answer: Answer) -> requests.Response:
    response = requests.Response()
    response.status_code = answer.status
    response.headers.update(answer.headers)
    response._content = answer.body
    return response
