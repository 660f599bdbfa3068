"""GitHub Actions as a `Backend`: every method in one place, put together from its parts.

Real GitHub, GitHub Enterprise Server and the stand-in are the same to it; only the address differs.
"""

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Final

from github.Auth import Auth
from pydantic import JsonValue

from daytwo_actions.backends.base import (
    Budget,
    ExternalState,
    FrozenRequest,
    Hint,
    Listing,
    Marker,
    Pinned,
    Recognised,
    Refused,
    Sent,
    Target,
    Traits,
)
from daytwo_actions.backends.failures import BackendDenied, BackendUnreachable
from daytwo_actions.backends.github.access import Access
from daytwo_actions.backends.github.describing import Describing
from daytwo_actions.backends.github.following import Cancelling, Following
from daytwo_actions.backends.github.job_log import JobLogs
from daytwo_actions.backends.github.looking_up import LookingUp
from daytwo_actions.backends.github.options import KINDS, Options
from daytwo_actions.backends.github.resolving import Resolving
from daytwo_actions.backends.github.results import Results
from daytwo_actions.backends.github.settings import GitHubSettings
from daytwo_actions.backends.github.transport import Transport
from daytwo_actions.backends.github.waiting import Waiting
from daytwo_actions.backends.github.wire import dispatch as dispatches
from daytwo_actions.backends.github.wire import webhook
from daytwo_actions.backends.github.wire.outcome import GITHUB, classify
from daytwo_actions.backends.github.writing import Writing
from daytwo_actions.backends.http.permit import Permit
from daytwo_actions.backends.http.reading import Observe, Reading
from daytwo_actions.backends.http.workers import Workers
from daytwo_actions.backends.pipelines import ListPage, PipelineInfo, PipelineInputs
from daytwo_actions.backends.some import Question
from daytwo_actions.backends.tree import Artifact, GateId, GateVerdict, JobTree
from daytwo_actions.backends.wire.answer import Answer, Silence
from daytwo_forms.sources import Listed
from daytwo_store.ids import Corr, ExternalJobId, ExternalRunId

TRAITS: Final = Traits(
    kind="github", title="GitHub", live_logs=False, listing_lag=timedelta(seconds=120), requests_per_hour=5000
)


