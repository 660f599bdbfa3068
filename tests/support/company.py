"""The example company in a test's database, and a life that it can live: people, runs, decisions."""

import asyncio
import hmac
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path

from ci_in_memory import CiInMemory
from sqlalchemy import select

from daytwo_store import approvals, attempts, definitions, runs
from daytwo_store.engine import Store
from daytwo_store.identity import Login, principal_for
from daytwo_store.ids import ApprovalId, EntityRef, PrincipalId, RunId
from daytwo_store.keyring import Keys, derived
from daytwo_store.settings import TEST_WINDOWS
from daytwo_store.states import AttemptState, Verdict
from daytwo_store.tables import ApprovalRow, AttemptRow, AuditRow, RunRow
from daytwo_workflows.company import load_company
from daytwo_workflows.connections.considerate import considerate
from daytwo_workflows.contracts import Move, What
from daytwo_workflows.life import follow
from daytwo_workflows.life.acting import act
from daytwo_workflows.life.advance import advance
from daytwo_workflows.life.asking import Wish, start
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.decide import Decision, decide
from daytwo_workflows.life.dispatch import dispatch
from daytwo_workflows.life.reconcile import reconcile

EXAMPLES = Path(__file__).parents[2] / "examples"
# Generous where a slow machine could be too late, short where somebody would only wait: `Company` moves time itself.
FAST = TEST_WINDOWS.model_copy(
    update={
        "fresh_plan": timedelta(0),
        "look_every": (0.02,),
        "send_by": timedelta(seconds=120),
        "send_margin": timedelta(seconds=60),
        "send_total": timedelta(seconds=30),
        "repeat_for": timedelta(minutes=10),
        "listing_lag": timedelta(seconds=0.1),
        "settle_with_logs": timedelta(seconds=0.2),
        "log_patience": timedelta(seconds=0.6),
    }
)
SHOP = EntityRef("service:shop")


