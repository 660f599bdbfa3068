"""What our processes have said that they should not have (I9): errors, and exceptions that are no outage's."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

# What an outage of a neighbour looks like, and how it crosses into Temporal.
_EXPECTED: Final = {
    "daytwo_store.errors.Unavailable",
    "temporalio.exceptions.ApplicationError",
    "temporalio.service.RPCError",
    "asyncio.exceptions.CancelledError",
}
# Temporal's library: a task took long, since the machine is busy; or another worker has it, since this one slept.
_NOT_OURS: Final = ("[TMPRL1104]", "Task not found when completing", "Cannot find activity to cancel")
# R19: our name was somebody else's; an answer named a run that does not show our marker. Told to people on purpose.
_INCIDENTS: Final = {"dispatch.foreign", "dispatch.wrong_id"}


def unexpected(logs: Path) -> Iterator[str]:
    """Lines of the API's and the worker's logs that tell of a mistake of ours, shortened."""
    for name in ("api", "worker"):
        with (logs / f"{name}.log").open(errors="replace") as lines:
            for line in lines:
                if any(told in line for told in _NOT_OURS):
                    continue
                told = _parsed(line)
                if told is None or _wrong(told):
                    yield f"{name}: {line.strip()[:600]}"


def _parsed(line: str) -> dict[str, Any] | None:
    """None for what is not one of our JSON lines: a traceback, a panic."""
    try:
        told = json.loads(line)
    except ValueError:
        return None
    return told if isinstance(told, dict) else None


def _wrong(told: dict[str, Any]) -> bool:
    raised = [one for one in told.get("exception", ()) if not one.startswith(" ")]
    if raised:
        return raised[-1] not in _EXPECTED
    return told.get("level") in ("error", "critical") and told.get("event") not in _INCIDENTS
