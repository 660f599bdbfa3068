"""What a chaos test plays on: the house, its people, and the judgement at the end."""

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Self, TypeVar

from tests.chaos.harness.accepted import Control
from tests.chaos.harness.bounds import USUAL, Limits, Sampler, histories
from tests.chaos.harness.canaries import CORE, Places, forms
from tests.chaos.harness.facts import Facts, gather, rows
from tests.chaos.harness.house import ChaosHouse, until
from tests.chaos.harness.oracle import violations
from tests.chaos.harness.person import Journal, Person
from tests.chaos.harness.yard import services

from daytwo_store.states import RUN_ENDS

ENDS: Final = frozenset(str(state) for state in RUN_ENDS)
A = TypeVar("A")
B = TypeVar("B")


def at_once(do: Callable[[A], B], given: Sequence[A], *, threads: int = 8) -> list[B]:
    """`do` for each, side by side; the results in order."""
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(do, given))


def action_on(system: str) -> str:
    """The yard's action there."""
    return "deploy" if system == "github" else f"deploy-{system}"


@dataclass(frozen=True)
class Watch:
    """What looks on while something is done to the house."""

    sampler: Sampler
    places: Places

    @classmethod
    @contextmanager
    def over(cls, house: ChaosHouse, journal: Journal, people: Sequence[Person]) -> Iterator[Self]:
        """From now on every answer is searched for secrets as well."""
        known = {"a password": CORE, **house.secrets(), **{f"{one.name}'s token": one.secret for one in people}}
        journal.secrets = forms(known)
        sampler = house.sampler(journal)
        try:
            yield cls(sampler, Places(house.database_url, house.data))
        finally:
            sampler.close()


