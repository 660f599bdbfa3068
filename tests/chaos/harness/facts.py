"""Everything that the oracle judges by, read once: rows, the stand-ins' ledgers and runs, the clients' journal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg.rows import dict_row
from tests.chaos.harness.house import ChaosHouse
from tests.chaos.harness.person import Journal

Row = Mapping[str, Any]
_QUERIES: Final = {
    "runs": "SELECT * FROM run ORDER BY id",
    "attempts": "SELECT * FROM attempt ORDER BY run_id, path, no",
    "externals": "SELECT * FROM external_run",
    "approvals": "SELECT * FROM approval ORDER BY created_at, id",
    "decisions": "SELECT * FROM decision",
    "locks": "SELECT * FROM lock",
    "queue": "SELECT * FROM lock_queue",
    "audit": "SELECT * FROM audit ORDER BY n",
    "head": "SELECT * FROM audit_head",
    "outbox": "SELECT * FROM outbox",
    "deliveries": "SELECT * FROM webhook_inbox",
}


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Rows by table, each as columns to values."""

    runs: Sequence[Row]
    attempts: Sequence[Row]
    externals: Sequence[Row]
    approvals: Sequence[Row]
    decisions: Sequence[Row]
    locks: Sequence[Row]
    queue: Sequence[Row]
    audit: Sequence[Row]
    head: Sequence[Row]
    outbox: Sequence[Row]
    deliveries: Sequence[Row]
    ledger: Sequence[Row]  # accepted dispatches
    conclusions: Mapping[str, str | None]  # of the CI system's runs, by id; None while one has not ended
    journal: Journal
    leftover: frozenset[str] = frozenset()  # runs that were open before, and may still be

    def run(self, run: str) -> Row:
        return next(row for row in self.runs if row["id"] == run)

    def attempts_of(self, run: str) -> list[Row]:
        return [row for row in self.attempts if row["run_id"] == run]


def gather(house: ChaosHouse, journal: Journal, *, leftover: frozenset[str] = frozenset()) -> Facts:
    """Read all of it. The rows are of one snapshot."""
    ledger: list[Row] = []
    conclusions: dict[str, str | None] = {}
    for system in house.systems.values():
        with house.control(system.name) as control:
            lines = control.ledger()
        ledger += [{**line, "run_id": system.run_of(line)} for line in lines]
        conclusions |= system.conclusions(lines)  # ids of two kinds are never alike
    return Facts(
        **rows(house.database_url),
        ledger=ledger,
        conclusions=conclusions,
        journal=journal,
        leftover=leftover,
    )


def rows(database_url: str) -> dict[str, Any]:
    """The tables."""
    with psycopg.connect(database_url, row_factory=dict_row) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        return {name: connection.execute(query).fetchall() for name, query in _QUERIES.items()}
