"""Argo Workflows as a `Backend`: every method in one place, put together from its parts.

A real Argo Server and the stand-in are the same to it; only the address differs.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Final

from pydantic import JsonValue

from daytwo_actions.backends.argo.controlling import Controlling
from daytwo_actions.backends.argo.dispatching import Dispatching
from daytwo_actions.backends.argo.events import Events
from daytwo_actions.backends.argo.finding import Finding
from daytwo_actions.backends.argo.following import Following
from daytwo_actions.backends.argo.job_log import JobLog
from daytwo_actions.backends.argo.listing import Offers
from daytwo_actions.backends.argo.resolving import Resolving
from daytwo_actions.backends.argo.sender import Call, Sender
from daytwo_actions.backends.argo.settings import ArgoSettings
from daytwo_actions.backends.argo.streaming import Streaming
from daytwo_actions.backends.argo.wire import creation
from daytwo_actions.backends.argo.wire.creator import creator_of
from daytwo_actions.backends.argo.wire.outcome import ARGO
from daytwo_actions.backends.base import (
    Budget,
    ExternalState,
    FrozenRequest,
    Hint,
    Listing,
    Marker,
    Pinned,
    Recognised,
    Sent,
    Target,
    Traits,
)
from daytwo_actions.backends.failures import WebhookRefused
from daytwo_actions.backends.http.reading import Observe, Reading
from daytwo_actions.backends.pipelines import ListPage, PipelineInfo, PipelineInputs
from daytwo_actions.backends.tree import Artifact, GateId, GateVerdict, JobTree
from daytwo_actions.backends.wire.answer import Answer, Silence
from daytwo_forms.sources import Listed
from daytwo_store.ids import Corr, ExternalJobId, ExternalRunId

# Argo Server takes 1,000 requests a second; what they cost is Kubernetes' API behind it, which nobody names a limit of.
TRAITS: Final = Traits(
    kind="argo",
    title="Argo Workflows",
    live_logs=True,
    repeatable=True,
    listing_lag=timedelta(0),
    requests_per_hour=5000,
    by_the_hour=False,
)


class ArgoBackend:
    """One connection to an Argo Server. Made and used in one event loop; it keeps no connection open."""

    def __init__(self, settings: ArgoSettings, *, observe: Observe) -> None:
        page, seconds = settings.shown, settings.total_timeout.total_seconds()
        self._seconds = seconds
        self._sender = Sender(settings)
        self._at_once = asyncio.Semaphore(settings.read_threads)  # reads queue here, where their time does not run yet
        reading = self._reading = Reading(ARGO, self._get, observe)
        creator = creator_of(settings.token.get_secret_value())
        self._finding = Finding(reading, creator=creator, page=page)
        self._resolving = Resolving(reading)
        self._dispatching = Dispatching(self._sender, reading, creator=creator, page=page)
        self._following = Following(reading, self._finding, page=page)
        self._controlling = Controlling(self._sender, reading, self._finding, seconds=seconds)
        streaming = Streaming(self._sender, reading)
        self._job_log = JobLog(settings, self._finding, streaming)
        self._events = Events(settings, reading, streaming)
        self._offers = Offers(reading, self._resolving, page=page)

    async def _get(self, path: str, parameters: Mapping[str, str], etag: str | None) -> Answer | Silence:
        async with self._at_once:
            return await self._sender.read(Call(method="GET", path=path, parameters=parameters), seconds=self._seconds)

    @property
    def traits(self) -> Traits:
        return TRAITS

    async def resolve(self, target: Target) -> Pinned:
        return await self._resolving.resolve(target)

    def freeze(self, pinned: Pinned, inputs: Mapping[str, JsonValue], corr: Corr) -> FrozenRequest:
        return creation.freeze(pinned, inputs, corr)

    async def find(self, marker: Marker, since: datetime) -> Listing:
        return await self._finding.by_marker(marker, since)

    async def recognise(self, marker: Marker, run: ExternalRunId, since: datetime) -> Recognised | None:
        return await self._finding.recognise(marker, run, since)

    async def send(self, request: FrozenRequest, *, seconds: float) -> Sent:
        return await self._dispatching.send(request, seconds=seconds)

    async def read(self, runs: Sequence[tuple[Target, ExternalRunId]]) -> Sequence[ExternalState | None]:
        return await self._following.read(runs)

    async def jobs(self, target: Target, run: ExternalRunId) -> JobTree:
        return await self._following.jobs(target.project, run)

    async def logs(self, target: Target, run: ExternalRunId, job: ExternalJobId) -> AsyncIterator[bytes]:
        async with aclosing(self._job_log.read(target.project, run, job)) as pieces:
            async for piece in pieces:
                yield piece

    async def outputs(self, target: Target, run: ExternalRunId) -> Mapping[str, JsonValue] | None:
        return await self._following.outputs(target.project, run)

    async def artifacts(self, target: Target, run: ExternalRunId) -> Sequence[Artifact]:
        return await self._following.artifacts(target.project, run)

    async def answer(
        self, target: Target, run: ExternalRunId, gate: GateId, verdict: GateVerdict, *, comment: str
    ) -> None:
        await self._controlling.answer(target.project, run, gate, verdict, comment=comment)

    async def annotations(self, target: Target, job: ExternalJobId) -> Sequence[str]:
        return ()  # what Argo says of a node stands in the job's `detail`

    async def cancel(self, target: Target, run: ExternalRunId, *, force: bool = False) -> None:
        await self._controlling.cancel(target.project, run, force=force)

    async def pipelines(self, project: str, *, ref: str | None = None) -> Sequence[PipelineInfo]:
        return await self._offers.pipelines(project)

    async def parameters(self, target: Target) -> PipelineInputs:
        return await self._offers.parameters(target)

    async def names(self, listed: Listed, project: str, *, search: str, cursor: str | None) -> ListPage:
        return await self._offers.names(listed, project, search=search, cursor=cursor)

    async def listen(self, projects: Sequence[str]) -> AsyncIterator[Hint]:
        async with aclosing(self._events.listen(projects)) as hints:
            async for hint in hints:
                yield hint

    def webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[Hint]:
        raise WebhookRefused(
            "The delivery was refused and nothing of it was kept: Argo Workflows sends no webhooks, its changes come "
            "by the stream of events that this connection listens to. A workflow that has results to report calls "
            "/ci/report from an exit handler."
        )

    def budget(self) -> Budget | None:
        return self._reading.limits.budget()

    def close(self) -> None:
        self._sender.close()
