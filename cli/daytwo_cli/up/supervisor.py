"""Starts parts in order, keeps them running, stops them in the opposite order."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from daytwo_cli.up.child import describe
from daytwo_cli.up.errors import PartFailed
from daytwo_cli.up.part import Part


@dataclass(frozen=True, kw_only=True)
class Patience:
    """Seconds between restarts of a part that ends by itself: doubled each time, begun anew once it has held."""

    first: float = 0.2
    longest: float = 10
    held: float = 10

    def next(self, pause: float | None, lived: float) -> float:
        return self.first if pause is None or lived >= self.held else min(2 * pause, self.longest)


class Supervisor:
    """Runs the parts of one data folder.

    `say` gets lines for people, `changed` is called whenever another process runs than before.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        *,
        say: Callable[[str], None],
        changed: Callable[[], None] = lambda: None,
        patience: Patience | None = None,
    ) -> None:
        self.parts = parts
        self.restarts: dict[str, int] = {part.name: 0 for part in parts}
        self._say = say
        self._changed = changed
        self._patience = patience or Patience()
        self._ready = {part.name: asyncio.Event() for part in parts}
        self._stopping = False
        self._started: list[Part] = []
        self._keepers: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start everything, side by side as far as `after` allows. Raises the first PartFailed; then nothing runs."""
        starts = [asyncio.create_task(self._start(part)) for part in self.parts]
        try:
            for done in asyncio.as_completed(starts):
                await done
        except BaseException:
            await self._give_up(starts)
            raise
        self._keepers = [asyncio.create_task(self._keep(part)) for part in self.parts if part.child is not None]

    async def stop(self) -> None:
        """Stop everything that was started, the last one first."""
        self._stopping = True
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        for part in reversed(self._started):
            await asyncio.to_thread(part.stop)
        self._started.clear()

    async def _start(self, part: Part) -> None:
        for name in part.after:
            await self._ready[name].wait()
        began = asyncio.get_running_loop().time()
        await self._begin(part)
        self._say(f"{part.name} is ready ({asyncio.get_running_loop().time() - began:.1f} s) {part.address}".rstrip())
        self._ready[part.name].set()
        self._changed()

    async def _begin(self, part: Part) -> None:
        """Start a part in a thread. A stop that comes meanwhile ends the process, and so the thread."""
        if self._stopping:
            raise asyncio.CancelledError
        if part not in self._started:
            self._started.append(part)
        thread = asyncio.ensure_future(asyncio.to_thread(part.start))
        try:
            await asyncio.shield(thread)
        except asyncio.CancelledError:
            while not thread.done():  # again, since the process may have been made only after the first time
                await asyncio.to_thread(part.stop)
                await asyncio.wait({thread}, timeout=0.1)
            await asyncio.gather(thread, return_exceptions=True)
            raise

    async def _give_up(self, starts: Sequence["asyncio.Task[None]"]) -> None:
        self._stopping = True
        for start in starts:
            start.cancel()
        await asyncio.gather(*starts, return_exceptions=True)
        await self.stop()

    async def _keep(self, part: Part) -> None:
        """Start the part again whenever it ends, until cancelled."""
        clock = asyncio.get_running_loop().time
        pause, began = None, clock()
        while True:
            assert part.child is not None
            code = await asyncio.shield(asyncio.wrap_future(part.child.ended))
            pause = self._patience.next(pause, clock() - began)
            self._say(f"{part.name} ended ({describe(code)}); it is started again in {pause:.1f} s")
            await asyncio.sleep(pause)
            began = clock()
            self.restarts[part.name] += 1
            try:
                await self._begin(part)
            except (PartFailed, OSError) as failed:
                self._say(str(failed))
            else:
                self._say(f"{part.name} is back ({clock() - began:.1f} s) {part.address}".rstrip())
            self._changed()
