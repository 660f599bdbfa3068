"""The company's policy is read again while the API serves.

Only whole: a policy that is broken, gone, or names no administrator leaves the roles of before as they are, and says so
in the log, in /readyz, in the metrics and in the audit. Only when it stands still: a file that is being written may be
a policy that nobody meant, so it counts when two looks have found the same.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import structlog

from daytwo_actions.definitions.errors import DefinitionRejected
from daytwo_actions.policy_files import PolicyFiles, read_policy_files
from daytwo_store.engine import Store
from daytwo_store.errors import DaytwoError, Rejected
from daytwo_workflows.company import take_policy

log = structlog.get_logger()
_PAUSE: Final = 5.0  # seconds between two looks
_SUBJECT: Final = "policy"


@dataclass(kw_only=True, slots=True)
class PolicyWatch:
    store: Store
    folders: Sequence[Path]
    admins: str | None
    refused: str | None = field(default=None, init=False)  # why the policy in the files is not the one that holds
    _seen: str | None = field(default=None, init=False)  # what the last look has found
    _settled: str | None = field(default=None, init=False)  # what was taken or refused last

    async def run(self, *, pause: float = _PAUSE) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.look()
            except DaytwoError as error:
                log.warning("policy.waits", error=error.type)
            except Exception:
                log.exception("policy.failed")
            await asyncio.sleep(pause)

    async def look(self) -> None:
        """Take what the files say, if it is new, whole, and the same as at the last look."""
        try:
            files = await asyncio.to_thread(read_policy_files, self.folders)
        except DefinitionRejected as error:
            await self._once(f"unreadable {error.detail}", error)
            return
        await self._once(files.digest, files)

    async def _once(self, digest: str, found: PolicyFiles | DefinitionRejected) -> None:
        before, self._seen = self._seen, digest
        if digest == self._settled or digest != before:
            return
        if isinstance(found, DefinitionRejected):
            await self._refuse(found)
        else:
            try:
                await self._take(found)
            except Rejected as error:
                await self._refuse(error)
        self._settled = digest

    async def _take(self, files: PolicyFiles) -> None:
        """Raises `Rejected`, and then nothing has changed."""
        policy = await asyncio.to_thread(files.policy)
        async with self.store.write() as tx:
            changed = await take_policy(tx, policy, self.admins)
            if self.refused is not None:
                tx.audit(actor="daytwo", action="policy.mended", subject=_SUBJECT, facts={"digest": files.digest})
        if changed or self.refused is not None:
            log.info("policy.taken", count=len(policy.grants) if policy else 0)
        self.refused = None

    async def _refuse(self, error: Rejected) -> None:
        why = "missing" if error.type == "policy-missing" else "broken"
        log.error("policy.refused", why=why, detail=error.detail)
        async with self.store.write() as tx:
            tx.audit(actor="daytwo", action="policy.refused", subject=_SUBJECT, facts={"why": why})
        self.refused = why
