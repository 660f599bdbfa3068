"""Checkpoints of the audit are signed and written outside the database; by the sweeper, so by one worker at a time."""

import asyncio
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog

from daytwo_store import checkpoints
from daytwo_store.checkpoints import Checkpoint
from daytwo_store.engine import Store
from daytwo_store.signing import Signer

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Seal:
    """`file` is appended to; the log has every checkpoint as well, as `audit.checkpoint`."""

    store: Store
    signer: Signer
    file: Path | None

    async def seal(self, now: datetime) -> Checkpoint | None:
        """Sign the head if it is time to. What cannot be written is tried again in the next round, with an alarm."""
        async with self.store.read() as session:
            head = await checkpoints.due(session, now=now)
        if head is None:
            return None
        checkpoint = Checkpoint.sign(self.signer, n=head[0], hash_=head[1], at=now)
        why = await asyncio.to_thread(self._append, checkpoint.line())
        if why is not None:
            log.error("audit.checkpoint_not_written", checkpoint=checkpoint.line(), why=why)
            async with self.store.write() as tx:
                await checkpoints.failed(tx, why)
            return None
        log.info("audit.checkpoint", checkpoint=checkpoint.line())
        async with self.store.write() as tx:
            await checkpoints.written(tx, checkpoint)
        return checkpoint

    def _append(self, line: str) -> str | None:
        """Why it could not be written; None when it is on the disk."""
        if self.file is None:
            return None
        try:
            with self.file.open("ab+") as file:
                end = file.seek(0, os.SEEK_END)
                if end:
                    file.seek(end - 1)
                    torn = file.read(1) != b"\n"  # a crash, or a full disk, in the middle of a line
                else:
                    torn = False
                file.write(b"\n" * torn + line.encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            return os.strerror(error.errno) if error.errno else type(error).__name__
        return None
