"""The runs that a step has called, or is to call, as its row keeps them."""

from collections.abc import Sequence
from typing import Final

from pydantic import JsonValue

from daytwo_store.states import RunState
from daytwo_store.tables import StepRow

CALLS: Final = frozenset({"action", "foreach"})
CHECK: Final = "check"  # of what is run between two waves, and is none of what is gone through
WAVE: Final = "wave"  # from 0; only where there are several
Item = dict[str, JsonValue]


def asked_for(step: StepRow) -> list[Item]:
    """Every run that it asks for: `key`, `entity`, `inputs`; and what is known of it: `run`, `state`, `note`."""
    calls = (step.data or {}).get("calls")
    return [dict(one) for one in calls if isinstance(one, dict)] if isinstance(calls, list) else []


def note(step: StepRow, calls: Sequence[Item], **more: JsonValue) -> None:
    step.data = {**(step.data or {}), "calls": [dict(one) for one in calls], **more}


def gone_through(calls: Sequence[Item]) -> list[Item]:
    """Without what is run between two waves."""
    return [one for one in calls if CHECK not in one]


def in_order(calls: Sequence[Item]) -> list[Item]:
    """Wave by wave, each with its check; first what another run had done."""
    return sorted(calls, key=lambda one: (wave if isinstance(wave := one.get(WAVE), int) else -1, CHECK in one))


def lost_of(calls: Sequence[Item]) -> list[Item]:
    """Those that have ended, and not well."""
    return [one for one in calls if one.get("state") not in (None, RunState.SUCCEEDED)]


def part_of(value: JsonValue, total: int) -> int:
    """So many, or such a share of them, rounded down."""
    if isinstance(value, str):
        return total * int(value.rstrip("%")) // 100
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def budget(step: StepRow, total: int) -> int:
    """How many may fail. What somebody has let pass counts no more."""
    return max(part_of((step.given or {}).get("max_failures", 0), total), borne(step))


def borne(step: StepRow) -> int:
    """How many failures somebody has let pass."""
    value = (step.data or {}).get("borne")
    return value if isinstance(value, int) else 0
