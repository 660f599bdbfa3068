"""Freezes as runs need them: loaded from the database, parsed once."""

from collections import OrderedDict
from datetime import datetime
from typing import Final

from daytwo_actions.freezes import FreezeVersion, LoadedFreeze, over_at, restore_freeze
from daytwo_store import freezes
from daytwo_store.engine import Session
from daytwo_store.freezes import Made
from daytwo_store.tables import FreezeEndRow, FreezeRow, StopRow

_KEPT: Final = 2000


class Frozen:
    """A freeze never changes under its digest, so what was parsed stays right."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str], FreezeVersion] = OrderedDict()

    async def current(self, session: Session, now: datetime) -> list[FreezeVersion]:
        """Those that may hold something from now on."""
        return [self.parsed(row) for row in await freezes.current(session, now)]

    async def stopped(self, session: Session) -> StopRow | None:
        """The global stop, while it holds."""
        return await freezes.stopped(session)

    def parsed(self, row: FreezeRow | FreezeEndRow) -> FreezeVersion:
        known = self._known.get((row.id, row.digest))
        if known is None:
            known = restore_freeze(row.id, row.document, title=row.title, owner=row.owner)
            self._known[row.id, row.digest] = known
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return known


def as_version(loaded: LoadedFreeze) -> FreezeVersion:
    """A checked freeze as if it were stored."""
    about = loaded.model.metadata
    return restore_freeze(loaded.name, loaded.document, title=about.title, owner=about.owner)


def made(name: str, loaded: LoadedFreeze) -> Made:
    """A checked freeze as the store keeps it."""
    model = loaded.model
    return Made(
        id=name,
        title=model.metadata.title,
        owner=model.metadata.owner,
        document=dict(loaded.document),
        digest=loaded.digest,
        over_at=over_at(model.spec),
    )
