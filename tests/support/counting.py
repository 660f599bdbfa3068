"""How many rows every table has, counted only where a statement that writes was sent since the last time."""

import re
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import event, text

from daytwo_store.engine import Store
from daytwo_store.tables import Base

_COUNTED: Final = text(
    " UNION ALL ".join(
        f"SELECT '{table}', count(*)::text FROM \"{table}\""  # names of our own tables
        for table in sorted(Base.metadata.tables)
    )
    + " UNION ALL SELECT 'audit head', max(n)::text FROM audit"
)
_WRITES: Final = re.compile(r"\b(INSERT|UPDATE|DELETE|MERGE|COPY|TRUNCATE)\b", re.IGNORECASE)


@dataclass
class Rows:
    """Of a store all of whose statements go through its own engine."""

    store: Store
    _written: bool = True
    _known: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        event.listen(self.store.engine.sync_engine, "before_cursor_execute", self._note)

    def _note(self, _: object, __: object, statement: str, *___: Any) -> None:
        self._written = self._written or _WRITES.search(statement) is not None

    async def count(self) -> dict[str, str]:
        if self._written:
            async with self.store.read() as session:
                self._known = {name: str(count) for name, count in await session.execute(_COUNTED)}
            self._written = False
        return self._known
