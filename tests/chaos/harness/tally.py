"""What came of a campaign, counted from rows and ledgers: by system, and by what was done to the dispatch."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from tests.chaos.harness.facts import Facts
from tests.chaos.harness.plans import Dispatch

_HEAD: Final = (
    "",
    "dispatches",
    "executions",
    "sent twice",
    "lost",
    "wrong ends",
    "needed a person",
    "without a person",
    "the same, where nobody had to approve",
    "settled p50",
    "p95",
    "max",
)


@dataclass(frozen=True, kw_only=True)
class Line:
    """Of some dispatches. `seconds`: from the seal of the first attempt until the last was settled, without people.

    `free`: of those that need no approval, how many there were and how many of them a person attended to; two people
    confirm of the others that nothing was started.
    """

    title: str
    dispatches: int
    executions: int
    twice: Sequence[str]  # notes
    lost: Sequence[str]
    wrong: Sequence[str]
    attended: int
    free: tuple[int, int]
    seconds: Sequence[float]

    @property
    def share(self) -> float:
        return 1 - self.attended / self.dispatches

    @property
    def notes(self) -> list[str]:
        """Of what is not as it should be."""
        return [*self.twice, *self.lost, *(one.partition(" ")[0] for one in self.wrong)]

    @property
    def broken(self) -> list[str]:
        told = {"sent twice": self.twice, "lost": self.lost, "wrong end": self.wrong}
        return [f"{what}: {note}" for what, notes in told.items() for note in notes]

    def cells(self) -> tuple[str, ...]:
        counts = (self.dispatches, self.executions, len(self.twice), len(self.lost), len(self.wrong), self.attended)
        times = (f"{percentile(self.seconds, which):.1f} s" for which in (50, 95, 100))
        free, attended = self.free
        unapproved = f"{1 - attended / free:.1%}" if free else "–"
        return (self.title, *map(str, counts), f"{self.share:.1%}", unapproved, *times)


def count(facts: Facts, runs: Mapping[str, Dispatch], attended: AbstractSet[str], title: str) -> Line:
    """The line of these runs. Lost: not there, not ended, or ended without an execution although none was refused."""
    executions = Counter(str(line["inputs"].get("note")) for line in facts.ledger)
    rows = {row["id"]: row for row in facts.runs}
    seconds = {run: _seconds(facts, run) for run in runs}
    free = {run for run, one in runs.items() if not one.guarded}
    lost, wrong = [], []
    for run, one in runs.items():
        row = rows.get(run)
        if row is None or row["ended_at"] is None or not executions[one.note]:
            lost.append(one.note)
        elif row["state"] != one.end:
            wrong.append(f"{one.note} ({row['state']}, not {one.end})")
    return Line(
        title=title,
        dispatches=len(runs),
        executions=sum(executions[one.note] for one in runs.values()),
        twice=[one.note for one in runs.values() if executions[one.note] > 1],
        lost=lost,
        wrong=wrong,
        attended=len(attended & runs.keys()),
        free=(len(free), len(attended & free)),
        seconds=[took for run, took in seconds.items() if took is not None and run not in attended],
    )


def by_system(facts: Facts, runs: Mapping[str, Dispatch], attended: AbstractSet[str]) -> list[Line]:
    return _by(facts, runs, attended, {run: one.system for run, one in runs.items()})


def by_fault(facts: Facts, runs: Mapping[str, Dispatch], attended: AbstractSet[str]) -> list[Line]:
    return _by(facts, runs, attended, {run: one.fault for run, one in runs.items()})


def table(lines: Iterable[Line]) -> str:
    """In Markdown."""
    rows = [_HEAD, ("---",) * len(_HEAD), *(line.cells() for line in lines)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def percentile(values: Sequence[float], which: int) -> float:
    """0 of none."""
    return sorted(values)[min(len(values) - 1, len(values) * which // 100)] if values else 0.0


def _by(facts: Facts, runs: Mapping[str, Dispatch], attended: AbstractSet[str], key: Mapping[str, str]) -> list[Line]:
    titles = dict.fromkeys(key.values())
    return [
        count(facts, {run: one for run, one in runs.items() if key[run] == title}, attended, title) for title in titles
    ]


def _seconds(facts: Facts, run: str) -> float | None:
    attempts = facts.attempts_of(run)
    if not attempts or attempts[-1]["settled_at"] is None:
        return None
    took: float = (attempts[-1]["settled_at"] - attempts[0]["intent_at"]).total_seconds()
    return took