class GitHubBackend:
    """One connection to a GitHub. Made and used in one event loop; `close` it in the end."""

    def __init__(self, settings: GitHubSettings, *, observe: Observe) -> None:
        self._settings = settings
        self._seconds = settings.total_timeout.total_seconds()
        self._workers = Workers(settings.name, reading=settings.read_threads, sending=settings.send_threads)
        self._transport = Transport(settings)
        self._observe = observe
        self._access = Access(settings, self._as_app)
        self._reading = Reading(GITHUB, self._get, observe)
        self._writing = Writing(self._transport, self._workers, self._reading, self._access)
        self._resolving = Resolving(self._reading)
        self._options = Options(self._reading)
        self._describing = Describing(self._reading, self._resolving, self._options, max_inputs=settings.max_inputs)
        self._looking_up = LookingUp(settings, self._reading, self._access)
        self._waiting = Waiting(self._reading, self._writing)
        self._following = Following(self._reading, self._waiting)
        self._cancelling = Cancelling(self._writing, self._following)
        self._logs = JobLogs(settings, self._reading)
        self._results = Results(settings, self._reading, self._following)

    async def _get(self, path: str, parameters: Mapping[str, str], etag: str | None) -> Answer | Silence:
        """One GET; a second one only after a 401 to an App's token."""

        async def get(auth: Auth) -> Answer | Silence:
            return await self._workers.read(
                self._seconds, lambda permit: self._transport.get(path, parameters, permit=permit, auth=auth, etag=etag)
            )

        auth = await self._access.enter(path)
        result = await get(auth)
        if isinstance(result, Answer) and result.status == 401 and self._access.refused(path, auth):
            result = await get(await self._access.enter(path))
        return result

    async def _as_app(self, operation: str, method: str, path: str, auth: Auth) -> Answer | Silence:
        """One request with the App's signature; it has a rate limit of its own."""
        started = time.monotonic()
        if method == "POST":
            permit = Permit(self._seconds)
            result = await self._workers.send(permit, lambda: self._transport.post(path, permit=permit, auth=auth))
        else:
            result = await self._workers.read(
                self._seconds, lambda permit: self._transport.get(path, {}, permit=permit, auth=auth)
            )
        status = result.status if isinstance(result, Answer) else None
        self._observe(operation, status, time.monotonic() - started, None)
        return result

    @property
    def traits(self) -> Traits:
        return TRAITS

    async def pipeline_file(self, target: Target, commit: str) -> str:
        return (await self._resolving.content(target, commit)).decode(errors="replace")

    async def resolve(self, target: Target) -> Pinned:
        return await self._resolving.resolve(target)

    def freeze(self, pinned: Pinned, inputs: Mapping[str, JsonValue], corr: Corr) -> FrozenRequest:
        settings = self._settings
        return dispatches.freeze(
            pinned,
            inputs,
            corr,
            max_inputs=settings.max_inputs,
            api_version=settings.api_version,
            run_details=settings.run_details,
        )

    async def find(self, marker: Marker, since: datetime) -> Listing:
        return await self._looking_up.find(marker, since)

    async def recognise(self, marker: Marker, run: ExternalRunId, since: datetime) -> Recognised | None:
        return await self._looking_up.recognise(marker, run, since)

    async def send(self, request: FrozenRequest, *, seconds: float) -> Sent:
        try:
            dispatch = dispatches.thaw(request)
        except (ValueError, KeyError, TypeError, BackendDenied) as error:
            return Refused(detail=f"The dispatch was not sent: {error}. It has to be planned and approved anew.")
        try:
            return classify(await self._writing.dispatch(request.path, dispatch, seconds=seconds))
        except BackendUnreachable as error:
            return Refused(detail=f"The dispatch was not sent: {error.detail}", retry_after=error.retry_after or 5.0)
        except BackendDenied as error:
            return Refused(detail=f"The dispatch was not sent: {error.detail}")

    async def read(self, runs: Sequence[tuple[Target, ExternalRunId]]) -> Sequence[ExternalState | None]:
        return await self._following.read(runs)

    async def jobs(self, target: Target, run: ExternalRunId) -> JobTree:
        return await self._following.jobs(target.project, run)

    async def annotations(self, target: Target, job: ExternalJobId) -> Sequence[str]:
        return await self._following.annotations(target.project, job)

    async def logs(self, target: Target, run: ExternalRunId, job: ExternalJobId) -> AsyncIterator[bytes]:
        async with aclosing(self._logs.pieces(target.project, job)) as pieces:
            async for piece in pieces:
                yield piece

    async def cancel(self, target: Target, run: ExternalRunId, *, force: bool = False) -> None:
        await self._cancelling.cancel(target.project, run, force=force, seconds=self._seconds)

    async def outputs(self, target: Target, run: ExternalRunId) -> Mapping[str, JsonValue] | None:
        return await self._results.outputs(target.project, run)

    async def artifacts(self, target: Target, run: ExternalRunId) -> Sequence[Artifact]:
        return await self._results.artifacts(target.project, run)

    async def answer(
        self, target: Target, run: ExternalRunId, gate: GateId, verdict: GateVerdict, *, comment: str
    ) -> None:
        await self._waiting.answer(target.project, run, gate, verdict, comment=comment, seconds=self._seconds)

    async def pipelines(self, project: str, *, ref: str | None = None) -> Sequence[PipelineInfo]:
        return await self._describing.pipelines(project, ref)

    async def parameters(self, target: Target) -> PipelineInputs:
        return await self._describing.parameters(target)

    async def names(self, listed: Listed, project: str, *, search: str, cursor: str | None) -> ListPage:
        kind = KINDS.get(listed)
        if kind is None:
            raise BackendDenied(f"GitHub lists {', '.join(KINDS)} here, and not {listed}. Nothing was listed.")
        found, more = await self._options.page(project, kind, search=search, cursor=cursor)
        return ListPage(names=found, next_cursor=more)

    def webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[Hint]:
        secrets = [secret.get_secret_value().encode() for secret in self._settings.webhook_secrets]
        return webhook.hints(headers, body, secrets)

    def questions(self, headers: Mapping[str, str], body: bytes) -> Sequence[Question]:
        secrets = [secret.get_secret_value().encode() for secret in self._settings.webhook_secrets]
        return webhook.questions(headers, body, secrets)

    async def reply(self, question: Question, verdict: GateVerdict, *, comment: str) -> None:
        await self._waiting.reply(question, verdict, comment=comment, seconds=self._seconds)

    def budget(self) -> Budget | None:
        return self._reading.limits.budget()

    def close(self) -> None:
        self._workers.close()
        self._transport.close()
