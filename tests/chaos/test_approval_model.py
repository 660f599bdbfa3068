"""R40 over stages: whatever people do in whatever order, the rows say what a small model in plain Python says.

The model knows nothing of rows, transactions or policies. After each event both are compared: every stage with its
state and its decisions, and whether the run might be sent.
"""

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from company import Company, open_company
from databases import Databases
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from more_actions import like_deploy, load_beside
from pydantic import SecretStr
from sqlalchemy import text, update
from tests.chaos.harness.approval_model import (
    FORM,
    GROUPS,
    LATER,
    LEAVES,
    STAGES,
    Event,
    Model,
    Told,
    events,
    expected_of,
    ticket_of,
)
from tests.chaos.harness.dying_store import Crash, DyingStore, quick

from daytwo_store import approvals, entities, runs
from daytwo_store.entities import EVERYTHING
from daytwo_store.errors import Conflict, DaytwoError, Forbidden, Rejected
from daytwo_store.ids import ApprovalId, EntityRef, RunId
from daytwo_store.settings import StoreSettings
from daytwo_store.states import ApprovalState, Verdict
from daytwo_store.tables import DelegationRow
from daytwo_workflows.life import standing
from daytwo_workflows.life.advance import advance
from daytwo_workflows.life.attending import attend
from daytwo_workflows.life.commenting import comment
from daytwo_workflows.life.decide import Decision, decide
from daytwo_workflows.life.filling import filled_in
from daytwo_workflows.life.interventions import cancel, withdraw
from daytwo_workflows.life.lending import Lending, lend, lend_one, revoke
from daytwo_workflows.life.taking_back import take_back

pytestmark = pytest.mark.chaos

TICKET: Final = {"pages": [{"title": "Change", "required": ["ticket"], "properties": {"ticket": {"type": "string"}}}]}


@dataclass(frozen=True)
class Row:
    """A stage as it was last read."""

    id: str
    state: str
    digest: str
    first: str | None
    stage: int
    asks: bool


# One statement after each step, in the order in which stages come: what is void first.
SEEN: Final = text(
    """
    SELECT run.state,
      (SELECT json_agg(json_build_object('id', id, 'state', state, 'digest', digest, 'first', "first", 'stage', stage,
                                         'asks', cardinality(asks) > 0)
                       ORDER BY state <> 'superseded', created_at, stage, id)
       FROM approval WHERE run_id = run.id),
      (SELECT json_agg(json_build_object('approval_id', approval_id, 'principal', principal, 'verdict', verdict,
                                         'on_behalf_of', on_behalf_of) ORDER BY at)
       FROM decision WHERE withdrawn_at IS NULL AND approval_id IN (SELECT id FROM approval WHERE run_id = run.id))
    FROM run WHERE id = :run
    """
)


