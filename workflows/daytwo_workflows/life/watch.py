"""What is held for a connection, once in all processes: its poller, and its stream of events where it has one."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from daytwo_actions.backends.failures import BackendDenied, BackendUnreachable
from daytwo_actions.backends.some import Streaming
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.polling import Poller

log = structlog.get_logger()
_ROUNDS: Final = 1_800  # glances; then the workflow begins anew, so that its history stays short
_PAUSES: Final = (1.0, 2.0, 5.0, 15.0, 30.0)  # seconds before a stream is opened again; the last repeats


async def watch(
    life: Life, connection: str, rest: Callable[[float], Awaitable[bool]], beat: Callable[[], None]
) -> None:
    """Poll for a while. Returns by itself; the workflow calls it again.

    `rest` waits so many seconds, and says whether to go on; `beat` is a sign of life, given for each read and each run.
    """
    poller = Poller(life, connection, beat)
    listening = asyncio.create_task(_listen(life, connection, poller))
    try:
        for _ in range(_ROUNDS):
            if not await rest(await poller.glance()):
                return
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def _listen(life: Life, connection: str, poller: Poller) -> None:
    """Hold the stream of a connection that has one, of the projects in which something is open.

    Whenever it was lost everything is looked at again: what was told meanwhile was told to nobody.
    """
    backend: object = life.backends.get(connection)
    if not isinstance(backend, Streaming):
        return
    failures = 0
    while True:
        projects = sorted(project.name for project in poller.projects)
        if not projects:
            poller.streams = "nothing to listen for"
            await asyncio.sleep(life.windows.glance_every.total_seconds())
            continue
        lost = await _hear(backend, projects, poller, life.windows.glance_every.total_seconds())
        failures = failures + 1 if lost else 0
        if lost:
            poller.streams = f"lost: {lost}"
            await asyncio.sleep(_PAUSES[min(failures, len(_PAUSES)) - 1])
        else:
            await asyncio.sleep(life.windows.glance_every.total_seconds())
        poller.everything_is_due()


async def _hear(backend: Streaming, projects: list[str], poller: Poller, every: float) -> str | None:
    """Listen until the stream ends, or other projects matter: then None, else why it was lost."""
    poller.streams = f"listening to {len(projects)} {'project' if len(projects) == 1 else 'projects'}"

    async def hear() -> None:
        async with contextlib.aclosing(backend.listen(projects)) as hints:  # type: ignore[type-var]  # it is a generator
            async for hint in hints:
                poller.hint(hint)

    task = asyncio.create_task(hear())
    try:
        while not task.done():
            await asyncio.wait({task}, timeout=every)
            if sorted(project.name for project in poller.projects) != projects:
                return None
        await task
    except (BackendUnreachable, BackendDenied) as error:
        return error.detail
    except Exception as error:
        log.exception("watch.stream_failed")
        return type(error).__name__
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return None
