"""R39: an approval races with a cancellation, the end of its time, a withdrawal, a rejection, a removed definition,
and with the approver who takes it back.

On the life itself with a real database, without processes: a thousand trials. Never is anything sent after an end.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from ci_in_memory import CiInMemory
from company import FAST, Company
from tests.chaos.harness.facts import Facts, rows
from tests.chaos.harness.oracle import violations
from tests.chaos.harness.person import Journal
from tests.chaos.harness.yard import lay_out, services

from daytwo_store import definitions, runs
from daytwo_store.definitions import Loaded
from daytwo_store.engine import Store
from daytwo_store.errors import DaytwoError
from daytwo_store.ids import ActionName, ApprovalId, Digest, EntityRef, RunId
from daytwo_store.states import RUN_ENDS, RunState, Verdict
from daytwo_store.tables import ApprovalRow
from daytwo_workflows.company import load_company
from daytwo_workflows.contracts import What
from daytwo_workflows.life.advance import advance
from daytwo_workflows.life.asking import Wish, start
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.decide import Decision, decide
from daytwo_workflows.life.interventions import cancel, withdraw
from daytwo_workflows.life.taking_back import take_back

pytestmark = [pytest.mark.chaos, pytest.mark.anyio]
_SPREAD = 0.03  # seconds within which everything happens


@dataclass
class Race:
    """One run, what is done to it, and who drives it meanwhile."""

    company: Company
    dice: random.Random
    service: str
    journal: Journal
    run: RunId = field(init=False)

    async def ask(self) -> None:
        wish = Wish(
            action="deploy",
            requester=await self.company.person("ana"),
            token=None,
            entity=EntityRef(f"service:{self.service}"),
            inputs={"version": "1.1.0", "environment": "environment:production", "note": "race"},
            version=None,
        )
        key = f"race-{self.service}-{next(self.company.numbers)}"
        self.run = RunId((await start(self.company.life, wish, key)).run.id)
        self.journal.runs.setdefault(key, set()).add(self.run)

    async def play(self, rival: "Rival") -> None:
        await asyncio.gather(
            self._some_time(self._decide(Verdict.APPROVE)),
            self._some_time(rival(self)),
            *(self._some_time(self._drive()) for _ in range(2)),
        )
        while await self._open():
            await self._drive()

    async def _some_time(self, doing: Awaitable[None]) -> None:
        await asyncio.sleep(self.dice.uniform(0, _SPREAD))
        try:
            await doing
        except DaytwoError:
            return  # the other one was faster, and this one was told so

    async def _decide(self, verdict: Verdict) -> None:
        approval = (await self.company.approvals(self.run))[-1]
        sam = await self.company.person("sam")
        said = Decision(
            approval=ApprovalId(approval.id), principal=sam, verdict=verdict, digest=approval.digest, comment="race"
        )
        await decide(self.company.store, said)
        self.journal.decisions.append((approval.id, sam, str(verdict)))

    async def _drive(self) -> None:
        move = await advance(self.company.life, self.run)
        for _ in range(40):
            if move.what is What.WAIT:
                await self.company.look(self.run)
                return
            if move.what is What.END:
                return
            move = await self.company.step(self.run, move)
        raise AssertionError(f"{self.run} goes round in circles: {move}")

    async def _open(self) -> bool:
        row = await self.company.run(self.run)
        return RunState(row.state) not in RUN_ENDS and row.state != RunState.WAITING_APPROVAL


Rival = Callable[[Race], Awaitable[None]]


async def cancelled(race: Race) -> None:
    ana = await race.company.person("ana")
    await cancel(race.company.store, race.run, by=ana, reason="race", force=race.dice.random() < 0.3)


async def withdrawn(race: Race) -> None:
    await withdraw(race.company.store, race.run, by=await race.company.person("ana"), reason="race")


async def rejected(race: Race) -> None:
    await race._decide(Verdict.REJECT)


async def expired(race: Race) -> None:
    async with race.company.store.write() as tx:
        await runs.hold(tx, race.run)
        for approval in await race.company.approvals(race.run):
            (await tx.session.merge(ApprovalRow(id=approval.id))).expires_at = tx.now
    await race._drive()


async def taken_back(race: Race) -> None:
    approval = (await race.company.approvals(race.run))[-1]
    await take_back(race.company.store, ApprovalId(approval.id), by=await race.company.person("sam"))


async def removed(race: Race) -> None:
    """Every definition goes away, and comes back when all have raced."""
    async with race.company.store.write() as tx:
        await definitions.put(tx, [])


RIVALS: Sequence[Rival] = (cancelled, withdrawn, rejected, expired, taken_back, removed)


@pytest.fixture
async def yard(store: Store, tmp_path: Path) -> Company:
    folder = lay_out(tmp_path / "yard")
    await load_company(store, [folder / "catalog", folder / "actions"], {"github": "github"})
    ci = CiInMemory()
    life = Life(
        store=store, backends={"github": ci}, windows=FAST, marker_key=b"k" * 32, public_url="http://127.0.0.1:1"
    )
    return Company(life=life, ci=ci)


async def trials(company: Company, dice: random.Random, count: int, at_once: int) -> Journal:
    """What was accepted, and is not to be lost."""
    journal = Journal()
    names = services("fast")[:at_once]
    async with company.store.read() as session:
        offered = [
            Loaded(name=ActionName(row.name), digest=Digest(row.digest), document=row.document, source=row.source)
            for row in await definitions.current(session)
        ]
    for person in ("ana", "sam"):
        await company.person(person)
    for number in range(count // at_once):
        rival = RIVALS[number % len(RIVALS)]
        races = [Race(company, dice, name, journal) for name in names]
        await asyncio.gather(*(race.ask() for race in races))
        await asyncio.gather(*(race.play(rival) for race in races))
        async with company.store.write() as tx:
            await definitions.put(tx, offered)
    return journal


def facts(company: Company, journal: Journal) -> Facts:
    """As of the whole house: the CI system in memory keeps a ledger, too."""
    ledger = [
        {"run_id": number, "inputs": {"daytwo_run": request.corr}, "body_sha256": request.digest}
        for number, request in enumerate(company.ci.ledger, 1)
    ]
    ends: dict[str, str | None] = {
        run: {"succeeded": "success", "failed": "failure"}.get(state.status, str(state.status))
        for run, state in company.ci.states.items()
    }
    url = company.store.settings.url.get_secret_value()
    return Facts(**rows(url), ledger=ledger, conclusions=ends, journal=journal)


def sent_after_an_end(found: Facts) -> list[str]:
    """Runs with an attempt that was claimed after the audit has the run's end."""
    over: set[str] = set()
    late = []
    for row in found.audit:
        if row["action"].removeprefix("run.") in {str(state) for state in RUN_ENDS}:
            over.add(row["subject"])
        if row["action"] == "attempt.sent" and row["subject"] in over:
            late.append(row["subject"])
    return late


