"""The numbers as tables for people, each beside its budget (design §11)."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.bench import report_steps
from tests.bench.markdown import table
from tests.bench.ways import BARE, EAGER, OURS

Numbers = dict[str, Any]
_LATENCIES = ("received_best", "received_p50", "received_p95", "taken_p50", "ended_p50")


def tables(numbers: Numbers) -> str:
    """Everything that was measured, as Markdown."""
    machine = numbers["machine"]
    on = f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB"
    parts = [f"{numbers['date']}, commit {numbers['commit']}, {on}, load before: {machine['load_before'][0]}"]
    writers = {
        "latency": _latency,
        "throughput": _throughput,
        "costs": _costs,
        "memory": _memory,
        "startup": _startup,
        "runbook": report_steps.runbook,
        "waiting": report_steps.waiting,
        "inbox": _inbox,
        "page": _page,
        "polling": _polling,
    }
    parts += [write(numbers) for name, write in writers.items() if name in numbers]
    parts += [f"{numbers['left_out']}."] if "left_out" in numbers else []
    return "\n\n".join(parts)


def _latency(numbers: Numbers) -> str:
    rows = [[one["way"], *(f"{one[name]:.1f}" for name in _LATENCIES)] for one in numbers["latency"]]
    head = ["one at a time, ms", "dispatch received: best", "p50", "p95", "answered, p50", "ended, p50"]
    middle = _ratios(numbers["latency"], "received_p50", {BARE: "≤ 1.2", EAGER: "≤ 2.5"}, of=", p50")
    slow = _ratios(numbers["latency"], "received_p95", {BARE: "", EAGER: ""}, of=", p95")
    return f"{table(head, rows)}{middle}{slow}"


def _inbox(numbers: Numbers) -> str:
    names = ("list_p50", "list_p95", "mine_p50", "mine_p95", "reject_p50", "reject_p95", "approve_p50", "approve_p95")
    rows = [[one["pending"], *(f"{one[name]:.0f}" for name in names)] for one in numbers["inbox"]]
    rows.append(["budget", *["", "≤ 300"] * 4])
    head = [
        "approvals pending",
        "list p50, ms",
        "p95",
        "mine p50",
        "p95",
        "rejecting p50",
        "p95",
        "approving p50",
        "p95",
    ]
    crash = f"First decision effective {numbers['after_a_crash']:.1f} s after everything was killed (budget 60 s)."
    return f"{table(head, rows)}\n\n{crash}"


def _page(numbers: Numbers) -> str:
    page = numbers["page"]
    once = [
        ["script until the first view, KB gzip", f"{page['script_kb']:.0f}", "≤ 300"],
        ["first view, nothing cached, ms", f"{page['first_view_ms']:.0f}", ""],
        ["form can be used, ms", f"{page['form_ready_ms']:.0f}", "≤ 1000"],
        ["100 MB of log: first line, ms", f"{page['log_first_line_ms']:.0f}", "≤ 1000"],
        ["100 MB of log: from there to its end, ms", f"{page['log_end_ms']:.0f}", ""],
        ["100 MB of log: something found at its end, ms", f"{page['log_found_ms']:.0f}", ""],
    ]
    rows = [
        [
            *(one["what"], f"{one['ready_ms']:.0f}", one["frames"], f"{100 * one['within_33_ms']:.1f} %"),
            *(f"{one['worst_ms']:.0f}", f"{one['heap_mb']:.0f}"),
        ]
        for one in page["scrolled"]
    ]
    rows.append(["budget", "", "", "≥ 95 %", "", ""])
    head = ["scrolled", "ready, ms", "frames", "under 33 ms", "worst, ms", "script heap, MB"]
    return f"{table(['the page', 'measured', 'budget'], once)}\n\n{table(head, rows)}"


def _throughput(numbers: Numbers) -> str:
    rows = [
        [one["way"], one["runs"], f"{one['dispatched_per_second']:.1f}", f"{one['ended_per_second']:.1f}"]
        for one in numbers["throughput"]
    ]
    head = ["all at once", "runs", "dispatched per second", "ended per second"]
    ratios = _ratios(numbers["throughput"], "ended_per_second", {BARE: "≥ 1.2", EAGER: "≥ 0.4"})
    calls = "; ".join(f"{name} {count:.1f}" for name, count in sorted(numbers["throughput"][0]["ci_calls"].items()))
    return f"{table(head, rows)}{ratios}\n\n{_cpu(numbers['throughput'])}\n\nCI calls of one run in the load: {calls}."


def _cpu(measured: Sequence[Numbers]) -> str:
    """Processor time, the least of all rounds: what other work on the machine cannot add to."""
    ways = list(dict.fromkeys(one["way"] for one in measured))
    names = list(dict.fromkeys(name for one in measured for name in one["cpu_ms"]))

    def least(way: str, name: str) -> float:
        return min(float(one["cpu_ms"].get(name, 0.0)) for one in measured if one["way"] == way)

    rows = [[name, *(f"{least(way, name):.1f}" for way in ways)] for name in names]
    rows.append(["all", *(f"{sum(least(way, name) for name in names):.1f}" for way in ways)])
    return table(["processor time of one run, ms", *ways], rows)


def _ratios(measured: Sequence[Numbers], name: str, budgets: dict[str, str], *, of: str = "") -> str:
    """Medians over the rounds; an empty budget is none."""
    values: dict[str, list[float]] = {}
    for one in measured:
        values.setdefault(one["way"], []).append(one[name])
    middle = {way: sorted(found)[len(found) // 2] for way, found in values.items()}
    told = [
        f"{middle[OURS] / middle[way]:.2f} × {way}" + (f" (budget {budget})" if budget else "")
        for way, budget in budgets.items()
    ]
    return f"\n\nDaytwo{of}: {'; '.join(told)}."


def _costs(numbers: Numbers) -> str:
    head = ["one run", "Temporal events", "payload bytes", "writing transactions", "all statements", "CI calls"]
    names = ("events", "payload_bytes", "writes", "statements", "ci_calls")
    rows: list[list[object]] = [[one["kind"], *(f"{one[name]:.1f}" for name in names)] for one in numbers["costs"]]
    rows.append(["budget", "≤ 120", "≤ 20,000", "≤ 40", "–", "≤ 8, and a share of listings"])
    calls = "; ".join(f"{name} {count:g}" for name, count in numbers["costs"][0]["ci_calls_by_operation"].items())
    return table(head, rows) + f"\n\nCI calls of a {numbers['costs'][0]['kind']} run: {calls}."


def _memory(numbers: Numbers) -> str:
    rows = [
        [name, *(f"{one['rss']:.0f} / {one['pss']:.0f}" for one in found), *(f"{one['cpu']:.1f}" for one in found)]
        for name, found in _by_process(numbers["memory"]).items()
    ]
    kinds = [numbers["memory"][kind] for kind in ("idle", "after the load")]
    pss = [f"PSS {sum(one['pss'] for one in found):.0f}" for found in kinds]
    rows.append(["all", *pss, *(f"{sum(one['cpu'] for one in found):.1f}" for found in kinds)])
    return table(["MB, RSS / PSS", "idle", "after the load", "idle: % of a core", "after the load: %"], rows)


def _by_process(measured: dict[str, Sequence[Numbers]]) -> dict[str, list[Numbers]]:
    found: dict[str, list[Numbers]] = {}
    for kind in ("idle", "after the load"):
        for one in measured[kind]:
            found.setdefault(one["process"], []).append(one)
    return found


def _startup(numbers: Numbers) -> str:
    rows = [[one["which"], f"{one['page']:.1f}", f"{one['ready']:.1f}"] for one in numbers["startup"]]
    rows.append(["budget", "≤ 8", "–"])
    return table(["`daytwo up`, s", "page answers", "all ready"], rows)


def _polling(numbers: Numbers) -> str:
    head = ["following", "requests an hour", "of these 304", "ends", "seen", "seen after: p50, s", "p95", "most"]
    rows = [_followed(one) for one in numbers["polling"]]
    rows.append(["budget", "≤ 2,500", "–", "–", "all", "–", "–", "≤ 60"])
    hows = "; ".join(f"{one['seconds']:.0f} s ({one['requests']} requests)" for one in numbers["polling"])
    return f"{table(head, rows)}\n\nCounted over {hows} and extrapolated to an hour; no webhooks."


def _followed(one: Mapping[str, Any]) -> list[Any]:
    share = f"{100 * one['unchanged'] / max(1, one['requests']):.0f} %"
    behind = f", behind {one['newer']} newer that have ended" if one["newer"] else ""
    what = f"{one['runs']} running in {one['projects']} repositories{behind}"
    return [what, one["an_hour"], share, one["ended"], one["seen"], one["seen_p50"], one["seen_p95"], one["seen_most"]]
