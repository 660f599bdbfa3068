"""Lines that are on the disk when they are acknowledged; those that are ready together share one fsync."""

import asyncio
import json
import os
import time
from pathlib import Path
from typing import Any, BinaryIO

from daytwo_standins.shared.files import drop_torn_line, sync_folder, write_all


class DurableLines:
    """A file of JSON lines; ``append`` returns when the line cannot be lost any more."""

    def __init__(self, path: Path) -> None:
        drop_torn_line(path)
        self._file: BinaryIO = path.open("ab", buffering=0)
        sync_folder(path.parent)
        self._waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self._flusher: asyncio.Task[None] | None = None

    async def append(self, record: dict[str, Any]) -> None:
        """Write a line and wait until it is on the disk.

        Raises:
            OSError: it could not be written, and is not there.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((json.dumps(record, ensure_ascii=False).encode() + b"\n", done))
        if self._flusher is None or self._flusher.done():
            self._flusher = asyncio.create_task(self._flush())  # its own task: a request that is given up stops nothing
        await done

    async def _flush(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                await asyncio.to_thread(self._write, b"".join(line for line, _ in batch))
            except OSError as error:
                _settle(batch, error)
            else:
                _settle(batch, None)

    def _write(self, lines: bytes) -> None:
        size = os.fstat(self._file.fileno()).st_size
        try:
            write_all(self._file, lines)
            os.fsync(self._file.fileno())
        except OSError:
            os.ftruncate(self._file.fileno(), size)  # what is refused must not be found after a restart
            raise

    def close(self) -> None:
        """Give the file back."""
        self._file.close()


def _settle(batch: list[tuple[bytes, asyncio.Future[None]]], error: OSError | None) -> None:
    for _, done in batch:
        if done.done():
            continue
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)


def monotonic() -> float:
    """CLOCK_MONOTONIC in seconds: comparable between processes of one machine."""
    return time.clock_gettime(time.CLOCK_MONOTONIC)
