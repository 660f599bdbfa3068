"""The company's policy, its people and its groups are read again while the API serves; see file_watch."""

import asyncio
from dataclasses import dataclass
from typing import ClassVar, Final

import structlog

from daytwo_actions.policy_files import PolicyFiles, read_policy_files
from daytwo_api.services.file_watch import FileWatch
from daytwo_catalog.people_files import PeopleFiles, read_people_files
from daytwo_store.engine import Tx
from daytwo_store.errors import DaytwoError
from daytwo_workflows.company import take_people, take_policy

log = structlog.get_logger()
_PAUSE: Final = 5.0  # seconds between two looks


@dataclass(kw_only=True, slots=True)
class PolicyWatch(FileWatch[PolicyFiles]):
    subject: ClassVar[str] = "policy"

    def _read(self) -> PolicyFiles:
        return read_policy_files(self.folders)

    async def _write(self, tx: Tx, found: PolicyFiles) -> bool:
        policy = await asyncio.to_thread(found.policy)
        return await take_policy(tx, policy, self.admins)


@dataclass(kw_only=True, slots=True)
class PeopleWatch(FileWatch[PeopleFiles]):
    """Who is in which group; what was taken away counts from the next request on."""

    subject: ClassVar[str] = "people"

    def _read(self) -> PeopleFiles:
        return read_people_files(self.folders)

    async def _write(self, tx: Tx, found: PeopleFiles) -> bool:
        return await take_people(tx, found, self.admins)


@dataclass(frozen=True, kw_only=True, slots=True)
class AccessWatch:
    """Both: people first, since a policy names them, and says whose their e-mail addresses are."""

    policy: PolicyWatch
    people: PeopleWatch

    async def run(self, *, pause: float = _PAUSE) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.look()
            except DaytwoError as error:
                log.warning("files.waits", error=error.type)
            except Exception:
                log.exception("files.failed")
            await asyncio.sleep(pause)

    async def look(self) -> None:
        if await self.people.look():
            self.policy.again()
        await self.policy.look()
