"""10,000 pending approvals: how long a list and a decision take, beside the same with one pending, in the same run.

And after everything was killed: how long until a decision is effective, which is that its run goes on.
"""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import httpx
import psycopg
from psycopg import sql
from tests.chaos.harness.house import API, POSTGRES, TEMPORAL, WORKER, ChaosHouse, until
from tests.chaos.harness.person import Journal, Person
from tests.chaos.harness.stage import ENDS

MANY: Final = 10_000
_RUN: Final[Mapping[str, sql.SQL]] = {
    "id": sql.SQL("old.id || '-' || n"),
    "idempotency_key": sql.SQL("old.idempotency_key || '-' || n"),
    "next_at": sql.SQL("now() + interval '20 hours'"),  # the sweeper leaves them alone
}
_APPROVAL: Final[Mapping[str, sql.SQL]] = {
    "id": sql.SQL("old.id || '-' || n"),
    "run_id": sql.SQL("old.run_id || '-' || n"),
    "expires_at": sql.SQL("old.expires_at + n * interval '1 second'"),
}


@dataclass(frozen=True)
class Inbox:
    """Milliseconds, at 50 and 95 of 100."""

    pending: int
    list_p50: float
    list_p95: float
    mine_p50: float
    mine_p95: float
    reject_p50: float
    reject_p95: float
    approve_p50: float
    approve_p95: float


def inbox(house: ChaosHouse, services: Sequence[str], *, rounds: int, decisions: int) -> list[Inbox]:
    """With few pending approvals, then with 10,000 more."""
    ana, sam = (Person.sign_in(house.page, name, Journal()) for name in ("ana", "sam"))
    run = ana.submit(services[0], "production", note="inbox")
    found = [_measured(house, ana, sam, services, rounds=rounds, decisions=decisions)]
    multiply(house.database_url, run, MANY)
    found.append(_measured(house, ana, sam, services, rounds=rounds, decisions=decisions))
    for person in (ana, sam):
        person.close()
    return found


def after_a_crash(house: ChaosHouse, service: str) -> float:
    """Seconds from when database, Temporal, API and worker are killed until a decision has let its run go on."""
    ana, sam = (Person.sign_in(house.page, name, Journal()) for name in ("ana", "sam"))
    run = ana.submit(service, "production", note="crash")
    sam.approval(run)
    began = time.monotonic()
    for part in (WORKER, API, TEMPORAL, POSTGRES):
        house.kill(part)
    answer = sam.decide(run)
    assert answer.is_success, answer.text
    until(lambda: ana.run(run)["state"] in ("running", "succeeded"), "the run goes on", seconds=300)
    took = time.monotonic() - began
    for person in (ana, sam):
        person.close()
    return took


def multiply(url: str, run: str, many: int) -> None:
    """Copies of a waiting run with its approval, as rows: asking 10,000 times would be another measurement."""
    with psycopg.connect(url, autocommit=True) as connection:
        for table, key, changed in (("run", "id", _RUN), ("approval", "run_id", _APPROVAL)):
            found = connection.execute(
                "SELECT column_name FROM information_schema.columns WHERE table_name = %s", [table]
            ).fetchall()
            names = [str(name) for (name,) in found]
            query = sql.SQL(
                "INSERT INTO {table} ({columns}) SELECT {values} FROM {table} AS old, generate_series(1, %s) AS n "
                "WHERE old.{key} = %s"
            ).format(
                table=sql.Identifier(table),
                key=sql.Identifier(key),
                columns=sql.SQL(", ").join(map(sql.Identifier, names)),
                values=sql.SQL(", ").join(changed.get(name, sql.Identifier("old", name)) for name in names),
            )
            connection.execute(query, [many, run])
        connection.execute("ANALYZE run, approval")


def _measured(
    house: ChaosHouse, ana: Person, sam: Person, services: Sequence[str], *, rounds: int, decisions: int
) -> Inbox:
    with psycopg.connect(house.database_url) as connection:
        row = connection.execute("SELECT count(*) FROM approval WHERE state = 'pending'").fetchone()
    listed = _times(lambda _: sam.ask("GET", "/approvals?state=pending"), rounds)
    mine = _times(lambda _: sam.ask("GET", "/approvals?mine=true"), rounds)
    rejected, approved = (
        _decided(ana, sam, services, verdict=verdict, decisions=decisions) for verdict in ("reject", "approve")
    )
    found = (_quantiles(times) for times in (listed, mine, rejected, approved))
    return Inbox(row[0] if row else 0, *(number for both in found for number in both))


def _decided(ana: Person, sam: Person, services: Sequence[str], *, verdict: str, decisions: int) -> list[float]:
    """Milliseconds of each. What is approved runs meanwhile, as it would, and has ended before anything else is
    measured."""
    runs = [ana.submit(services[number % len(services)], "production") for number in range(decisions)]
    seen = [sam.approval(run) for run in runs]

    def decide(number: int) -> httpx.Response:
        body = {"verdict": verdict, "digest": seen[number]["digest"], "comment": "measured"}
        return sam.ask("POST", f"/approvals/{seen[number]['id']}/decision", json=body)

    found = _times(decide, decisions)
    until(lambda: all(ana.run(run)["state"] in ENDS for run in runs), "all to end", seconds=300, every=2)
    return found


def _times(do: Callable[[int], httpx.Response], count: int) -> list[float]:
    """Milliseconds of each; the first three are not counted, they fill caches."""
    found = []
    for number in range(count):
        began = time.perf_counter()
        answer = do(number)
        found.append((time.perf_counter() - began) * 1000)
        assert answer.is_success, answer.text
    return found[3:]


def _quantiles(times: Sequence[float]) -> tuple[float, float]:
    cuts = statistics.quantiles(times, n=20)
    return statistics.median(times), cuts[18]
