"""What a step of a kind of its own waits for, in words: by kind, in one table."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from daytwo_api.services.moments import moment
from daytwo_api.views.runs import Waits
from daytwo_store.tables import StepRow


def step_waits(step: StepRow) -> Waits | None:
    """Of a step that has begun and is no dispatch; None when nothing is waited for."""
    words = _WORDS.get(step.kind)
    return words(step) if words is not None else None


def several(steps: Sequence[StepRow], each: Sequence[Waits]) -> Waits:
    """Of steps that go on side by side: each in a few words; the owner and the time are those of what comes first."""
    if all(one == each[0] for one in each):  # what holds the run back holds all of them back
        return each[0]
    first = min(each, key=lambda one: (one.until is None, one.until))
    names = ", ".join(step.path for step in steps)
    return first.model_copy(
        update={
            "kind": "steps",
            "url": None,
            "text": f"{len(each)} steps go on ({names}): " + "; ".join(one.text for one in each),
        }
    )


def _wait(step: StepRow) -> Waits | None:
    if step.due_at is None:
        return None
    return Waits(
        kind="timer",
        text=f"waits until {moment(step.due_at)}",
        owner="daytwo",
        next_event="the time comes",
        until=step.due_at,
        then="it goes on by itself",
    )


_WORDS: Final[Mapping[str, Callable[[StepRow], Waits | None]]] = {"wait": _wait}
