"""Who has a lock and who waits for it, in words."""

from collections.abc import Sequence

from daytwo_api.services.moments import moment
from daytwo_api.views.locks import HoldView, KeyView
from daytwo_api.views.runs import LockView


def joined(keys: Sequence[str]) -> str:
    """'shop/production', 'a, b and c'."""
    *most, last = keys
    return f"{', '.join(most)} and {last}" if most else last


def hold_words(hold: HoldView) -> str:
    """'Sam until 14:00 UTC: database migration'."""
    return f"{hold.by.name}{f' until {moment(hold.until)}' if hold.until else ''}: {hold.reason}"


def holder_words(key: KeyView) -> str:
    """Who has it; a run without its id when the asker may not see it."""
    if key.hold is not None:
        return key.hold.by.name
    return f"run {key.held_by_run}" if key.held_by_run else "another run"


def lock_words(lock: LockView) -> str:
    """'waits for run r_… to give back shop/production; 2 in line, about 14:05 UTC'."""
    parts = [_waits_for(key) for key in lock.keys if key.held]
    words = " and ".join(parts) or f"waits for its turn with {lock.key}: a run before it needs more keys"
    line = f"{lock.position} in line" if lock.position else ""
    about = f"about {moment(lock.expected_at)}" if lock.expected_at else ""
    place = ", ".join(part for part in (line, about) if part)
    return f"{words}; {place}" if place else words


def _waits_for(key: KeyView) -> str:
    if key.hold is not None:
        return f"waits: {key.key} is held by {hold_words(key.hold)}"
    then = f" (then held by {hold_words(key.next_hold)})" if key.next_hold else ""
    return f"waits for {holder_words(key)} to give back {key.key}{then}"


def given_back(keys: Sequence[KeyView]) -> str:
    """'run r_… and 2 more has given back shop/production': what has to happen before a run that would ask now."""
    words = []
    for key in keys:
        more = f" and {key.queued} more" if key.queued else ""
        if key.hold is not None:
            until = f" until {moment(key.hold.until)}" if key.hold.until else ""
            turn = f" and {key.queued} before it had their turn" if key.queued else ""
            words.append(f"{key.hold.by.name}'s hold of {key.key}{until} ({key.hold.reason}) is over{turn}")
        elif key.held:
            words.append(f"{holder_words(key)}{more} has given back {key.key}")
    return " and ".join(words) or f"the runs before it have given back {joined([key.key for key in keys])}"


def key_words(*, held: bool, run: str | None, hold: HoldView | None, then: HoldView | None, queued: bool) -> str:
    """'held by Sam until 14:00 UTC: database migration', 'held by run r_…', 'free'."""
    if hold is not None:
        return f"held by {hold_words(hold)}"
    if not held:
        return "free, and kept for a run that needs more keys" if queued else "free"
    after = f", then by {hold_words(then)}" if then else ""
    return f"held by {f'run {run}' if run else 'another run'}{after}"
