"""Threads for a library that blocks: reading and sending apart, and giving up that is certain.

Sending has threads of its own, so that slow reads never hold up a dispatch.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from daytwo_actions.backends.http.permit import Permit
from daytwo_actions.backends.wire.answer import Answer, Silence

_GRACE: Final = 0.5  # seconds for a thread whose time-out fires to say what happened

Work = Callable[[], Answer | Silence]


class Workers:
    """Bounded pools of threads for one connection."""

    def __init__(self, name: str, *, reading: int, sending: int) -> None:
        self._readers = ThreadPoolExecutor(reading, thread_name_prefix=f"{name}-read")
        self._senders = ThreadPoolExecutor(sending, thread_name_prefix=f"{name}-send")
        # Reads queue here, where their time does not run yet; a dispatch's time runs from the call.
        self._reading = asyncio.Semaphore(reading)

    async def read(self, seconds: float, work: Callable[[Permit], Answer | Silence]) -> Answer | Silence:
        """Do it within `seconds` of a thread being free for it."""
        async with self._reading:
            permit = Permit(seconds)
            return await self._run(self._readers, permit, lambda: work(permit))

    async def send(self, permit: Permit, work: Work) -> Answer | Silence:
        """Do it while the permit lasts. Cancelling this takes the permit back."""
        return await self._run(self._senders, permit, work)

    async def _run(self, pool: ThreadPoolExecutor, permit: Permit, work: Work) -> Answer | Silence:
        started = time.monotonic()
        try:
            future = pool.submit(work)
        except RuntimeError:
            return Silence(sent=False, reason="this connection is being closed", again=30.0)
        answer = await _wait(future, permit)
        if answer is not None:
            return answer
        sent = not permit.revoke()
        seconds = time.monotonic() - started
        return Silence(sent=sent, reason=f"it was given up after {seconds:.1f} seconds without an answer")

    def close(self) -> None:
        """What has not begun will not begin; what has begun ends by its own time limit."""
        self._readers.shutdown(wait=False, cancel_futures=True)
        self._senders.shutdown(wait=False, cancel_futures=True)


async def _wait(future: Future[Answer | Silence], permit: Permit) -> Answer | Silence | None:
    """The result if it comes while the permit lasts, else None."""
    waiting = asyncio.wrap_future(future)
    try:
        await asyncio.wait({waiting}, timeout=max(0.0, permit.remaining()) + _GRACE)
    except asyncio.CancelledError:
        permit.revoke()
        waiting.cancel()
        raise
    if waiting.done() and not waiting.cancelled():
        return waiting.result()
    waiting.cancel()
    return None
