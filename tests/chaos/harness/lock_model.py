"""Locks as they should be, in plain Python: it knows nothing of rows, transactions or advisory locks."""

from dataclasses import dataclass, field
from typing import Final

from daytwo_store.locks import Queue

# Ways to ask: keys, how it queues, its priority, and whether it is an undo.
KINDS: Final[dict[str, tuple[str, Queue, int, bool]]] = {
    "one": ("a", Queue.FIFO, 0, False),
    "other": ("b", Queue.FIFO, 0, False),
    "both": ("ab", Queue.FIFO, 0, False),
    "all": ("abc", Queue.FIFO, 0, False),
    "urgent": ("a", Queue.PRIORITY, 9, False),
    "newest": ("a", Queue.LATEST, 0, False),
    "newest of two": ("ab", Queue.LATEST, 0, False),
    "impatient": ("a", Queue.REJECT, 0, False),
    "pushy": ("b", Queue.REPLACE, 0, False),
    "undo": ("a", Queue.FIFO, 0, True),
}


@dataclass
class Run:
    keys: str
    queue: Queue
    priority: int
    undo: bool
    place: int = 0
    state: str = "waiting_lock"
    sent: bool = False
    superseded: bool = False

    @property
    def order(self) -> tuple[bool, int, int]:
        return (not self.undo, -self.priority, self.place)


@dataclass
class Model:
    """What should be true. A key is had by the number of a run, or by the word "hold"."""

    runs: list[Run] = field(default_factory=list)
    has: dict[str, int | str] = field(default_factory=dict)
    next_hold: set[str] = field(default_factory=set)
    places: int = 0

    def line(self, key: str) -> list[int]:
        """Who waits for a key, the next one first."""
        waits = [n for n, run in enumerate(self.runs) if self._waits(n) and key in run.keys]
        return sorted(waits, key=lambda n: self.runs[n].order)

    def _waits(self, n: int) -> bool:
        run = self.runs[n]
        return run.state == "waiting_lock" and not run.superseded and n not in self.has.values()

    def pass_on(self) -> None:
        """Free keys go to holds, then to those that are first in all their lines; until nothing moves."""
        for key in [key for key in self.next_hold if key not in self.has]:
            self.next_hold.discard(key)
            self.has[key] = "hold"
        for n, run in enumerate(self.runs):
            if self._waits(n) and all(key not in self.has and self.line(key)[0] == n for key in run.keys):
                self.has |= dict.fromkeys(run.keys, n)

    def over(self, n: int, state: str) -> None:
        self.runs[n].state = state
        self.has = {key: who for key, who in self.has.items() if who != n}
        self.pass_on()

    def ask(self, kind: str) -> str:
        run = Run(*KINDS[kind])
        taken = [key for key in run.keys if key in self.has]
        if run.queue is Queue.REJECT and taken:
            return "conflict"
        if run.queue is Queue.REJECT and any(self.line(key) for key in run.keys):
            run.state = "refused"
        self.places += 1
        run.place = self.places
        if run.queue is Queue.LATEST:
            for other in self.runs:
                alike = (other.queue, other.keys, other.state) == (run.queue, run.keys, "waiting_lock")
                if alike and self._waits(self.runs.index(other)):
                    run.place, other.superseded = min(run.place, other.place), True
        self.runs.append(run)
        self.pass_on()
        return "ok"

    def push(self, n: int) -> None:
        """A run that replaces stops who has what it is the next for."""
        run = self.runs[n]
        if run.queue is not Queue.REPLACE or not self._waits(n):
            return
        for key in run.keys:
            who = self.has.get(key)
            if isinstance(who, int) and self.line(key)[0] == n and not self.runs[who].undo:
                self.over(who, "cancelled")

    def settle(self) -> None:
        """Everybody who has been told something has done it."""
        for n, run in enumerate(self.runs):
            if run.state == "waiting_lock" and run.superseded:
                run.state = "superseded"
            elif run.state == "waiting_lock" and n in self.has.values():
                run.state = "running"

    def told(self) -> list[int]:
        return [
            n
            for n, run in enumerate(self.runs)
            if run.state == "waiting_lock" and (run.superseded or n in self.has.values())
        ]

    def seen(self) -> tuple[list[str], dict[str, str], dict[str, list[int]]]:
        return (
            [run.state for run in self.runs],
            {key: str(who) for key, who in self.has.items()},
            {key: self.line(key) for key in "abc"},
        )
