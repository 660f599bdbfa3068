"""A list leaves the last fifth of what a connection allows to everybody else: none of it begins until there is more.

An incident in which nobody can roll back, since a wave has spent the hour's requests, is worse than a wave that waits.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from daytwo_actions.definitions.steps.dispatch import DispatchStep
from daytwo_store import connections
from daytwo_store.engine import Session
from daytwo_store.errors import DaytwoError
from daytwo_workflows.life.context import Life

_KEPT_FREE: Final = 0.2  # of a connection's requests of a period (an hour on GitHub, a minute on GitLab)


@dataclass(frozen=True, slots=True)
class NoRoom:
    why: str
    until: datetime  # the vendor's next period


async def no_room(life: Life, session: Session, action: str, now: datetime) -> NoRoom | None:
    """As the connections of the pipelines of an action were last told. None: it may begin."""
    try:
        version = await life.definitions.current(session, action)
    except DaytwoError:
        return None  # that is told where it is begun
    names = {step.uses for step in version.model.spec.steps if isinstance(step, DispatchStep)}
    found = [one for name in sorted(names) if (one := await _of(session, name, now)) is not None]
    return max(found, key=lambda one: one.until, default=None)


async def _of(session: Session, connection: str, now: datetime) -> NoRoom | None:
    told = await connections.allowance(session, connection)
    if told is None or not told.limit or told.remaining is None or told.resets_at is None or told.resets_at <= now:
        return None
    if told.remaining >= told.limit * _KEPT_FREE:
        return None
    return NoRoom(
        f"{connection} has {told.remaining} of {told.limit} requests left until {told.resets_at:%H:%M} UTC; these are "
        "left to others, and the next of the list begin then.",
        told.resets_at,
    )
