"""A plan of faulted dispatches, carried out: asked for, approved, ended, resolved by people where that is needed.

So many are under way at a time. Whoever resolves looks into the stand-in's ledger, as a person would look at the CI
system's page.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, islice, takewhile, zip_longest
from typing import Any, Final

import httpx
import psycopg
from psycopg.rows import dict_row
from tests.chaos.harness.house import WORKER
from tests.chaos.harness.plans import Dispatch, in_force, noise
from tests.chaos.harness.stage import ENDS, Stage, action_on, at_once

PATIENCE: Final = 180.0  # seconds that a run may take; what is open then is lost
_ROWS: Final = "SELECT id, state, reason, protected FROM run WHERE id = ANY(%s)"
_TELL_EVERY: Final = 60.0  # seconds


@dataclass
class _Open:
    """A run that is under way."""

    one: Dispatch
    rules: Sequence[int]
    since: float = field(default_factory=time.monotonic)
    scripted: bool = False


@dataclass
class Campaign:
    """All of it. `say` hears how it goes."""

    stage: Stage
    say: Callable[[str], None]
    runs: dict[str, Dispatch] = field(default_factory=dict)
    attended: set[str] = field(default_factory=set)  # runs for which a person was needed
    _open: dict[str, _Open] = field(default_factory=dict)
    _resolved: set[tuple[str, int]] = field(default_factory=set)

    def play(
        self, plans: Sequence[Sequence[Dispatch]], *, seed: int, at_once: int, seconds: float = float("inf")
    ) -> None:
        """The plans of all systems side by side, so many dispatches under way together; none begins after `seconds`."""
        self._disturb(seed)
        total, began = sum(map(len, plans)), time.monotonic()
        left, told = takewhile(lambda _: time.monotonic() - began < seconds, self._in_turn(plans)), began
        while (len(self.runs) < total and time.monotonic() - began < seconds) or self._open:
            self._begin(list(islice(left, at_once - len(self._open))))
            self._end_pipelines()
            self._close()
            if time.monotonic() - told > _TELL_EVERY:
                told = time.monotonic()
                self.say(
                    f"{len(self.runs) - len(self._open)} of {total} are over, {len(self.attended)} needed a person"
                )
            time.sleep(0.3)
        self.stage.house.calm()

    @staticmethod
    def _in_turn(plans: Sequence[Sequence[Dispatch]]) -> Iterator[Dispatch]:
        return (one for one in chain.from_iterable(zip_longest(*plans)) if one is not None)

    def _disturb(self, seed: int) -> None:
        for name, system in self.stage.house.systems.items():
            with self.stage.house.control(name) as control:
                control.add_fault(*noise(system.noise, seed))

    def _begin(self, given: Sequence[Dispatch]) -> None:
        for run, opened in at_once(self._ask, given, threads=4):
            self.runs[run], self._open[run] = opened.one, opened
        guarded = [run for run, opened in self._open.items() if opened.one.environment == "production"]
        at_once(self._approve, [run for run in guarded if self.runs[run] in given], threads=4)

    def _ask(self, one: Dispatch) -> tuple[str, _Open]:
        rules: list[int] = []
        if one.rule is not None:
            with self.stage.house.control(one.system) as control:
                rules = control.add_fault(in_force(one.rule, self.stage.house.pidfile(WORKER)))
        [service] = self.stage.services(one.executor, 1)
        run = self.stage.ana.submit(service, one.environment, note=one.note, action=action_on(one.system))
        return run, _Open(one, rules)

    def _approve(self, run: str) -> None:
        answer = self.stage.sam.decide(run)
        if not answer.is_success:
            raise RuntimeError(f"sam could not approve {run}: {answer.text}")

    def _close(self) -> None:
        """What has ended makes room; what takes too long is given up."""
        with psycopg.connect(self.stage.house.database_url, row_factory=dict_row) as connection:
            rows = connection.execute(_ROWS, (list(self._open),)).fetchall()
        for row in rows:
            if row["state"] == "needs_attention":
                self._attend(row["id"], two=row["protected"])
            late = time.monotonic() - self._open[row["id"]].since > PATIENCE
            if late:
                self.say(f"given up: {row['id']} is {row['state']}: {row['reason']}")
            if late or row["state"] in ENDS:
                self._lift(self._open.pop(row["id"]))

    def _lift(self, opened: _Open) -> None:
        with self.stage.house.control(opened.one.system) as control:
            for number in opened.rules:
                control.clear_faults(number)

    def _end_pipelines(self) -> None:
        """Those that nobody executes end as the plan says, as soon as they were accepted.

        A stand-in writes the line before it has the run, as a ledger should: what it refuses is scripted next time.
        """
        for name, system in self.stage.house.systems.items():
            slow = {
                opened.one.note: opened
                for opened in self._open.values()
                if opened.one.system == name and opened.one.executor == "slow" and not opened.scripted
            }
            if not slow:
                continue
            with self.stage.house.control(name) as control:
                for line in control.ledger():
                    opened = slow.get(str(line["inputs"].get("note")))
                    if opened is not None and not opened.scripted:
                        with suppress(ValueError):
                            control.script(system.script_of(line), system.events(line, opened.one.conclusion, ["done"]))
                            opened.scripted = True

    def _attend(self, run: str, *, two: bool) -> None:
        """People look at the CI system, and say what they see; two of them for what was approved."""
        one = self.runs[run]
        self.attended.add(run)
        held = [at for at in self.stage.ana.run(run)["steps"][0]["attempts"] if at["state"] == "held"]
        if not held or (run, held[-1]["number"]) in self._resolved:
            return
        there = self.stage.dispatches(one.note, system=one.system)
        system = self.stage.house.systems[one.system]
        found = {"outcome": "ran", "external_run": system.run_of(there[0])} if there else {"outcome": "did_not_run"}
        body: dict[str, Any] = {
            "step": "ship",
            "attempt": held[-1]["number"],
            "reason": "as its page shows",
            **found,
        }
        if there and one.executor == "bare":
            body["without_marker"] = True
        for person in (self.stage.sam, self.stage.ben)[: 2 if two else 1]:
            answer = person.insist("POST", f"/runs/{run}/resolve", json=body)
            if answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
                return  # its marker cannot be seen yet: nobody can say so now
            if not answer.is_success:
                raise RuntimeError(f"{person.name} could not resolve {run}: {answer.text}")
        self._resolved.add((run, held[-1]["number"]))