@dataclass
class Company:
    """Everything that a test of a run's life does, in one line each."""

    life: Life
    ci: CiInMemory
    people: dict[str, PrincipalId] = field(default_factory=dict)
    numbers: "count[int]" = field(default_factory=count)

    @property
    def store(self) -> Store:
        return self.life.store

    async def person(self, name: str) -> PrincipalId:
        if name not in self.people:
            async with self.store.write() as tx:
                ref = EntityRef(f"person:{name}")
                login = Login(issuer="catalog", subject=ref, name=name.title(), ref=ref)
                self.people[name] = (await principal_for(tx, login)).id
        return self.people[name]

    async def ask(
        self, name: str, version: str, environment: str, *, action: str = "deploy", key: str | None = None
    ) -> RunId:
        """Ask for a deploy of the shop."""
        wish = Wish(
            action=action,
            requester=await self.person(name),
            token=None,
            entity=SHOP,
            inputs={"version": version, "environment": f"environment:{environment}"},
            version=None,
        )
        accepted = await start(self.life, wish, key or f"key-{next(self.numbers)}")
        return RunId(accepted.run.id)

    async def decide(self, name: str, run: RunId, verdict: Verdict = Verdict.APPROVE, comment: str = "ok") -> bool:
        approval = (await self.approvals(run))[-1]
        return await decide(
            self.store,
            Decision(
                approval=ApprovalId(approval.id),
                principal=await self.person(name),
                verdict=verdict,
                digest=approval.digest,
                comment=comment,
            ),
        )

    async def step(self, run: RunId, move: Move | None = None) -> Move:
        """One move of the run: what the workflow would do."""
        move = move or await advance(self.life, run)
        match move.what:
            case What.DISPATCH:
                return await dispatch(self.life, run, move.path, move.attempt)
            case What.RECONCILE:
                return await self._found_out(run, move)
            case What.READ:
                return await follow.read(self.life, run, move.path, move.attempt)
            case What.COLLECT:
                return await follow.collect(self.life, run, move.path, move.attempt, lambda: None)
            case What.ACT | What.LOOK:
                return await act(self.life, run, move.path, move.attempt)
            case What.CANCEL | What.FORCE_CANCEL:
                return await follow.cancel(
                    self.life, run, move.path, move.attempt, force=move.what is What.FORCE_CANCEL
                )
            case _:
                return move

    async def _found_out(self, run: RunId, move: Move) -> Move:
        """Look until it is settled, with no pause between two looks."""
        await self.age(run)
        found = await reconcile(self.life, run, move.path, move.attempt, lambda: None)
        while await self._still_open(run, move):
            await asyncio.sleep(0.02)
            found = await reconcile(self.life, run, move.path, move.attempt, lambda: None)
        return found

    async def _still_open(self, run: RunId, move: Move) -> bool:
        async with self.store.write() as tx:
            attempt = await attempts.get(tx.session, run, move.path, move.attempt)
            step = await runs.step(tx.session, run, move.path)
            search = (step.data or {}).get("search")
            if isinstance(search, dict):
                step.data = {**(step.data or {}), "search": {**search, "due": None}}
            return attempt is not None and attempt.state in (AttemptState.SENT, AttemptState.AMBIGUOUS)

    async def age(self, run: RunId) -> None:
        """Time passes: whatever was sent is visible in listings by now, and whoever had to be waited for was."""
        windows = self.life.windows
        async with self.store.write() as tx:
            for attempt in await attempts.of_run(tx.session, run):
                attempt.send_by = min(
                    attempt.send_by, tx.now - windows.send_total - windows.listing_lag - timedelta(seconds=2)
                )
                if attempt.retry_at is not None:
                    attempt.retry_at = tx.now - timedelta(seconds=1)

    async def drive(self, run: RunId, moves: int = 40) -> Move:
        """Move until it waits or has ended."""
        move = await advance(self.life, run)
        for _ in range(moves):
            if move.what in (What.END, What.WAIT):
                return move
            move = await self.step(run, move)
        raise AssertionError(f"the run goes round in circles: {move}")

    async def through(self, run: RunId) -> Move:
        """Drive it, have a webhook come, and drive it on."""
        await self.drive(run)
        await self.look(run)
        return await self.drive(run)

    async def look(self, run: RunId) -> None:
        """A webhook has come: read the external run at the next move."""
        async with self.store.write() as tx:
            for external in await attempts.externals_of_run(tx.session, run):
                external.wanted_at = tx.now

    async def run(self, run: RunId) -> RunRow:
        async with self.store.read() as session:
            return await runs.peek(session, run)

    async def approvals(self, run: RunId) -> list[ApprovalRow]:
        async with self.store.read() as session:
            return list(await approvals.of_run(session, run))

    async def audit(self, run: RunId) -> list[AuditRow]:
        """What the audit says about it, in its order."""
        async with self.store.read() as session:
            query = select(AuditRow).where(AuditRow.subject == f"run:{run}").order_by(AuditRow.n)
            return list((await session.scalars(query)).all())

    async def attempts(self, run: RunId) -> list[AttemptRow]:
        async with self.store.read() as session:
            return list(await attempts.of_run(session, run))


def as_in_settings(purpose: str) -> bytes:
    """The key that a process with the secret file of `tests/api` has for a purpose."""
    return hmac.digest(b"k" * 32, f"daytwo {purpose}".encode(), "sha256")


async def load_example(store: Store) -> None:
    await load_company(store, [EXAMPLES / "catalog", EXAMPLES / "actions"], {"github": "github"})


async def open_company(store: Store) -> Company:
    """On a database that is empty, or a copy of one with the company (`Databases.create`)."""
    ci = CiInMemory()
    async with store.read() as session:
        loaded = await definitions.current(session)
    if not loaded:
        await load_example(store)
    life = Life(
        store=store,
        backends=considerate({"github": ci}, store),
        windows=FAST,
        marker_key=b"k" * 32,
        token_key=b"t" * 32,
        secrets=("very-secret-token",),
        keys=Keys.of(derived(as_in_settings("stored secrets"))),
        fingerprint_key=as_in_settings("secret fingerprints"),
        public_url="http://127.0.0.1:1",
    )
    return Company(life=life, ci=ci)
