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
# Temporal's library: a task took long, since the machine is busy; another worker has it, since this one slept; the
# server has been away for a minute and more.
_NOT_OURS: Final = (
    "[TMPRL1104]",
    "Task not found when completing",
    "Cannot find activity to cancel",
    "[sdk_core::temporalio_client::retry] gRPC call",
)
_HALF: Final = 500  # characters
# R19: our name was somebody else's; an answer named a run that does not show our marker. Told to people on purpose.
# Faults make a listing late on purpose. No channel is set up in these houses, so nobody can be told: an alarm.
_INCIDENTS: Final = {"dispatch.foreign", "dispatch.wrong_id", "listing.late", "notify.nobody"}


class Logs:
    """Those of the API and the worker. A line is told once: to the first case that is judged after it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read = {"api": 0, "worker": 0}

    def unexpected(self) -> Iterator[str]:
        """New lines that tell of a mistake of ours, shortened in the middle: what was raised last stands at the end."""
        for name, begin in self._read.items():
            with (self._folder / f"{name}.log").open("rb") as file:
                file.seek(begin)
                new = file.read()
            whole = new[: new.rfind(b"\n") + 1]
            self._read[name] = begin + len(whole)
            for line in whole.decode(errors="replace").splitlines():
                if any(told in line for told in _NOT_OURS):
                    continue
                told = _parsed(line)
                if told is None or _wrong(told):
                    yield f"{name}: {_short(line.strip())}"


def _short(line: str) -> str:
    return line if len(line) <= 2 * _HALF else f"{line[:_HALF]} … {line[-_HALF:]}"


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