@dataclass
class Stage:
    """The house and its people, all with one journal."""

    house: ChaosHouse
    journal: Journal
    ana: Person
    ben: Person
    sam: Person
    watch: "Watch | None" = None  # without one, I7 and the bounds of I9 are not judged
    _given: dict[str, int] = field(default_factory=dict, init=False)
    _before: frozenset[str] = field(default=frozenset(), init=False)
    _leftover: frozenset[str] = field(default=frozenset(), init=False)
    _locked: frozenset[str] = field(default=frozenset(), init=False)  # keys that a test before this one has left locked
    _told: dict[str, int] = field(default_factory=dict, init=False)  # lines of each ledger that are not this test's

    def begin(self) -> None:
        """Another test: runs that one before it has left open are not this one's fault."""
        there = rows(self.house.database_url)
        known = there["runs"]
        self._locked = frozenset(row["key"] for row in [*there["locks"], *there["queue"]])
        self._told = {}
        self._told = {system: len(self.dispatches("", system=system)) for system in self.house.systems}
        self._before = frozenset(row["id"] for row in known)
        self._leftover = frozenset(row["id"] for row in known if not row["ended_at"])
        if self.watch is not None:
            self.watch.sampler.begin()

    def services(self, executor: str, count: int) -> list[str]:
        """Names of services that nobody has locked, others each time as long as there are any left."""
        begin = self._given.get(executor, 0)
        self._given[executor] = begin + count
        free = [one for one in services(executor) if not any(f"{one}/" in key for key in self._locked)]
        return [free[(begin + number) % len(free)] for number in range(count)]

    def ask(
        self,
        executor: str,
        notes: Sequence[str],
        environment: str = "staging",
        *,
        threads: int = 8,
        system: str = "github",
    ) -> list[str]:
        """Ana asks for a deploy with each note, all at once, each of another service; the runs in order."""
        given = list(zip(self.services(executor, len(notes)), notes, strict=True))
        action = action_on(system)
        return at_once(
            lambda one: self.ana.submit(one[0], environment, note=one[1], action=action), given, threads=threads
        )

    def fault(self, *, system: str = "github", **rule: Any) -> list[int]:
        """Put a rule in force at a stand-in, and give its number.

        `run` is searched in the note of the run, `times` defaults to 1.
        """
        match = {name: rule.pop(name) for name in ("operation", "run", "nth", "probability", "seed") if name in rule}
        times = rule.pop("times", 1)
        with self.house.control(system) as control:
            return control.add_fault({"match": {**match, **({"times": times} if times else {})}, **rule})

    def struck(self, rules: Collection[int], *, system: str = "github") -> set[int]:
        """Which of these rules have met a dispatch."""
        with self.house.control(system) as control:
            return {rule for line in control.requests("dispatch") for rule in line["faults"]}.intersection(rules)

    def dispatches(self, note: str, *, system: str = "github") -> list[dict[str, Any]]:
        """What the ledger has of runs of this test with this in their note."""
        with self.house.control(system) as control:
            mine = control.ledger()[self._told.get(system, 0) :]
        return [line for line in mine if note in line["inputs"].get("note", "")]

    def wait_dispatched(self, note: str, count: int = 1, *, system: str = "github") -> None:
        """Until the ledger has so many runs with this in their note."""
        until(lambda: len(self.dispatches(note, system=system)) >= count, f"the ledger to have {note}")

    def external(self, run: str) -> dict[str, Any]:
        """The external run of its newest attempt, once it is known."""
        found: list[dict[str, Any]] = []

        def look() -> bool:
            known = self.ana.run(run)["steps"][0]["attempts"]
            found[:] = [known[-1]["external"]] if known and known[-1]["external"] else []
            return bool(found)

        until(look, "its external run")
        return found[0]

    def finish(
        self, note: str, conclusion: str = "success", *, log: Sequence[str] = ("done",), system: str = "github"
    ) -> None:
        """Let the CI runs of the executor `scripted` with this in their note end."""
        ci = self.house.systems[system]
        with self.house.control(system) as control:
            for line in self.dispatches(note, system=system):
                self._script(control, ci.script_of(line), ci.events(line, conclusion, log))

    def _script(self, control: Control, run: str, events: list[dict[str, Any]]) -> None:
        """What a ledger has is there a moment later."""
        refused: list[ValueError] = []

        def taken() -> bool:
            try:
                control.script(run, events)
            except ValueError as error:
                refused.append(error)
                return False
            return True

        try:
            until(taken, "the script to be taken", seconds=10, every=0.2)
        except AssertionError:
            raise refused[-1] from None

    def wait(self, runs: Collection[str], *, seconds: float = 90, states: Collection[str] = ENDS) -> None:
        """Until all of them are in one of `states`."""
        waiting = set(runs)

        def settled() -> bool:
            waiting.difference_update({run for run in waiting if self.ana.run(run)["state"] in states})
            return not waiting

        try:
            until(settled, f"the runs to be {sorted(states)}", seconds=seconds, every=0.2)
        except AssertionError as late:
            told = [
                json.dumps({key: now[key] for key in ("id", "state", "reason", "waits")}) for now in self._now(waiting)
            ]
            raise AssertionError(f"{late}: {'; '.join(told)}") from None

    def wait_with_people(self, runs: Collection[str], *, seconds: float) -> None:
        """Until all of them have ended, while two people look into the ledger for those about which somebody is asked.

        A worker or a database that dies between claim and send leaves such a run, where somebody had to approve it.
        """
        waiting = set(runs)

        def settled() -> bool:
            told = self._now(waiting)
            waiting.difference_update({now["id"] for now in told if now["state"] in ENDS})
            for now in told:
                if now["state"] == "needs_attention":
                    self._find_out(now)
            return not waiting

        until(settled, "the runs to end, with people who look", seconds=seconds, every=0.5)

    def _find_out(self, now: dict[str, Any]) -> None:
        attempt = now["steps"][0]["attempts"][-1]
        lines = [
            line
            for line in self.dispatches(str(now["inputs"]["note"]))
            if line["inputs"]["daytwo_run"] == attempt["marker"]
        ]
        found = {"step": "ship", "attempt": attempt["number"], "reason": "that is what the ledger has"}
        if lines:
            found |= {"outcome": "ran", "external_run": self.house.systems["github"].run_of(lines[0])}
        else:
            found |= {"outcome": "did_not_run"}
        for person in (self.sam, self.ben):
            person.insist("POST", f"/runs/{now['id']}/resolve", json=found)

    def _now(self, runs: Collection[str]) -> list[dict[str, Any]]:
        return [self.ana.run(run) for run in runs]

    def judged(self, limits: Limits = USUAL, *, unsent: Collection[str] = ()) -> Facts:
        """The facts, after the oracle has found nothing wrong with them; `limits` are those of the case.

        `unsent`: runs of which the case wants that they fail and nothing is ever started for them.
        """
        facts = self.facts(limits, unsent=unsent)
        faults = violations(facts)
        assert not faults, "\n".join(faults)
        return facts

    def facts(self, limits: Limits = USUAL, *, unsent: Collection[str] = ()) -> Facts:
        """All that the oracle judges by. Runs of earlier tests were judged by these."""
        seen = self._seen() if self.watch is not None else {}
        seen["unsent"] = self._before.union(unsent)
        return gather(self.house, self.journal, leftover=self._leftover, limits=limits, **seen)

    def _seen(self) -> dict[str, Any]:
        """What was watched meanwhile."""
        assert self.watch is not None
        self._look_around()
        mine = [row["id"] for row in rows(self.house.database_url)["runs"] if row["id"] not in self._before]
        events = histories(self.house.house.product.temporal_address, mine)
        samples = self.watch.sampler.samples(events)
        return {"secrets": self.journal.secrets, "kept": self.watch.places.all, "samples": samples}

    def _look_around(self) -> None:
        """What is shown besides what the tests read; each answer is searched for secrets."""
        for path in ("/runs?limit=20", "/audit?limit=50", "/approvals", "/connections", "/locks", "/me"):
            self.sam.insist("GET", path)
        self.sam.insist("GET", f"{self.house.page}/metrics")