@dataclass
class Real:
    """The life itself."""

    company: Company
    run: RunId
    rows: Sequence[Row] = ()
    ready: bool = False
    lent: list[tuple[str, str]] = field(default_factory=list)  # by, id
    groups: dict[str, set[str]] = field(default_factory=lambda: {name: set(groups) for name, groups in GROUPS.items()})
    drifted: bool = False

    @property
    def dying(self) -> DyingStore:
        store = self.company.store
        assert isinstance(store, DyingStore)
        return store

    async def takes(self, event: Event) -> str:
        try:
            return "repeated" if await self._do(event) else "ok"
        except Forbidden:
            return "forbidden"
        except Conflict:
            return "conflict"
        except Rejected:
            return "rejected"
        except Crash:
            return "crashed"
        except DaytwoError as error:
            return error.type

    async def _do(self, event: Event) -> bool:
        word, who, other, number = event
        store, people = self.company.store, self.company.people
        chain = [row for row in self.rows if (row.first or row.id) == (self.rows[-1].first or self.rows[-1].id)]
        row = chain[min(number, len(chain) - 1)]
        match word:
            case "approve" | "reject":
                return await self._decide(row, Verdict(word), who, other)
            case "crash":
                return await self._crash(row, who, other, committed=number > 0)
            case "take_back":
                return await take_back(store, ApprovalId(row.id), by=people[who])
            case "lend" | "hand":
                await self._lend(word, who, other)
            case "revoke":
                await self._revoke(who)
            case "comment":
                key = f"comment-{next(self.company.numbers)}"
                await comment(store, ApprovalId(row.id), by=people[who], text="hm", key=key)
            case "leave":
                await self._leave(who, LEAVES[number])
            case _:
                await self._go_on(word)
        return False

    async def _decide(self, row: Row, verdict: Verdict, who: str, other: str) -> bool:
        ticket = ticket_of(other) if row.asks and verdict is Verdict.APPROVE else None
        wanted = Decision(
            approval=ApprovalId(row.id),
            principal=self.company.people[who],
            verdict=verdict,
            digest=row.digest,
            comment="why",
            answers=None if ticket is None else {"ticket": ticket},
        )
        if ticket is not None:
            wanted = await filled_in(self.company.life, wanted)
        return await decide(self.company.store, wanted)

    async def _crash(self, row: Row, who: str, other: str, *, committed: bool) -> bool:
        """The process dies in the middle of an approval. Whoever got no answer sends it again."""
        self.dying.dies = "after" if committed else "before"
        try:
            return await self._decide(row, Verdict.APPROVE, who, other)
        except Crash:
            self.dying.dies = None
            if not committed:
                raise
            return await self._decide(row, Verdict.APPROVE, who, other)
        finally:
            self.dying.dies = None

    async def _leave(self, who: str, group: str) -> None:
        """Leave the group, or come back."""
        if group in GROUPS[who]:
            self.groups[who] ^= {group}
            await belongs(self.company, who, self.groups[who])

    async def _go_on(self, word: str) -> None:
        store, ana = self.company.store, self.company.people["ana"]
        match word:
            case "expire" | "escalate":
                await self._pass(word)
            case "drift":
                self.company.ci.commit = f"{next(self.company.numbers):040x}"
                self.drifted = True
            case "drive" if self.rows[-1].state != ApprovalState.APPROVED or self.rows[-1].stage < len(STAGES):
                await advance(self.company.life, self.run)
            case "drive" if self.drifted or not self.ready:  # else it would be sent
                await self.company.drive(self.run)
                self.drifted = False
            case "withdraw":
                await withdraw(store, self.run, by=ana, reason="")
            case "cancel":
                await cancel(store, self.run, by=ana, reason="", force=False)

    async def _revoke(self, who: str) -> None:
        mine = [one for one in self.lent if one[0] == who]
        if mine:
            self.lent.remove(mine[-1])
            await revoke(self.company.store, mine[-1][1], by=self.company.people[who], anybody=False)

    async def _pass(self, word: str) -> None:
        """The time of the pending stage passes, or so much of it that others are asked as well."""
        async with self.company.store.write() as tx:
            await runs.hold(tx, self.run)
            rows = await approvals.of_run(tx.session, self.run)
            last = rows[-1]
            if last.state != ApprovalState.PENDING:
                return
            if word == "expire":
                last.expires_at = tx.now
            elif last.expires_at > tx.now:
                for row in rows:
                    row.created_at -= timedelta(hours=2)
                attend(tx, last)

    async def _lend(self, word: str, who: str, other: str) -> None:
        by, store = self.company.people[who], self.company.store
        key = f"lend-{next(self.company.numbers)}"
        ends = datetime.now(UTC) + timedelta(days=30)
        asked = Lending(by=by, to=f"person:{other}", begins_at=None, ends_at=ends, reason="", key=key)
        if word == "lend":
            self.lent.append((who, (await lend(store, asked)).id))
        else:
            self.lent.append((who, (await lend_one(store, ApprovalId(self.rows[-1].id), asked)).id))

    async def seen(self) -> tuple[str, bool, Told]:
        """State of the run, whether sealing would find nothing amiss, and every stage."""
        names = {principal: name for name, principal in self.company.people.items()}
        async with self.company.store.read() as session:
            run, rows, decided = (await session.execute(SEEN, {"run": self.run})).one()
            self.rows = [Row(**row) for row in rows]
            self.ready = False
            if self.rows[-1].state == ApprovalState.APPROVED:
                self.ready = await standing.no_longer(session, await runs.peek(session, self.run)) == []
        told: Told = [
            (
                row.state,
                {
                    names[one["principal"]]: (one["verdict"], names.get(one["on_behalf_of"]))
                    for one in decided or ()
                    if one["approval_id"] == row.id
                },
            )
            for row in self.rows
        ]
        return run, self.ready, told


