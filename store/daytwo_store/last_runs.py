"""The last time that an action was run here: what a run that is about to begin is compared with.

What an undo goes back to is another question, and may be another action's run: `runs.previous_under_lock`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from pydantic import JsonValue
from sqlalchemy import select

from daytwo_store.engine import Session
from daytwo_store.ids import RunId
from daytwo_store.runs import under
from daytwo_store.states import RunState
from daytwo_store.tables import RunRow

_ENVIRONMENT: Final = "environment:"


async def last_of_action(
    session: Session,
    action: str,
    *,
    entity: str | None,
    inputs: Mapping[str, JsonValue],
    keys: Sequence[str],
    before: datetime,
    run: RunId,
) -> RunRow | None:
    """The last run of the action, besides this one, that had succeeded by then: on the same entity, in the same
    environments as far as its inputs name any, and where it needs locks under one of these."""
    found: RunRow | None = await session.scalar(
        select(RunRow)
        .where(
            RunRow.action == action,
            RunRow.entity.is_not_distinct_from(entity),
            RunRow.inputs.contains(_environments(inputs)),
            *([under(keys)] if keys else []),
            RunRow.state == RunState.SUCCEEDED,
            RunRow.ended_at <= before,
            RunRow.id != run,
        )
        .order_by(RunRow.ended_at.desc(), RunRow.id.desc())
        .limit(1)
    )
    return found


def _environments(inputs: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    return {name: value for name, value in inputs.items() if _are_environments(value)}


def _are_environments(value: JsonValue) -> bool:
    if isinstance(value, list):
        return bool(value) and all(map(_are_environments, value))
    return isinstance(value, str) and value.startswith(_ENVIRONMENT)
