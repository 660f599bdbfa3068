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
from typing import Final, Literal

import pytest
from company import Company, open_company
from databases import Databases
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from more_actions import like_deploy, load_beside
from pydantic import SecretStr
from sqlalchemy import text, update

from daytwo_store import approvals, entities, runs
from daytwo_store.engine import Store
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
from daytwo_workflows.life.interventions import cancel, withdraw
from daytwo_workflows.life.lending import Lending, lend, lend_one, revoke
from daytwo_workflows.life.taking_back import take_back

pytestmark = pytest.mark.chaos

GROUPS: Final = {
    "ana": {"storefront", "sre"},  # she asks, and is a member where it is decided
    "ben": {"storefront"},
    "sam": {"sre"},
    "pat": {"sre", "platform"},
    "fay": {"sre", "finance"},
}
NAMES: Final = sorted(GROUPS)
LATER: Final = "storefront"  # is asked as well when a stage has been open for long
STAGES: Final = (({"sre"}, 2, False), ({"platform", "finance"}, 1, False), ({"sre"}, 2, True))
Word = Literal[
    "approve",
    "reject",
    "expire",
    "withdraw",
    "cancel",
    "drive",
    "lend",
    "hand",
    "revoke",
    "escalate",
    "take_back",
    "comment",
]
Event = tuple[Word, str, str, int]  # what, who, who else, on which stage
WORDS: Final = (
    ["approve"] * 24
    + ["lend", "hand", "revoke", "escalate", "take_back"] * 3
    + ["drive", "comment"] * 2
    + ["reject", "expire", "withdraw", "cancel"]
)


def events(most: int) -> "st.SearchStrategy[list[Event]]":
    one = st.tuples(st.sampled_from(WORDS), st.sampled_from(NAMES), st.sampled_from(NAMES), st.integers(0, 2))
    return st.lists(one, min_size=most, max_size=most)  # type: ignore[arg-type] # the words are words


@dataclass
class Said:
    word: str
    instead_of: str | None  # whose right it was


@dataclass
class Opened:
    state: str = "pending"
    late: bool = False
    asked: set[str] = field(default_factory=set)
    said: dict[str, Said] = field(default_factory=dict)
    taken_back: set[str] = field(default_factory=set)

    @property
    def heard(self) -> set[str]:
        return set(self.said) | {one.instead_of for one in self.said.values() if one.instead_of}


@dataclass
class Model:
    """What should be true. `Opened` of what was void before stand in `void`."""

    run: str = "waiting_approval"
    opened: list[Opened] = field(default_factory=lambda: [Opened(asked=set(STAGES[0][0]))])
    void: list[Opened] = field(default_factory=list)
    lent: list[tuple[str, str, Opened | None]] = field(default_factory=list)  # by, to, and of one stage alone

    @property
    def ready(self) -> bool:
        return len(self.opened) == len(STAGES) and all(one.state == "approved" for one in self.opened)

    def takes(self, event: Event) -> str:
        """Do it; how it is answered: ok, repeated, forbidden, conflict or rejected."""
        word, who, other, number = event
        stage = self.opened[min(number, len(self.opened) - 1)]
        match word:
            case "approve" | "reject":
                return self._decide(word, who, stage)
            case "withdraw" | "cancel":
                return self._stop({"withdraw": "withdrawn", "cancel": "cancelled"}[word])
            case "lend" | "hand":
                return self._lend(who, other) if word == "lend" else self._hand(who, other, self.opened[-1])
            case "take_back":
                return self._take_back(who, stage)
            case "revoke":
                mine = [one for one in self.lent if one[0] == who]
                if mine:
                    self.lent.remove(mine[-1])
            case _:
                self._pass(word, self.opened[-1])
        return "ok"

    def _lend(self, who: str, other: str) -> str:
        if who == other:
            return "rejected"
        self.lent.append((who, other, None))
        return "ok"

    def _pass(self, word: str, last: Opened) -> None:
        match word:
            case "expire" if last.state == "pending":
                last.late = True
            case "drive" if last.state == "pending" and last.late:
                self._end("expired", "expired")
            case "escalate" if last.state == "pending" and not last.late:
                last.asked.add(LATER)

    def _stop(self, end: str) -> str:
        if self.run == end:
            return "ok"
        if self.run != "waiting_approval":
            return "conflict"
        self._end(end, "withdrawn")
        return "ok"

    def _one_person(self, who: str, other: str) -> bool:
        return any({by, to} == {who, other} for by, to, alone in self.lent if alone is None)

    def _voice(self, who: str, stage: Opened) -> tuple[bool, str | None]:
        """May they, and whose right is it?"""
        number = self.opened.index(stage)
        before: set[str] = set()
        if not STAGES[number][2]:
            before = {name for one in self.opened[:number] for name in one.heard}
        if who == "ana" or self._one_person(who, "ana") or who in before:
            return False, None
        if who not in stage.heard and GROUPS[who] & stage.asked:
            return True, None
        for by, to, alone in self.lent:
            if to != who or alone not in (None, stage) or not GROUPS[by] & stage.asked:
                continue
            if by != "ana" and not self._one_person(by, "ana") and by not in before | stage.heard:
                return True, by
        return False, None

    def _decide(self, word: str, who: str, stage: Opened) -> str:
        if who in stage.said:
            return "repeated" if stage.said[who].word == word else "conflict"
        may, instead_of = self._voice(who, stage)
        if not may:
            return "forbidden"
        if stage.state != "pending" or stage.late:
            return "conflict"
        stage.said[who] = Said(word, instead_of)
        number = self.opened.index(stage)
        if word == "reject":
            stage.state = "rejected"
            self.run = "rejected"
        elif len(stage.said) == STAGES[number][1]:
            stage.state = "approved"
            if number + 1 < len(STAGES):
                self.opened.append(Opened(asked=set(STAGES[number + 1][0])))
        return "ok"

    def _hand(self, who: str, other: str, last: Opened) -> str:
        if last.state != "pending" or last.late:
            return "conflict"
        if who == other or other == "ana":
            return "rejected"
        if who in last.said:
            return "conflict"
        may, instead_of = self._voice(who, last)
        if not may or instead_of is not None:
            return "forbidden"
        self.lent.append((who, other, last))
        return "ok"

    def _take_back(self, who: str, stage: Opened) -> str:
        if who not in stage.said:
            return "repeated" if who in stage.taken_back else "conflict"
        if stage.said[who].word == "reject" or self.run != "waiting_approval":
            return "conflict"
        del stage.said[who]
        stage.taken_back.add(who)
        if stage.state != "pending":
            for one in self.opened:
                one.state = "superseded"
            self.void += self.opened
            self.opened = [Opened(asked=set(STAGES[0][0]))]
        return "ok"

    def _end(self, run: str, stage: str) -> None:
        self.run = run
        if self.opened[-1].state == "pending":
            self.opened[-1].state = stage


