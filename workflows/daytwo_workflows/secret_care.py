"""What is done for encrypted values besides using them: the start is refused without their keys, they are encrypted
with the active key in the background, and secret inputs are deleted some time after their run's end."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog

from daytwo_store import secret_values
from daytwo_store.engine import Store
from daytwo_store.keyring import Keys
from daytwo_workflows.secret_files import SettingsRejected

log = structlog.get_logger()
_AT_A_TIME: Final = 100
_EVERY: Final = timedelta(seconds=10)


async def must_have_keys(store: Store, keys: Keys) -> None:
    """Raises `SettingsRejected` when something is stored that this process could not open."""
    async with store.read() as session:
        counts = await secret_values.count_by_key(session)
    missing = {kid: count for kid, count in sorted(counts.items()) if kid not in keys.ring.keys}
    if missing:
        named = ", ".join(f"{kid} ({count} stored secret{'' if count == 1 else 's'})" for kid, count in missing.items())
        raise SettingsRejected(
            f"Keys are missing that stored secrets were encrypted with: {named}. Nothing was started and nothing is "
            "lost. Put them back into the file of key_ring_file (DAYTWO_KEY_RING_FILE); a key whose name begins with "
            "'derived-' comes from the secret_file that was configured then. See docs/how-to/rotate-keys.md."
        )


@dataclass(kw_only=True, slots=True)
class SecretCare:
    """One round after the other, by whoever sweeps."""

    store: Store
    keys: Keys
    retention: timedelta  # from a run's end to the deletion of its secret inputs
    _last: datetime | None = field(default=None, init=False)
    _told: frozenset[str] = field(default=frozenset(), init=False)

    async def round(self, now: datetime) -> None:
        """Not more often than every few seconds."""
        if self._last is not None and now - self._last < _EVERY:
            return
        self._last = now
        while await self._delete(now) == _AT_A_TIME:
            continue
        await self.reseal()

    async def reseal(self) -> int:
        """Encrypt everything with the active key; how many values were changed. What does not open is told once."""
        changed, after, stuck = 0, "", set[str]()
        while True:
            async with self.store.write() as tx:
                done, after = await secret_values.reseal(tx, self.keys.ring, limit=_AT_A_TIME, after=after)
            changed += done.changed
            stuck |= done.stuck.keys()
            if not after:
                break
        if changed:
            log.info("secrets.resealed", count=changed)
        for kid in sorted(stuck - self._told):
            log.error("secrets.do_not_open", what=kid)
        self._told = frozenset(stuck)
        return changed

    async def _delete(self, now: datetime) -> int:
        async with self.store.write() as tx:
            deleted = await secret_values.delete_ended(tx, before=now - self.retention, limit=_AT_A_TIME)
        if deleted:
            log.info("secrets.deleted", count=deleted)
        return deleted
