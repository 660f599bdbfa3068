"""What a store's statements have changed: rows counted by table, or the tables that statements have written to."""

import re
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, event, text

from daytwo_store.engine import Store
from daytwo_store.tables import Base

_COUNTED: Final = text(
    " UNION ALL ".join(
        f"SELECT '{table}', count(*)::text FROM \"{table}\""  # names of our own tables
        for table in sorted(Base.metadata.tables)
    )
    + " UNION ALL SELECT 'audit head', max(n)::text FROM audit"
)
_OPEN: Final = "tables that the transaction has changed"
_WRITES: Final = re.compile(r"\b(INSERT|UPDATE|DELETE|MERGE|COPY|TRUNCATE)\b", re.IGNORECASE)


@dataclass
class Rows:
    """Rows by table, of a store all of whose statements go through its own engine."""

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


_CHANGED: Final = re.compile(
    r"\bINSERT\s+INTO\s+\"?(\w+)"
    r"|(?<!\bFOR )(?<!\bKEY )(?<!\bDO )\bUPDATE\s+(?:ONLY\s+)?\"?(\w+)"
    r"|\bDELETE\s+FROM\s+\"?(\w+)",
    re.IGNORECASE,
)
# By whoever asks, at most once a minute.
_USED: Final = re.compile(r"UPDATE (session|token) SET last_used_at=", re.IGNORECASE)


@dataclass
class Changes:
    """The tables that committed statements of a store have changed: by rows that came, went or became others.

    Costs no statement of its own, so it may be asked after each of thousands of requests.
    """

    store: Store
    _done: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        engine = self.store.engine.sync_engine
        event.listen(engine, "after_cursor_execute", self._note)
        event.listen(engine, "commit", self._commit)
        event.listen(engine, "rollback", self._forget)

    def take(self) -> frozenset[str]:
        """Those since it was asked last."""
        taken = frozenset(self._done)
        self._done.clear()
        return taken

    def _note(self, connection: Connection, cursor: Any, statement: str, *_: Any) -> None:
        found = {name.lower() for several in _CHANGED.findall(statement) for name in several if name}
        in_parts = statement.lstrip()[:4].upper() == "WITH"  # its count is of what it selects
        if not found or _USED.match(statement) or (cursor.rowcount == 0 and not in_parts):
            return
        connection.info.setdefault(_OPEN, set()).update(found)
        if connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT":
            self._commit(connection)

    def _commit(self, connection: Connection) -> None:
        self._done |= connection.info.pop(_OPEN, set())

    def _forget(self, connection: Connection) -> None:
        connection.info.pop(_OPEN, None)
