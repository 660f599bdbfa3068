"""One process of an application, kept running."""

import asyncio
import os
import sys
import time
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from daytwo_standins.machines import launch
from daytwo_standins.machines.config import Timing
from daytwo_standins.machines.journal import Journal
from daytwo_standins.machines.layout import Place
from daytwo_standins.machines.wish import Wish, read_wish


@dataclass(slots=True)
class Application:
    """Runs what the place wishes until it is cancelled; then stops it."""

    place: Place
    port: int
    timing: Timing
    journal: Journal
    number: int = 0  # the first one is there always, the others as far as the place wishes for them
    process: Process | None = None
    _backoff: timedelta = field(init=False)
    _at_once: bool = False  # the process need not finish what it is doing

    def __post_init__(self) -> None:
        self._backoff = self.timing.first_backoff

    async def keep_running(self) -> None:
        """Never returns; every way out stops the process."""
        wish = self._wish()
        while True:
            if wish.release is None:
                if self.number == 0:
                    self._write("no_release")
                wish = await self._changed(wish)
            else:
                wish = await self._one_life(wish, wish.release)

    async def _one_life(self, wish: Wish, release: Path) -> Wish:
        """From one start to the next: returns what is wished then."""
        started = time.monotonic()
        async with self._process(release) as process:
            ended, changed = asyncio.ensure_future(process.wait()), asyncio.ensure_future(self._changed(wish))
            try:
                await asyncio.wait({ended, changed}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                ended.cancel()
                changed.cancel()
            if process.returncode is None:
                new = self._wish()
                self._at_once = new.stops_at_once(wish)
                self._backoff = self.timing.first_backoff
                return new
        return await self._after_death(wish, process, time.monotonic() - started)

    async def _after_death(self, wish: Wish, process: Process, lived: float) -> Wish:
        """Wait longer after each quick death; something new ends the wait."""
        if timedelta(seconds=lived) >= self.timing.healthy_after:
            self._backoff = self.timing.first_backoff
        pause, self._backoff = self._backoff, min(self._backoff * 2, self.timing.longest_backoff)
        self._write("died", code=process.returncode, next_start_in=pause.total_seconds(), log=str(self.place.log))
        try:
            async with asyncio.timeout(pause.total_seconds()):
                wish = await self._changed(wish)
                self._backoff = self.timing.first_backoff
        except TimeoutError:
            pass
        return wish

    async def _changed(self, old: Wish) -> Wish:
        """Looks again and again: a symbolic link tells nobody that it was replaced."""
        while True:
            new = self._wish()
            if new != old:
                return new
            await asyncio.sleep(self.timing.poll_every.total_seconds())

    def _wish(self) -> Wish:
        return read_wish(self.place, self.number)

    @asynccontextmanager
    async def _process(self, release: Path) -> AsyncIterator[Process]:
        process = self.process = await self._start(release)
        self._write("started", version=release.name, pid=process.pid, port=self.port)
        try:
            yield process
        finally:
            await self._stop(process)
            self.process = None

    async def _start(self, release: Path) -> Process:
        with self.place.log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                str(Path(launch.__file__)),
                self.place.service,
                cwd=release,
                env=self._environment(),
                stdin=PIPE,
                stdout=log,
                stderr=STDOUT,
            )

    def _environment(self) -> dict[str, str]:
        """Nothing of the supervisor's own environment but the search path."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "ENVIRONMENT": self.place.environment,
            "SETTINGS_FILE": str(self.place.settings),
            "PYTHONDONTWRITEBYTECODE": "1",  # a release is never changed
        }

    async def _stop(self, process: Process) -> None:
        if process.returncode is not None:
            return
        # One signal and not another one behind it: sending looks whether the process is there, and takes its exit code.
        at_once, self._at_once = self._at_once, False
        if at_once:
            process.kill()
        else:
            process.terminate()
        try:
            async with asyncio.timeout(self.timing.stop_within.total_seconds()):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
        self._write("stopped", pid=process.pid, code=process.returncode)

    def _write(self, event: str, **facts: object) -> None:
        self.journal.write(event, environment=self.place.environment, service=self.place.service, **facts)
