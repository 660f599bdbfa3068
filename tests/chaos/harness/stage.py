"""What a chaos test plays on: the house, its people, and the judgement at the end."""

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Self, TypeVar

from tests.chaos.harness.bounds import Limits, Sampler, histories
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

    def begin(self) -> None:
        """Another test: runs that one before it has left open are not this one's fault."""
        known = rows(self.house.database_url)["runs"]
        self._before = frozenset(row["id"] for row in known)
        self._leftover = frozenset(row["id"] for row in known if not row["ended_at"])
        if self.watch is not None:
            self.watch.sampler.begin()

    def services(self, executor: str, count: int) -> list[str]:
        """Names of services, others each time as long as there are any left."""
        begin = self._given.get(executor, 0)
        self._given[executor] = begin + count
        known = services(executor)
        return [known[(begin + number) % len(known)] for number in range(count)]

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
        """What the ledger has of runs with this in their note."""
        with self.house.control(system) as control:
            return [line for line in control.ledger() if note in line["inputs"]["note"]]

    def wait_dispatched(self, note: str, count: int = 1, *, system: str = "github") -> None:
        """Until the ledger has so many runs with this in their note."""
        until(lambda: len(self.dispatches(note, system=system)) >= count, f"the ledger to have {note}")

    def finish(
        self, note: str, conclusion: str = "success", *, log: Sequence[str] = ("done",), system: str = "github"
    ) -> None:
        """Let the CI runs of the executor `scripted` with this in their note end."""
        ci = self.house.systems[system]
        with self.house.control(system) as control:
            for line in self.dispatches(note, system=system):
                control.script(ci.script_of(line), ci.events(line, conclusion, log))

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

    def _now(self, runs: Collection[str]) -> list[dict[str, Any]]:
        return [self.ana.run(run) for run in runs]

    def judged(self, limits: Limits = Limits()) -> Facts:  # noqa: B008 - frozen
        """The facts, after the oracle has found nothing wrong with them; `limits` are those of the case."""
        facts = self.facts(limits)
        faults = violations(facts)
        assert not faults, "\n".join(faults)
        return facts

    def facts(self, limits: Limits = Limits()) -> Facts:  # noqa: B008 - frozen
        """All that the oracle judges by."""
        seen = self._seen() if self.watch is not None else {}
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