async def play(company: Company, events: Sequence[Event]) -> None:
    model = Model()
    real = Real(company, await company.ask("ana", "1.1.0", "production", action="staged"))
    assert await real.seen() == expected_of(model)
    for event in events:
        expected = model.takes(event)
        assert await real.takes(event) == expected, event
        assert await real.seen() == expected_of(model), event
    assert company.ci.posts == 0
    for name, groups in GROUPS.items():  # the next example begins as this one did
        if real.groups[name] != groups:
            await belongs(company, name, groups)
    async with company.store.write() as tx:
        await tx.session.execute(
            update(DelegationRow).where(DelegationRow.revoked_at.is_(None)).values(revoked_at=tx.now)
        )


async def belongs(company: Company, name: str, groups: set[str]) -> None:
    async with company.store.write() as tx:
        person = await entities.get(tx.session, EntityRef(f"person:{name}"), sees=EVERYTHING)
        assert person is not None
        relations = {**person.relations, "memberOf": sorted(f"group:{group}" for group in groups)}
        await entities.upsert(tx, replace(person, relations=relations), by="test:x")


async def open_yard(url: str, folder: Path) -> Company:
    company = await open_company(DyingStore(StoreSettings(url=SecretStr(quick(url)), pool_size=2)))
    stages = [
        {
            "from": sorted(f"group:{name}" for name in groups),
            "count": count,
            "escalate": {"after": "1h", "to": [f"group:{LATER}"]},
            **({"again": True} if again else {}),
            **({"id": "change", "form": TICKET} if number == FORM else {}),
        }
        for number, (groups, count, again) in enumerate(STAGES)
    ]
    document = like_deploy("staged", approval=stages)
    document["spec"]["steps"][0]["with"]["inputs"]["ticket"] = "${{ approvals.change.ticket }}"
    await load_beside(company, folder, document)
    for name, groups in GROUPS.items():
        await belongs(company, name, groups)
        await company.person(name)
    return company


Play = Callable[[Sequence[Sequence[Event]]], None]
HOUSES: Final = 2  # histories at once, each in a house of its own: people and what they lend are those of a house


@pytest.fixture
def played(databases: Databases, tmp_path: Path) -> Iterator[Play]:
    """The same houses for all examples of a test: each asks for a run of its own, and none is ever sent."""
    urls = [databases.create() for _ in range(HOUSES)]
    with asyncio.Runner() as runner:
        companies = []
        for number, url in enumerate(urls):
            (tmp_path / str(number)).mkdir()
            companies.append(runner.run(open_yard(url, tmp_path / str(number))))

        async def together(histories: Sequence[Sequence[Event]]) -> None:
            await asyncio.gather(*(play(company, one) for company, one in zip(companies, histories, strict=True)))

        yield lambda histories: runner.run(together(histories))
        for company in companies:
            runner.run(company.store.close())
    for url in urls:
        databases.drop(url)


def _check(played: Play, histories: int, steps: int, dice: random.Random) -> None:
    @seed(dice.randrange(1 << 31))
    @settings(
        max_examples=histories // HOUSES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate,),  # a shorter history would cost minutes; the event that differs is told
    )
    @given(st.tuples(*(events(steps) for _ in range(HOUSES))))
    def run(histories: Sequence[Sequence[Event]]) -> None:
        played(histories)

    run()


@pytest.mark.short
@pytest.mark.timeout(600)
def test_a_hundred_histories_of_an_approval(played: Play, dice: random.Random) -> None:
    _check(played, 100, 30, dice)


@pytest.mark.timeout(7200)
def test_two_thousand_long_histories_of_an_approval(played: Play, dice: random.Random) -> None:
    _check(played, 2000, 50, dice)