Told = list[tuple[str, dict[str, tuple[str, str | None]]]]


@dataclass(frozen=True)
class Row:
    """A stage as it was last read."""

    id: str
    state: str
    digest: str
    first: str | None
    stage: int


# One statement after each step, in the order in which stages come: what is void first.
SEEN: Final = text(
    """
    SELECT run.state,
      (SELECT json_agg(json_build_object('id', id, 'state', state, 'digest', digest, 'first', "first", 'stage', stage)
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

    async def takes(self, event: Event) -> str:
        try:
            return "repeated" if await self._do(event) else "ok"
        except Forbidden:
            return "forbidden"
        except Conflict:
            return "conflict"
        except Rejected:
            return "rejected"
        except DaytwoError as error:
            return error.type

    async def _do(self, event: Event) -> bool:
        word, who, other, number = event
        store, people = self.company.store, self.company.people
        chain = [row for row in self.rows if (row.first or row.id) == (self.rows[-1].first or self.rows[-1].id)]
        row = chain[min(number, len(chain) - 1)]
        match word:
            case "approve" | "reject":
                wanted = Decision(
                    approval=ApprovalId(row.id),
                    principal=people[who],
                    verdict=Verdict(word),
                    digest=row.digest,
                    comment="why",
                )
                return await decide(store, wanted)
            case "take_back":
                return await take_back(store, ApprovalId(row.id), by=people[who])
            case "lend" | "hand":
                await self._lend(word, who, other)
            case "revoke":
                await self._revoke(who)
            case "comment":
                key = f"comment-{next(self.company.numbers)}"
                await comment(store, ApprovalId(row.id), by=people[who], text="hm", key=key)
            case _:
                await self._go_on(word)
        return False

    async def _go_on(self, word: str) -> None:
        store, ana = self.company.store, self.company.people["ana"]
        match word:
            case "expire" | "escalate":
                await self._pass(word)
            case "drive":
                if not self.ready:
                    await advance(self.company.life, self.run)
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


def expected_of(model: Model) -> tuple[str, bool, Told]:
    told: Told = [
        (one.state, {name: (said.word, said.instead_of) for name, said in one.said.items()})
        for one in (*model.void, *model.opened)
    ]
    return model.run, model.ready, told


async def play(company: Company, events: Sequence[Event]) -> None:
    model = Model()
    real = Real(company, await company.ask("ana", "1.1.0", "production", action="staged"))
    assert await real.seen() == expected_of(model)
    for event in events:
        expected = model.takes(event)
        assert await real.takes(event) == expected, event
        assert await real.seen() == expected_of(model), event
    assert company.ci.posts == 0
    async with company.store.write() as tx:  # the next example begins without delegations
        await tx.session.execute(
            update(DelegationRow).where(DelegationRow.revoked_at.is_(None)).values(revoked_at=tx.now)
        )


async def open_yard(url: str, folder: Path) -> Company:
    company = await open_company(Store(StoreSettings(url=SecretStr(url), pool_size=2)))
    stages = [
        {
            "from": sorted(f"group:{name}" for name in groups),
            "count": count,
            "escalate": {"after": "1h", "to": [f"group:{LATER}"]},
            **({"again": True} if again else {}),
        }
        for groups, count, again in STAGES
    ]
    await load_beside(company, folder, like_deploy("staged", approval=stages))
    for name, groups in GROUPS.items():
        async with company.store.write() as tx:
            person = await entities.get(tx.session, EntityRef(f"person:{name}"), sees=EVERYTHING)
            assert person is not None
            belongs = {**person.relations, "memberOf": sorted(f"group:{group}" for group in groups)}
            await entities.upsert(tx, replace(person, relations=belongs), by="test:x")
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
