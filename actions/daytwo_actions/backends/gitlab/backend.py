"""GitLab CI as a `Backend`: every method in one place, put together from its parts.

gitlab.com, a GitLab of one's own and the stand-in are the same to it; only the address differs.
"""

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

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
from daytwo_actions.backends.failures import BackendDenied
from daytwo_actions.backends.gitlab.controlling import Controlling
from daytwo_actions.backends.gitlab.following import Following
from daytwo_actions.backends.gitlab.job_log import JobLogs
from daytwo_actions.backends.gitlab.job_tree import Trees
from daytwo_actions.backends.gitlab.looking_up import LookingUp
from daytwo_actions.backends.gitlab.options import Options
from daytwo_actions.backends.gitlab.resolving import Resolving
from daytwo_actions.backends.gitlab.results import Results
from daytwo_actions.backends.gitlab.settings import GitLabSettings, signing_key
from daytwo_actions.backends.gitlab.transport import Transport
from daytwo_actions.backends.gitlab.wire import dispatch as dispatches
from daytwo_actions.backends.gitlab.wire import webhook
from daytwo_actions.backends.gitlab.wire.outcome import GITLAB, classify
from daytwo_actions.backends.gitlab.writing import Writing
from daytwo_actions.backends.http.reading import Observe, Reading
from daytwo_actions.backends.http.workers import Workers
from daytwo_actions.backends.pipelines import ListPage, PipelineInfo, PipelineInputs
from daytwo_actions.backends.tree import Artifact, GateId, GateVerdict, JobTree
from daytwo_actions.backends.wire.answer import Answer, Silence
from daytwo_forms.sources import Listed
from daytwo_store.ids import Corr, ExternalJobId, ExternalRunId

# GitLab's limits are of a minute and as its operator has set them; 5,000 an hour is far below those of gitlab.com.
TRAITS: Final = Traits(
    kind="gitlab",
    title="GitLab",
    live_logs=True,
    listing_lag=timedelta(seconds=60),
    requests_per_hour=5000,
    by_the_hour=False,
)


class GitLabBackend:
    """One connection to a GitLab. Made and used in one event loop; `close` it in the end."""

    def __init__(self, settings: GitLabSettings, *, observe: Observe, now: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._now = now
        self._workers = Workers(settings.name, reading=settings.read_threads, sending=settings.send_threads)
        self._transport = Transport(settings)
        self._reading = Reading(GITLAB, self._get, observe)
        self._writing = Writing(settings, self._transport, self._workers, self._reading)
        self._resolving = Resolving(self._reading, host=urlsplit(settings.base).netloc, max_inputs=settings.max_inputs)
        self._looking_up = LookingUp(settings, self._reading)
        self._following = Following(self._reading, self._resolving)
        self._trees = Trees(self._reading, self._following, answers_deployments=settings.approves_deployments)
        self._logs = JobLogs(settings, self._trees)
        self._results = Results(self._trees, self._following, self._logs)
        self._controlling = Controlling(self._writing, self._following, self._trees)
        self._options = Options(self._reading)

    async def _get(self, path: str, parameters: Mapping[str, str], etag: str | None) -> Answer | Silence:
        seconds = self._settings.total_timeout.total_seconds()
        return await self._workers.read(
            seconds, lambda permit: self._transport.get(path, parameters, permit=permit, etag=etag)
        )

    @property
    def traits(self) -> Traits:
        return TRAITS

    async def pipeline_file(self, target: Target, commit: str) -> str:
        return (await self._resolving.file(target, commit)).decode(errors="replace")

    async def resolve(self, target: Target) -> Pinned:
        return await self._resolving.resolve(target)

    def freeze(self, pinned: Pinned, inputs: Mapping[str, JsonValue], corr: Corr) -> FrozenRequest:
        triggered = pinned.target.project in self._settings.trigger_tokens
        return dispatches.freeze(pinned, inputs, corr, triggered=triggered, max_inputs=self._settings.max_inputs)

    async def find(self, marker: Marker, since: datetime) -> Listing:
        return await self._looking_up.find(marker, since)

    async def recognise(self, marker: Marker, run: ExternalRunId, since: datetime) -> Recognised | None:
        return await self._looking_up.recognise(marker, run, since)

    async def send(self, request: FrozenRequest, *, seconds: float) -> Sent:
        try:
            dispatch = dispatches.thaw(request)
        except (ValueError, KeyError, TypeError, AttributeError, BackendDenied) as error:
            return Refused(detail=f"The dispatch was not sent: {error}. It has to be planned and approved anew.")
        project = request.pinned.target.project
        result = await self._writing.dispatch(project, dispatch, seconds=seconds)
        return classify(result, project_id=request.pinned.project_id)

    async def read(self, runs: Sequence[tuple[Target, ExternalRunId]]) -> Sequence[ExternalState | None]:
        return await self._following.read(runs)

    async def jobs(self, target: Target, run: ExternalRunId) -> JobTree:
        return await self._trees.jobs(target.project, run)

    async def annotations(self, target: Target, job: ExternalJobId) -> Sequence[str]:
        return await self._trees.annotations(target.project, job)

    async def logs(self, target: Target, run: ExternalRunId, job: ExternalJobId) -> AsyncIterator[bytes]:
        async with aclosing(self._logs.log(target.project, job)) as pieces:
            async for piece in pieces:
                yield piece

    async def outputs(self, target: Target, run: ExternalRunId) -> Mapping[str, JsonValue] | None:
        return await self._results.outputs(target.project, run)

    async def artifacts(self, target: Target, run: ExternalRunId) -> Sequence[Artifact]:
        return await self._results.artifacts(target.project, run)

    async def answer(
        self, target: Target, run: ExternalRunId, gate: GateId, verdict: GateVerdict, *, comment: str
    ) -> None:
        await self._controlling.answer(target.project, gate, verdict, comment=comment)

    async def cancel(self, target: Target, run: ExternalRunId, *, force: bool = False) -> None:
        await self._controlling.cancel(target.project, run, force=force)

    async def pipelines(self, project: str, *, ref: str | None = None) -> Sequence[PipelineInfo]:
        return [await self._resolving.pipeline(project, ref)]

    async def parameters(self, target: Target) -> PipelineInputs:
        if not target.ref:
            target = replace(target, ref=(await self._resolving.project(target.project)).default_branch or "")
        _, found = await self._resolving.configuration(target)
        return replace(found.read, ref=target.ref)

    async def names(self, listed: Listed, project: str, *, search: str, cursor: str | None) -> ListPage:
        return await self._options.page(listed, project, search=search, cursor=cursor)

    def webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[Hint]:
        secrets = webhook.Secrets(
            plain=[secret.get_secret_value().encode() for secret in self._settings.webhook_secrets],
            keys=[signing_key(token.get_secret_value()) for token in self._settings.signing_tokens],
        )
        return webhook.hints(headers, body, secrets, now=self._now())

    def budget(self) -> Budget | None:
        return self._reading.limits.budget()

    def close(self) -> None:
        self._workers.close()
        self._transport.close()
