"""Versions of actions as runs need them: loaded from the database, parsed once."""

from collections import OrderedDict
from collections.abc import Collection

from daytwo_actions.definitions.load import ActionVersion, restore_action
from daytwo_actions.plan.program import Program
from daytwo_store import definitions
from daytwo_store.engine import Session
from daytwo_store.errors import NotFound
from daytwo_store.ids import ActionName, Digest
from daytwo_store.tables import ActionVersionRow

_KEPT = 500  # versions parsed and kept in memory


class Definitions:
    """A version never changes under its digest, so what was parsed stays right."""

    def __init__(self) -> None:
        self._versions: OrderedDict[str, ActionVersion] = OrderedDict()
        self._programs: OrderedDict[str, Program] = OrderedDict()

    async def of_run(self, session: Session, digest: Digest) -> ActionVersion:
        """The version that a run was started with."""
        known = self._versions.get(digest)
        if known is not None:
            return known
        row = await definitions.by_digest(session, digest)
        if row is None:
            raise NotFound(f"The definition {digest[:12]} of this run is gone.")
        return self._parsed(row)

    async def current(self, session: Session, name: str) -> ActionVersion:
        """The version that is offered now. Raises `NotFound`."""
        row = await definitions.must_be_offered(session, ActionName(name))
        return self._versions.get(row.digest) or self._parsed(row)

    async def all_current(self, session: Session) -> list[ActionVersion]:
        return [self._versions.get(row.digest) or self._parsed(row) for row in await definitions.current(session)]

    async def offered(self, session: Session, names: Collection[str]) -> dict[str, str]:
        """Digests of the versions that are offered now, by name."""
        return await definitions.offered(session, names)

    def program(self, version: ActionVersion) -> Program:
        known = self._programs.get(version.digest)
        if known is None:
            known = self._programs[version.digest] = Program.of(version.model)
            _trim(self._programs)
        return known

    def _parsed(self, row: ActionVersionRow) -> ActionVersion:
        version = self._versions[row.digest] = restore_action(row.document)
        _trim(self._versions)
        return version


def _trim(kept: "OrderedDict[str, ActionVersion] | OrderedDict[str, Program]") -> None:
    while len(kept) > _KEPT:
        kept.popitem(last=False)
