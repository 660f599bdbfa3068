"""A plan of faulted dispatches, carried out: asked for, approved, ended, resolved by people where that is needed.

So many are under way at a time. Whoever resolves looks into the stand-in's ledger, as a person would look at the CI
system's page. On a busy machine everything takes longer: a run is given up when it moves no more, not after a time.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
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

STILL: Final = 180.0  # seconds in which nothing has moved: such a run is given up
LONGEST: Final = 1800.0  # seconds, whatever moves
_ROWS: Final = """
  SELECT id, state, reason, protected, progress_at,
    (SELECT string_agg(no || state, ' ' ORDER BY path, no) FROM attempt WHERE run_id = run.id) AS attempts,
    (SELECT string_agg(status, ' ' ORDER BY path, no) FROM external_run WHERE run_id = run.id) AS there
  FROM run WHERE id = ANY(%s)
"""
_TELL_EVERY: Final = 60.0  # seconds


@dataclass
class Open:
    """A run that has not ended."""

    one: Dispatch
    rules: Sequence[int]
    since: float = field(default_factory=time.monotonic)
    moved: float = field(default_factory=time.monotonic)
    where: tuple[Any, ...] = ()  # how it stood then
    scripted: bool = False
    given_up: bool = False  # it takes nobody's place, and may come to its end all the same

    def see(self, *where: Any) -> None:
        now = time.monotonic()
        if where != self.where:
            self.where, self.moved = where, now
        self.given_up = now - self.moved > STILL or now - self.since > LONGEST


@dataclass
class Campaign:
    """All of it. `say` hears how it goes."""

    stage: Stage
    say: Callable[[str], None]
    runs: dict[str, Dispatch] = field(default_factory=dict)
    attended: set[str] = field(default_factory=set)  # runs for which a person was needed
    _open: dict[str, Open] = field(default_factory=dict)
    _resolved: set[tuple[str, int]] = field(default_factory=set)

    def play(
        self, plans: Sequence[Sequence[Dispatch]], *, seed: int, at_once: int, seconds: float = float("inf")
    ) -> None:
        """The plans of all systems side by side, so many dispatches under way together; none begins after `seconds`."""
        self._disturb(seed)
        total, began = sum(map(len, plans)), time.monotonic()
        left, told = takewhile(lambda _: time.monotonic() - began < seconds, self._in_turn(plans)), began
        while (len(self.runs) < total and time.monotonic() - began < seconds) or self._under_way():
            self._begin(list(islice(left, max(0, at_once - self._under_way()))))
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

    def _under_way(self) -> int:
        return sum(not opened.given_up for opened in self._open.values())

    def _begin(self, given: Sequence[Dispatch]) -> None:
        for run, opened in at_once(self._ask, given, threads=4):
            self.runs[run], self._open[run] = opened.one, opened
        guarded = [run for run, opened in self._open.items() if opened.one.guarded]
        at_once(self._approve, [run for run in guarded if self.runs[run] in given], threads=4)

    def _ask(self, one: Dispatch) -> tuple[str, Open]:
        rules: list[int] = []
        if one.rule is not None:
            with self.stage.house.control(one.system) as control:
                rules = control.add_fault(in_force(one.rule, self.stage.house.pidfile(WORKER)))
        [service] = self.stage.services(one.executor, 1)
        run = self.stage.ana.submit(service, one.environment, note=one.note, action=action_on(one.system))
        return run, Open(one, rules)

    def _approve(self, run: str) -> None:
        answer = self.stage.sam.decide(run)
        if not answer.is_success:
            raise RuntimeError(f"sam could not approve {run}: {answer.text}")

    def _close(self) -> None:
        """What has ended makes room, and so does what moves no more."""
        with psycopg.connect(self.stage.house.database_url, row_factory=dict_row) as connection:
            rows = connection.execute(_ROWS, (list(self._open),)).fetchall()
        found = {row["id"]: row for row in rows}
        for run, opened in list(self._open.items()):
            self._look(run, opened, found.get(run, {"state": "not there", "reason": None}))

    def _look(self, run: str, opened: Open, row: Mapping[str, Any]) -> None:
        if row["state"] == "needs_attention":
            self._attend(run, two=row["protected"])
        before = opened.given_up
        opened.see(*row.values())
        if opened.given_up and not before:
            self.say(f"given up: {run} is {row['state']}: {row['reason']}")
        if row["state"] in ENDS:
            self._lift(self._open.pop(run))

    def _lift(self, opened: Open) -> None:
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