def sent_without_approval(found: Facts) -> list[str]:
    """Runs with an attempt that was claimed although the audit's last word was not that it is approved."""
    approved: dict[str, bool] = {}
    wrong = []
    for row in found.audit:
        if row["action"] in ("approval.approved", "approval.superseded", "decision.withdrawn", "approval.asked"):
            approved[row["subject"]] = row["action"] == "approval.approved"
        if row["action"] == "attempt.sent" and not approved.get(row["subject"], False):
            wrong.append(row["subject"])
    return wrong


@pytest.mark.short
async def test_two_races_with_each(yard: Company, dice: random.Random) -> None:
    await _race(yard, dice, 2 * len(RIVALS), at_once=2)


async def test_seven_races_with_each(yard: Company, dice: random.Random) -> None:
    await _race(yard, dice, 7 * len(RIVALS), at_once=7)


@pytest.mark.timeout(1800)
async def test_a_thousand_races(yard: Company, dice: random.Random) -> None:
    found = await _race(yard, dice, 1000)
    ends = {row["state"] for row in found.runs}
    assert {"succeeded", "cancelled", "withdrawn", "rejected", "expired", "refused"} <= ends, "some race never went so"


async def _race(yard: Company, dice: random.Random, count: int, *, at_once: int = 8) -> Facts:
    journal = await trials(yard, dice, count, at_once)
    found = facts(yard, journal)
    assert len(found.runs) == len(journal.runs) == count // at_once * at_once
    assert journal.decisions
    assert violations(found) == []
    assert sent_after_an_end(found) == []
    assert sent_without_approval(found) == []
    return found
