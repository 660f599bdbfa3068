"""R40 over stages: whatever people do in whatever order, the rows say what a small model in plain Python says.

The model knows nothing of rows, transactions or policies. After each event both are compared: every stage with its
state and its decisions, and whether the run might be sent.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal

import pytest
from company import Company, open_company
from databases import Databases
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from more_actions import like_deploy, load_beside
from pydantic import SecretStr

from daytwo_store import approvals, entities, runs
from daytwo_store.engine import Store
from daytwo_store.entities import EVERYTHING
from daytwo_store.errors import Conflict, DaytwoError, Forbidden
from daytwo_store.ids import ApprovalId, EntityRef, RunId
from daytwo_store.settings import StoreSettings
from daytwo_store.states import ApprovalState, Verdict
from daytwo_store.tables import ApprovalRow
from daytwo_workflows.life import standing
from daytwo_workflows.life.advance import advance
from daytwo_workflows.life.decide import Decision, decide
from daytwo_workflows.life.interventions import cancel, withdraw

pytestmark = pytest.mark.chaos

GROUPS: Final = {
    "ana": {"storefront", "sre"},  # she asks, and is a member where it is decided
    "ben": {"storefront"},
    "sam": {"sre"},
    "pat": {"sre", "platform"},
    "fay": {"sre", "finance"},
}
STAGES: Final = (({"sre"}, 2, False), ({"platform", "finance"}, 1, False), ({"sre"}, 2, True))
Word = Literal["approve", "reject", "expire", "withdraw", "cancel", "drive"]
Event = tuple[Word, str, int]  # what, who, on which stage
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["approve"] * 12 + ["reject", "expire", "withdraw", "cancel", "drive", "drive"]),
        st.sampled_from(sorted(GROUPS)),
        st.integers(0, 2),
    ),
    min_size=8,
    max_size=30,
)


@dataclass
class Opened:
    state: str = "pending"
    late: bool = False
    said: dict[str, str] = field(default_factory=dict)


@dataclass
class Model:
    """What should be true."""

    run: str = "waiting_approval"
    opened: list[Opened] = field(default_factory=lambda: [Opened()])

    @property
    def ready(self) -> bool:
        return len(self.opened) == len(STAGES) and all(one.state == "approved" for one in self.opened)

    def takes(self, event: Event) -> str:
        """Do it; how it is answered: ok, repeated, forbidden or conflict."""
        word, who, number = event
        match word:
            case "approve" | "reject":
                return self._decide(word, who, min(number, len(self.opened) - 1))
            case "expire":
                if self.opened[-1].state == "pending":
                    self.opened[-1].late = True
                return "ok"
            case "drive":
                if self.opened[-1].state == "pending" and self.opened[-1].late:
                    self._end("expired", "expired")
                return "ok"
            case "withdraw" | "cancel":
                end = {"withdraw": "withdrawn", "cancel": "cancelled"}[word]
                if self.run == end:
                    return "ok"
                if self.run != "waiting_approval":
                    return "conflict"
                self._end(end, "withdrawn")
                return "ok"

    def _decide(self, word: str, who: str, number: int) -> str:
        stage, (groups, count, again) = self.opened[number], STAGES[number]
        earlier = {name for one in self.opened[:number] for name, said in one.said.items() if said == "approve"}
        if who == "ana" or not groups & GROUPS[who] or (who in earlier and not again):
            return "forbidden"
        if who in stage.said:
            return "repeated" if stage.said[who] == word else "conflict"
        if stage.state != "pending" or stage.late:
            return "conflict"
        stage.said[who] = word
        if word == "reject":
            stage.state = "rejected"
            self.run = "rejected"
        elif len(stage.said) == count:
            stage.state = "approved"
            if number + 1 < len(STAGES):
                self.opened.append(Opened())
        return "ok"

    def _end(self, run: str, stage: str) -> None:
        self.run = run
        if self.opened[-1].state == "pending":
            self.opened[-1].state = stage


@dataclass
class Real:
    """The life itself."""

    company: Company
    run: RunId
    ready: bool = False

    async def takes(self, event: Event) -> str:
        try:
            return "repeated" if await self._do(event) else "ok"
        except Forbidden:
            return "forbidden"
        except Conflict:
            return "conflict"
        except DaytwoError as error:
            return error.type

    async def _do(self, event: Event) -> bool:
        word, who, number = event
        store, ana = self.company.store, await self.company.person("ana")
        match word:
            case "approve" | "reject":
                return await self._decide(Verdict(word), who, number)
            case "expire":
                async with store.write() as tx:
                    await runs.hold(tx, self.run)
                    last = (await approvals.of_run(tx.session, self.run))[-1]
                    if last.state == ApprovalState.PENDING:
                        last.expires_at = tx.now
            case "drive":
                if not self.ready:
                    await advance(self.company.life, self.run)
            case "withdraw":
                await withdraw(store, self.run, by=ana, reason="")
            case "cancel":
                await cancel(store, self.run, by=ana, reason="", force=False)
        return False

    async def _decide(self, verdict: Verdict, who: str, number: int) -> bool:
        rows = await self.company.approvals(self.run)
        row: ApprovalRow = rows[min(number, len(rows) - 1)]
        return await decide(
            self.company.store,
            Decision(
                approval=ApprovalId(row.id),
                principal=await self.company.person(who),
                verdict=verdict,
                digest=row.digest,
                comment="why",
            ),
        )

    async def seen(self) -> tuple[str, bool, list[tuple[str, dict[str, str]]]]:
        """State of the run, whether sealing would find nothing amiss, and every stage."""
        names = {principal: name for name, principal in self.company.people.items()}
        async with self.company.store.read() as session:
            run = await runs.peek(session, self.run)
            rows = await approvals.of_run(session, self.run)
            decided = await approvals.decisions(session, [row.id for row in rows])
            self.ready = await standing.no_longer(session, run) == []
        told = [
            (row.state, {names[one.principal]: one.verdict for one in decided if one.approval_id == row.id})
            for row in rows
        ]
        return run.state, self.ready, told


async def play(company: Company, events: Sequence[Event]) -> None:
    model = Model()
    real = Real(company, await company.ask("ana", "1.1.0", "production", action="staged"))
    for event in events:
        expected = model.takes(event)
        assert await real.takes(event) == expected, event
        told = [(one.state, one.said) for one in model.opened]
        assert await real.seen() == (model.run, model.ready, told), event
    assert company.ci.posts == 0


async def open_yard(url: str, folder: Path) -> Company:
    company = await open_company(Store(StoreSettings(url=SecretStr(url), pool_size=2)))
    stages = [
        {"from": sorted(f"group:{name}" for name in groups), "count": count, **({"again": True} if again else {})}
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


Play = Callable[[Sequence[Event]], None]


@pytest.fixture
def played(databases: Databases, tmp_path: Path) -> Iterator[Play]:
    """One house for all examples of a test: each asks for a run of its own, and none is ever sent."""
    url = databases.create()
    with asyncio.Runner() as runner:
        company = runner.run(open_yard(url, tmp_path))
        yield lambda events: runner.run(play(company, events))
        runner.run(company.store.close())
    databases.drop(url)


def _check(played: Play, examples: int) -> None:
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate,),  # a shorter history would cost minutes; the event that differs is told
    )
    @given(EVENTS)
    def run(events: Sequence[Event]) -> None:
        played(events)

    run()


@pytest.mark.short
def test_a_few_histories_of_an_approval(played: Play) -> None:
    _check(played, 8)


@pytest.mark.timeout(600)
def test_a_hundred_histories_of_an_approval(played: Play) -> None:
    _check(played, 100)
