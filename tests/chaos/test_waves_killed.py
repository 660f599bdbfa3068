"""Targets in waves, and a worker that is killed with SIGKILL on the way: all end, and none is begun twice.

40 as a rule, 500 with `make chaos LONG=1`. At every kind of moment: tests/workflows/test_waves_killed.py.
"""

import time
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from tests.chaos.harness.bounds import histories
from tests.chaos.harness.facts import rows
from tests.chaos.harness.house import WORKER, ChaosHouse, until
from tests.chaos.harness.person import Journal, Person
from tests.chaos.harness.sizes import factor
from tests.chaos.harness.yard import YARD, lay_out

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(3000)]
USUAL, ALL, KILLS = 40, 500, 3
EVENTS: Final = 2_500  # of one history: it is begun anew when it is quiet and has 2,000


def actions(folder: Path) -> None:
    """`one`, which does it to one service, and `all`, which goes through them."""
    given = yaml.safe_load((YARD / "actions" / "deploy.yaml").read_text())
    for name in ("one", "all"):
        action: dict[str, Any] = yaml.safe_load(yaml.safe_dump(given))
        action["metadata"]["name"] = name
        spec = action["spec"]
        for key in ("catalog", "undo", "approval", "break_glass"):
            spec.pop(key, None)
        spec["form"]["pages"][0]["properties"].pop("password", None)
        spec["steps"][0].pop("secrets", None)
        if name == "all":
            spec.pop("lock", None)
            spec["approval"] = [{"from": ["group:sre"]}]
            what = {"version": "${{ inputs.version }}", "environment": "${{ inputs.environment.ref }}"}
            what["note"] = "${{ item.name }}"
            waves = {"canary": 2, "batch": "20%", "pause": "1s", "at_once": 25}
            targets = {"kind": "service", "where": {"repository": "acme/fast"}}
            each = {"action": "one", "targets": targets, "inputs": what, **waves}
            spec["steps"] = [{"id": "roll", "uses": "foreach", "with": each}]
        (folder / "actions" / f"{name}.yaml").write_text(yaml.safe_dump(action))


def test_many_targets_and_a_killed_worker(tmp_path: Path) -> None:
    count = round(USUAL + (ALL - USUAL) * factor())
    yard = lay_out(tmp_path / "yard", {"fast": count, "slow": 1, "real": 1, "bare": 1})
    actions(yard)
    with ChaosHouse.plan(tmp_path / "data", yard, proxied=False) as house:
        journal = Journal()
        ana, sam = (Person.sign_in(house.page, name, journal) for name in ("ana", "sam"))
        began = time.monotonic()
        run = ana.submit("slow-01", "staging", note="all", action="all")
        accepted = time.monotonic() - began
        assert sam.decide(run).is_success
        for kill in range(1, KILLS + 1):
            until(lambda kill=kill: ended(house, run) >= kill * count // (KILLS + 1), "more to end", seconds=1200)  # type: ignore[misc]
            house.kill(WORKER)
        until(lambda: ana.run(run)["state"] not in ("running", "waiting_approval"), "the end", seconds=1200, every=1)
        took = time.monotonic() - began
        seen = ana.run(run)
        with house.control() as control:
            begun = Counter(line["inputs"]["note"] for line in control.ledger())
        events = histories(house.house.product.temporal_address, [run])
        print(f"accepted in {accepted:.1f} s, ended after {took:.0f} s; killed {house.restarts(WORKER)}; {events}")
        assert (seen["state"], seen["reason"]) == ("succeeded", None)
        assert house.restarts(WORKER) >= KILLS
        assert begun == {f"fast-{number:02}": 1 for number in range(1, count + 1)}
        states = Counter(call["state"] for call in seen["steps"][0]["calls"])
        assert states == {"succeeded": count}
        assert max(events.values()) <= EVENTS


def ended(house: ChaosHouse, run: str) -> int:
    """How many of the runs that it called are over."""
    return sum(row["parent_run"] == run and row["ended_at"] is not None for row in rows(house.database_url)["runs"])
