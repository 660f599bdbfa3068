"""The numbers of runbooks and of waiting runs as tables, each beside the bare workflows of the same run."""

from collections.abc import Sequence
from statistics import median
from typing import Any, Final

from tests.bench.markdown import table
from tests.bench.runbook import BARE_LOCAL, BARE_STEPS
from tests.bench.ways import OURS

Numbers = dict[str, Any]
_RATE: Final = "steps_per_second"
_TIMES: Final = ("step_mean", "step_p50", "step_p95", "run_p50", "run_p95")
_EACH: Final = ("events", "commits")


def runbook(numbers: Numbers) -> str:
    """Medians over the rounds; processor time is the least of all rounds, which other work cannot add to."""
    measured: list[Numbers] = numbers["runbook"]
    parts = []
    for shape in dict.fromkeys(one["shape"] for one in measured):
        rows, told = [], []
        mine = [one for one in measured if one["shape"] == shape]
        for many in dict.fromkeys(one["at_once"] for one in mine):
            ways = _by_way([one for one in mine if one["at_once"] == many])
            rows += [_row(many, way, found) for way, found in ways.items()]
            told.append(_ratios(many, ways))
        head = ["at once", f"shape `{shape}`", "steps per s", "a step, ms: mean", "p50", "p95", "a run, ms: p50", "p95"]
        parts.append(table([*head, "events a step", "commits", "processor, ms"], rows) + "\n\n" + "\n".join(told))
    return "\n\n".join(parts)


def _by_way(measured: Sequence[Numbers]) -> dict[str, list[Numbers]]:
    found: dict[str, list[Numbers]] = {}
    for one in measured:
        found.setdefault(one["way"], []).append(one)
    return found


def _row(many: int, way: str, found: Sequence[Numbers]) -> list[object]:
    times = [f"{_middle(found, name):.0f}" for name in _TIMES]
    each = [f"{_middle(found, name):.1f}" for name in _EACH]
    return [many, way, f"{_middle(found, _RATE):.1f}", *times, *each, _processor(found)]


def _ratios(many: int, ways: dict[str, list[Numbers]]) -> str:
    def beside(bare: str) -> str:
        def of(name: str) -> float:
            return _middle(ways[OURS], name) / max(_middle(ways[bare], name), 1e-9)

        names = {_RATE: "steps per s", "step_mean": "a step", "step_p95": "its p95", "run_p50": "a run"}
        ratios = [*(f"{title} {of(name):.2f}" for name, title in names.items())]
        return f"× {bare}: {', '.join(ratios)}, processor {_least(ways[OURS]) / _least(ways[bare]):.2f}"

    return f"- Daytwo, {many} at once: {'; '.join(beside(bare) for bare in (BARE_STEPS, BARE_LOCAL))}."


def _middle(found: Sequence[Numbers], name: str) -> float:
    return median(float(one[name]) for one in found)


def _least(found: Sequence[Numbers]) -> float:
    return min(sum(one["cpu_ms"].values()) for one in found)


def _processor(found: Sequence[Numbers]) -> str:
    """Of all processes, and of the two that take most of it."""
    least = min(found, key=lambda one: float(sum(one["cpu_ms"].values())))["cpu_ms"]
    most = sorted(least, key=lambda name: -float(least[name]))[:2]
    return f"{sum(least.values()):.1f} ({', '.join(f'{name} {least[name]:.1f}' for name in most)})"


def waiting(numbers: Numbers) -> str:
    found: Numbers = numbers["waiting"]
    return "\n\n".join([_made(found), _costs(found), _idle(found), _memory(found)])


def _made(found: Numbers) -> str:
    head = [
        "waiting",
        "asked for",
        "s",
        "per s",
        "on disk, MB",
        "worker killed: a decision, s",
        "all looked at again, s",
    ]
    rows = [
        [
            *(one["way"], one["waiting"], f"{one['seconds']:.0f}", f"{one['waiting'] / one['seconds']:.1f}"),
            ", ".join(f"{name} {size:.0f}" for name, size in one["disk_mb"].items()),
            *(f"{one['again_ready']:.1f}", f"{one['again_all']:.1f}"),
        ]
        for one in found["made"]
    ]
    ours, bare = found["made"]
    ratio = ours["seconds"] / ours["waiting"] / (bare["seconds"] / bare["waiting"])
    again = ours["again_all"] / bare["again_all"]
    return f"{table(head, rows)}\n\nDaytwo: making one {ratio:.2f} × {bare['way']}; all looked at again {again:.2f} ×."


def _costs(found: Numbers) -> str:
    rows = [
        [
            *(one["what"], one["way"], one["waiting"]),
            *(f"{one[name]:.0f}" for name in ("p50", "p95")),
            _processor([one]),
        ]
        for one in sorted(found["costs"], key=lambda one: (one["what"], one["way"]))
    ]
    told = []
    for what in dict.fromkeys(one["what"] for one in found["costs"]):
        last = {one["way"]: one for one in found["costs"] if one["what"] == what}  # with all that wait
        ours = last.pop(OURS)
        [bare] = last.values()
        processor = _least([ours]) / _least([bare])
        told.append(
            f"{what} {ours['p50'] / bare['p50']:.2f}, p95 {ours['p95'] / bare['p95']:.2f}, processor {processor:.2f}"
        )
    head = ["one is", "way", "waiting", "ms: p50", "p95", "processor, ms"]
    return f"{table(head, rows)}\n\nDaytwo × {bare['way']}, with all that wait: {'; '.join(told)}."


def _idle(found: Numbers) -> str:
    rows = [
        [
            *(one["waiting"], f"{one['round_p50']:.0f}", f"{one['rows_read']:.0f}", f"{one['commits']:.1f}"),
            ", ".join(f"{name} {used:.1f}" for name, used in one["cpu"].items()),
        ]
        for one in found["idle"]
    ]
    head = ["runs that wait", "a round of the sweeper, ms", "rows read a second", "commits a second"]
    return table([*head, "% of a core, while nobody asks"], rows)


def _memory(found: Numbers) -> str:
    kinds = found["memory"]
    names = [one["process"] for one in next(iter(kinds.values()))]
    rows: list[list[object]] = []
    for name in names:
        each = [next(one for one in kind if one["process"] == name) for kind in kinds.values()]
        rows.append([name, *(f"{one['rss']:.0f} / {one['pss']:.0f}" for one in each)])
    rows.append(["all", *(f"PSS {sum(one['pss'] for one in kind):.0f}" for kind in kinds.values())])
    return table(["MB, RSS / PSS, waiting:", *kinds], rows)
