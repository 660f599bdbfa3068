"""The stream of events of a namespace's workflows: it tells that something has changed, and reads prove what.

The server ends a watch when it likes; then the workflows are listed, since what happened meanwhile is in no stream.
https://argo-workflows.readthedocs.io/en/latest/rest-api/
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Final

from daytwo_actions.backends.argo.sender import Call
from daytwo_actions.backends.argo.settings import ArgoSettings
from daytwo_actions.backends.argo.streaming import Streaming
from daytwo_actions.backends.argo.wire import names
from daytwo_actions.backends.argo.wire.objects import LABEL_RUN, WorkflowList
from daytwo_actions.backends.argo.wire.stream import Lines, StreamFault, hint, hint_of
from daytwo_actions.backends.base import Hint
from daytwo_actions.backends.failures import BackendUnreachable
from daytwo_actions.backends.http.reading import Reading
from daytwo_actions.backends.http.recent import Recent

_SHORTEST: Final = 1.0  # seconds between the beginnings of two streams of a namespace
_REMEMBERED: Final = 4_096
_WAITING: Final = 1_000  # hints that nobody has taken yet
_LISTED: Final = 500  # workflows on a page
_MOST_PAGES: Final = 20
_FIELDS: Final = "metadata,items.metadata,items.status.phase"


class Events:
    def __init__(self, settings: ArgoSettings, reading: Reading, streaming: Streaming) -> None:
        self._settings = settings
        self._reading = reading
        self._streaming = streaming

    async def listen(self, projects: Sequence[str]) -> AsyncGenerator[Hint, None]:
        """Until one of the streams cannot be had any more: raises `BackendUnreachable`, `BackendDenied`."""
        hints: asyncio.Queue[Hint | BaseException] = asyncio.Queue(_WAITING)
        tasks = [asyncio.create_task(self._forward(project, hints)) for project in dict.fromkeys(projects)]
        try:
            while tasks:
                told = await hints.get()
                if isinstance(told, BaseException):
                    raise told
                yield told
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _forward(self, project: str, hints: asyncio.Queue[Hint | BaseException]) -> None:
        try:
            async with aclosing(self._of_project(project)) as told:
                async for one in told:
                    await hints.put(one)
        except Exception as error:  # noqa: BLE001 - raised again by whoever listens
            await hints.put(error)

    async def _of_project(self, project: str) -> AsyncGenerator[Hint, None]:
        seen: Recent[bool] = Recent(_REMEMBERED)
        first = True
        while True:
            began = time.monotonic()
            async with aclosing(self._round(project, relist=not first)) as told:
                async for one in told:
                    if seen.get(one.delivery) is None:
                        seen.put(one.delivery, True)
                        yield one
            first = False
            await asyncio.sleep(max(0.0, _SHORTEST - (time.monotonic() - began)))

    async def _round(self, project: str, *, relist: bool) -> AsyncGenerator[Hint, None]:
        if relist:
            async with aclosing(self._listed(project)) as listed:
                async for one in listed:
                    yield one
        async with aclosing(self._watched(project)) as stream:
            async for one in stream:
                yield one

    async def _listed(self, project: str) -> AsyncGenerator[Hint, None]:
        """All of them, page by page. Of more than that the rest is left to the poller, which reads all open runs."""
        what, more = f"the workflows of {project}", ""
        for _ in range(_MOST_PAGES):
            parameters = {"listOptions.labelSelector": LABEL_RUN, "listOptions.limit": str(_LISTED), "fields": _FIELDS}
            found = await self._reading.get(
                "workflows.relist",
                what,
                names.workflows(project),
                lambda answer: WorkflowList.model_validate_json(answer.body),
                {**parameters, "listOptions.continue": more} if more else parameters,
            )
            for one in found.items:
                yield hint_of(one.metadata, one.status.phase)
            more = found.metadata.more
            if not more:
                return

    async def _watched(self, project: str) -> AsyncGenerator[Hint, None]:
        """One stream, until the server ends it. Raises `BackendUnreachable`, `BackendDenied`."""
        call = Call(
            method="GET",
            path=names.events(project),
            parameters={
                "listOptions.labelSelector": LABEL_RUN,
                "fields": "result.type,result.object.metadata,result.object.status.phase",
            },
            accept="text/event-stream",  # anything else, even a list with this in it, gives another format
            silence=self._settings.stream_silence.total_seconds(),
        )
        what = f"the stream of the events of {project}"
        pieces = self._streaming.pieces(
            "workflows.watch", what, call, seconds=self._settings.total_timeout.total_seconds()
        )
        lines = Lines()
        try:
            async with aclosing(pieces):
                async for piece in pieces:
                    for line in lines.feed(piece):
                        if (one := hint(line)) is not None:
                            yield one
        except StreamFault as fault:
            if fault.status != 410:  # too old a version to go on from: begin anew
                raise BackendUnreachable(
                    f"Argo Workflows broke {what} off: {fault.detail}. It is begun anew; until then runs are polled."
                ) from None
