"""The actions that the benches of runbooks and of waiting runs play, and how many steps each has.

A step is what a bare workflow would do by one activity. What only joins others (`foreach`) does nothing by itself and
is none. `wait` is until a time that has passed: it is over when it begins.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

SERVICE: Final = "fast-staging"  # as the settings name it; nothing but the bench answers there
ROW: Final = "row"
SPREAD: Final = "spread"
ITEM: Final = "item"
ASKED: Final = "asked"
PATIENT: Final = "patient"
KINDS: Final = ("catalog", "notify", "wait", "http", "check")
ROUNDS: Final = 4  # of all kinds, in a row
WIDTH: Final = 8  # branches, and items
STEPS: Final[Mapping[str, int]] = {ROW: ROUNDS * len(KINDS), SPREAD: 1 + WIDTH + 1 + 2 * WIDTH}
Json = dict[str, Any]


def write(yard: Path) -> None:
    """All of them, beside the yard's own."""
    for name, spec in _specs().items():
        head = {"name": name, "title": name.capitalize(), "tags": ["bench"], "owner": "group:platform"}
        document = {"apiVersion": "daytwo/v1", "kind": "Action", "metadata": head, "spec": spec}
        (yard / "actions" / f"{name}.yaml").write_text(yaml.safe_dump(document, sort_keys=False))


def _specs() -> Mapping[str, Json]:
    row = [_step(kind, f"{kind}{number}") for number in range(ROUNDS) for kind in KINDS]
    branches = [{**_step("http", f"branch{number}"), "needs": ["first"]} for number in range(WIDTH)]
    each = {"action": ITEM, "items": [f"i{number}" for number in range(WIDTH)], "at_once": WIDTH}
    spread = [
        _step("notify", "first"),
        *branches,
        {**_step("catalog", "joined"), "needs": [str(one["id"]) for one in branches]},
        {"id": "each", "uses": "foreach", "with": each},
    ]
    told = _step("notify", "told")
    patient = [{"id": "long", "uses": "wait", "with": {"for": "30d"}}, told]
    return {
        ROW: _spec(row),
        SPREAD: _spec(spread),
        ITEM: _spec([_step("http", "asked"), _step("catalog", "noted")]),
        ASKED: {**_spec([told]), "approval": [{"from": ["group:sre"], "expires": "60d"}]},
        PATIENT: _spec(patient),
    }


def _spec(steps: list[Json]) -> Json:
    return {
        "operation": "day-2",
        "target": {"kind": "service"},
        "form": {"pages": []},
        "allow": {"run": ["owner", "group:sre"]},
        "steps": steps,
    }


def _step(kind: str, name: str) -> Json:
    """Another name, another value: what the catalog has already would not be written."""
    what: Mapping[str, Json] = {
        "catalog": {
            "upsert": {
                "kind": "deployment",
                "name": "${{ entity.name }}-staging",
                "properties": {"version": name},
                "relations": {"service": "${{ entity.ref }}", "environment": "environment:staging"},
            }
        },
        "notify": {"to": ["requester"], "text": f"{name} of ${{{{ entity.name }}}}"},
        "wait": {"until": "2026-01-01T00:00:00Z"},
        "http": {"service": SERVICE, "method": "POST", "path": "/did", "body": {"step": name}},
        "check": {"get": {"service": SERVICE, "path": "/is"}, "until": "${{ response.status == 200 }}"},
    }
    return {"id": name, "uses": kind, "with": what[kind], **({"effect": "idempotent"} if kind == "http" else {})}
