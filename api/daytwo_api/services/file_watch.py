"""A part of the company's files that is read again while the API serves.

Only whole: what is broken or gone leaves what was before as it is, and says so in the log, in /readyz, in the metrics
and in the audit. Only when it stands still: a file that is being written may say what nobody meant, so it counts when
two looks have found the same.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Generic, Protocol, TypeVar

import structlog

from daytwo_store.engine import Store, Tx
from daytwo_store.errors import Rejected

log = structlog.get_logger()


class Files(Protocol):
    @property
    def digest(self) -> str: ...


Found = TypeVar("Found", bound=Files)


@dataclass(kw_only=True, slots=True)
class FileWatch(ABC, Generic[Found]):
    """`subject` names the part in log, audit and /readyz."""

    subject: ClassVar[str]
    store: Store
    folders: Sequence[Path]
    admins: str | None
    refused: str | None = field(default=None, init=False)  # why what the files say is not what holds
    _seen: str | None = field(default=None, init=False)  # what the last look has found
    _settled: str | None = field(default=None, init=False)  # what was taken or refused last

    @abstractmethod
    def _read(self) -> Found:
        """Blocks. Raises `Rejected` for a file that cannot be read."""

    @abstractmethod
    async def _write(self, tx: Tx, found: Found) -> bool:
        """Take it. True when something changed. Raises `Rejected`: the transaction is given up."""

    async def look(self) -> bool:
        """Take what the files say, if it is new, whole, and the same as at the last look. True when it changed what
        holds."""
        try:
            found = await asyncio.to_thread(self._read)
        except Rejected as error:
            if self._is_new(f"unreadable {error.detail}"):
                await self._refuse(error)
                self._settled = self._seen
            return False
        if not self._is_new(found.digest):
            return False
        changed = False
        try:
            changed = await self._take(found)
        except Rejected as error:
            await self._refuse(error)
        self._settled = self._seen
        return changed

    def again(self) -> None:
        """What it depends on has changed: what the files say is taken, or refused, once more."""
        self._settled = None

    def _is_new(self, digest: str) -> bool:
        before, self._seen = self._seen, digest
        return digest == before and digest != self._settled

    async def _take(self, found: Found) -> bool:
        """Raises `Rejected`, and then nothing has changed."""
        async with self.store.write() as tx:
            changed = await self._write(tx, found)
            if self.refused is not None:
                facts = {"digest": found.digest}
                tx.audit(actor="daytwo", action=f"{self.subject}.mended", subject=self.subject, facts=facts)
        if changed or self.refused is not None:
            told = f"{self.subject}.taken"
            log.info(told)
        self.refused = None
        return changed

    async def _refuse(self, error: Rejected) -> None:
        told = f"{self.subject}.refused"
        why = "missing" if error.type.endswith("-missing") else "broken"
        log.error(told, why=why, detail=error.detail)
        async with self.store.write() as tx:
            tx.audit(actor="daytwo", action=told, subject=self.subject, facts={"why": why})
        self.refused = why
