"""Which keys a run needs, and how it waits for them."""

from typing import Final

from pydantic import JsonValue

from daytwo_actions.definitions.model import LockQueue
from daytwo_actions.expressions import Evaluator
from daytwo_actions.plan.evaluating import evaluated
from daytwo_actions.plan.facts import Facts
from daytwo_actions.plan.model import PlannedLock
from daytwo_actions.plan.program import LockProgram
from daytwo_store.errors import Rejected

MOST_KEYS: Final = 20
_LONGEST: Final = 200
_PRIORITIES: Final = 1000


def planned_lock(program: LockProgram | None, evaluator: Evaluator, facts: Facts) -> str | PlannedLock | None:
    """Raises `Rejected` when a key or the priority cannot be worked out: nothing is sent."""
    if program is None:
        return None
    keys = sorted({key for one in program.keys for key in _keys(evaluated(evaluator, one, facts, "the lock"))})
    if len(keys) > MOST_KEYS:
        raise Rejected(f"The lock came out as {len(keys)} keys, and {MOST_KEYS} is the most. Nothing was started.")
    if len(keys) == 1 and program.queue is LockQueue.FIFO:
        return keys[0]
    return PlannedLock(keys=keys, queue=program.queue, priority=_priority(program, evaluator, facts))


def _keys(value: JsonValue) -> list[str]:
    """One text, or a list of them."""
    found = value if isinstance(value, list) else [value]
    if not found:
        raise Rejected("The lock came out as an empty list, so nothing would be locked. Nothing was started.")
    return [_key(one) for one in found]


def _key(value: JsonValue) -> str:
    if not isinstance(value, str):
        raise Rejected(
            f"The lock came out as {'nothing' if value is None else type(value).__name__}, and text is needed. "
            "Nothing was started. Look at the entity in the catalog, or at the action's definition."
        )
    if not value.strip() or len(value) > _LONGEST or "\x00" in value:
        raise Rejected(f"The lock's key came out empty or longer than {_LONGEST} characters. Nothing was started.")
    return value


def _priority(program: LockProgram, evaluator: Evaluator, facts: Facts) -> int:
    if program.priority is None:
        return 0
    value = evaluated(evaluator, program.priority, facts, "the priority of the lock")
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _PRIORITIES:
        raise Rejected(
            f"The priority of the lock came out as {value!r}, and a whole number from -{_PRIORITIES} to {_PRIORITIES} "
            "is needed. Nothing was started. Look at the action's definition."
        )
    return value
