"""Everything that the oracle judges by, read once: rows, the stand-ins' ledgers and runs, the clients' journal."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg
from psycopg.rows import dict_row
from tests.chaos.harness.bounds import Limits, Samples
from tests.chaos.harness.house import ChaosHouse
from tests.chaos.harness.person import Journal
from tests.chaos.harness.systems import STRANGER

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
    "principals": "SELECT * FROM principal",
    "delegations": "SELECT * FROM delegation",
    "versions": "SELECT digest, document FROM action_version",
    "entities": "SELECT ref, at, after FROM entity_event WHERE ref ~ '^(person|service):' ORDER BY n",
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
    conclusions: Mapping[str, str | None]  # of the CI system's runs, by id: see `System.conclusions`
    journal: Journal
    leftover: frozenset[str] = frozenset()  # runs that were open before, and may still be
    unsent: frozenset[str] = frozenset()  # runs that may have failed without anything started for them
    principals: Sequence[Row] = ()
    delegations: Sequence[Row] = ()
    versions: Sequence[Row] = ()  # of actions
    entities: Sequence[Row] = ()  # people and services as they were: ref, at, after
    secrets: Mapping[bytes, str] = field(
        default_factory=dict
    )  # forms that may stand nowhere, and which secret each is of
    kept: Callable[[], Iterable[tuple[str, bytes]]] = tuple  # places, and what stands there
    said: Sequence[str] = ()  # lines of our logs that tell of a mistake of ours
    samples: Samples = field(default_factory=Samples)
    limits: Limits = field(default_factory=Limits)

    def run(self, run: str) -> Row:
        return next(row for row in self.runs if row["id"] == run)

    def attempts_of(self, run: str) -> list[Row]:
        return [row for row in self.attempts if row["run_id"] == run]


def gather(house: ChaosHouse, journal: Journal, *, leftover: frozenset[str] = frozenset(), **seen: Any) -> Facts:
    """Read all of it. The rows are of one snapshot. `seen` is what was watched meanwhile: further fields."""
    lines = {name: _ledger(house, name) for name in house.systems}
    ledger = [
        {**line, "run_id": house.systems[name].run_of(line)} for name, told in lines.items() for line in _ours(told)
    ]
    said = rows(house.database_url)  # before what it is held against: whatever is said to have ended has ended by then
    conclusions: dict[str, str | None] = {}
    for name, told in lines.items():
        conclusions |= house.systems[name].conclusions(_ours(told), again=told)  # ids of two kinds are never alike
    return Facts(
        **said,
        ledger=ledger,
        conclusions=conclusions,
        journal=journal,
        leftover=leftover,
        said=list(house.logs.unexpected()),
        **seen,
    )


def _ledger(house: ChaosHouse, system: str) -> list[Row]:
    with house.control(system) as control:
        return list(control.ledger(kind=None))


def _ours(lines: Sequence[Row]) -> list[Row]:
    return [line for line in lines if line["kind"] == "dispatch" and line["actor"] != STRANGER]


def rows(database_url: str) -> dict[str, Any]:
    """The tables."""
    with psycopg.connect(database_url, row_factory=dict_row) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        return {name: connection.execute(query).fetchall() for name, query in _QUERIES.items()}
