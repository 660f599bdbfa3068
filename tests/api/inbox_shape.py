"""R37: what a list of approvals and a decision cost does not grow with how many are pending: as many statements for ten
thousand as for a few, and none of them reads them all. The times are measured by `tests.bench --only inbox`.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import psycopg
import pytest
from api_house import House
from sqlalchemy import event
from tests.bench.inbox import multiply

from daytwo_store.ids import RunId

pytestmark = pytest.mark.anyio
MANY: Final = 10_000
PAGE: Final = 50
READ: Final = 4 * (PAGE + 1)  # rows of a table that a statement may look at for one page


@dataclass
class Seen:
    """The statements that were sent, as the driver got them."""

    statements: list[tuple[str, Any]] = field(default_factory=list)


@contextmanager
def watching(house: House) -> Iterator[Seen]:
    seen = Seen()

    def note(_: object, __: object, statement: str, parameters: Any, *___: object) -> None:
        seen.statements.append((statement, parameters))

    engine = house.store.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


@dataclass
class Inbox:
    house: House
    url: str
    sam: httpx.AsyncClient
    costs: dict[str, list[int]] = field(default_factory=dict)

    async def listed(self, **parameters: str) -> Seen:
        with watching(self.house) as seen:
            answer = await self.sam.get("/api/v1/approvals", params=parameters)
        assert answer.status_code == 200, answer.text
        assert answer.json()["items"]
        return seen

    async def decided(self, run: RunId, verdict: str) -> Seen:
        approval = (await self.house.company.approvals(run))[-1]
        body = {"verdict": verdict, "digest": approval.digest, "comment": "no"}
        with watching(self.house) as seen:
            answer = await self.sam.post(f"/api/v1/approvals/{approval.id}/decision", json=body)
        assert answer.status_code == 200, answer.text
        return seen

    def reading_much(self, seen: Seen) -> list[tuple[int, str]]:
        """The statements that look at more rows of a table than a page takes."""
        with psycopg.connect(self.url) as connection:
            rows = [(self._rows(connection, statement, given), statement) for statement, given in seen.statements]
        return [(count, statement) for count, statement in rows if count > READ]

    def _rows(self, connection: "psycopg.Connection[Any]", statement: str, given: Any) -> int:
        if not statement.startswith("SELECT") or "FOR UPDATE" in statement or "pg_notify" in statement:
            return 0
        found = connection.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", given).fetchone()  # type: ignore[arg-type]
        assert found is not None
        told = found[0] if isinstance(found[0], list) else json.loads(found[0])
        return max(scanned(told[0]["Plan"]))


def scanned(plan: dict[str, Any]) -> Iterator[int]:
    """Rows that each scan of a plan has looked at."""
    times = plan["Actual Loops"]
    dropped = sum(plan.get(f"Rows Removed by {why}", 0) for why in ("Filter", "Index Recheck"))
    yield int((plan["Actual Rows"] + dropped) * times) if "Relation Name" in plan else 0
    for inner in plan.get("Plans", ()):
        yield from scanned(inner)


@pytest.fixture
async def inbox(house: House, database_url: str) -> Inbox:
    return Inbox(house, database_url, await house.signed_in("sam"))


async def waiting(house: House) -> RunId:
    run = await house.company.ask("ana", "1.1.0", "production")
    await house.company.drive(run)
    return run


async def test_many_pending_approvals_cost_as_much_as_one(inbox: Inbox) -> None:
    lists: list[dict[str, str]] = [{"state": "pending"}, {"mine": "true"}, {}]
    first, *others = [await waiting(inbox.house) for _ in range(7)]
    verdicts = ("reject", "approve")
    for parameters in lists:  # fills caches
        await inbox.listed(**parameters)
    for verdict in verdicts:
        await inbox.decided(others.pop(), verdict)
    few = [len((await inbox.listed(**parameters)).statements) for parameters in lists]
    few += [len((await inbox.decided(others.pop(), verdict)).statements) for verdict in verdicts]
    multiply(inbox.url, first, MANY)
    many = [await inbox.listed(**parameters) for parameters in lists]
    many += [await inbox.decided(others.pop(), verdict) for verdict in verdicts]
    for before, seen in zip(few, many, strict=True):
        assert len(seen.statements) <= before + ANYWAY
    assert few[0] <= LISTED
    assert max(few[-2:]) <= DECIDED
    assert [inbox.reading_much(seen) for seen in many] == [[]] * len(many)


ANYWAY: Final = 2  # statements that are sent now and then: that a session is used, whether everything is stopped
LISTED: Final = 14  # statements of a list, with those that find out who asks
DECIDED: Final = 60
