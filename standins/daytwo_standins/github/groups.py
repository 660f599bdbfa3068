"""Concurrency groups: one run at a time, at most one waits, the newest wins.

https://docs.github.com/en/actions/how-tos/write-workflows/choose-when-workflows-run/control-workflow-concurrency
"""

import dataclasses

from daytwo_standins.github.runs import Run

Key = tuple[str, str]


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Entered:
    """What follows from a run's entering its group: does it wait, and who is to be cancelled."""

    waits: bool
    cancel: tuple[Run, ...] = ()


class Groups:
    """Who holds each group and who waits for it."""

    def __init__(self) -> None:
        self._holders: dict[Key, Run] = {}
        self._waiting: dict[Key, Run] = {}

    def enter(self, run: Run) -> Entered:
        """A run has been accepted."""
        key = _key(run)
        if not key[1]:
            return Entered(waits=False)
        holder = self._holders.setdefault(key, run)
        if holder is run:
            return Entered(waits=False)
        replaced = self._waiting.get(key)
        self._waiting[key] = run
        cancel = [replaced] if replaced else []
        if run.accepted.cancel_in_progress:
            cancel.append(holder)
        return Entered(waits=True, cancel=tuple(cancel))

    def leave(self, run: Run) -> Run | None:
        """A run has ended; the one that may go on now, if any."""
        key = _key(run)
        if self._waiting.get(key) is run:
            del self._waiting[key]
            return None
        if self._holders.get(key) is not run:
            return None
        following = self._waiting.pop(key, None)
        if following is None:
            del self._holders[key]
        else:
            self._holders[key] = following
        return following


def _key(run: Run) -> Key:
    return run.accepted.repository, run.accepted.group
