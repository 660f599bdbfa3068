"""What is temporary about an entity, and until when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from daytwo_store.run_visibility import Onlooker, visible
from daytwo_store.states import StepState
from daytwo_store.tables import EntityRow, RunRow, StepRow


@dataclass(frozen=True, kw_only=True, slots=True)
class Lasting:
    run: str
    action: str
    step: str
    until: datetime | None


async def of_entity(session: AsyncSession, ref: str, by: Onlooker) -> Sequence[Lasting]:
    """What the onlooker may see of it, the first end first."""
    query = (
        select(RunRow.id, RunRow.action, StepRow.path, StepRow.due_at)
        .join(StepRow, StepRow.run_id == RunRow.id)
        .join(EntityRow, EntityRow.ref == RunRow.entity, isouter=True)
        .where(
            RunRow.entity == ref,
            StepRow.kind == "temporary",
            StepRow.state == StepState.RUNNING,
            visible(by.belongs, by.principal),
        )
        .order_by(StepRow.due_at)
        .limit(50)
    )
    return [
        Lasting(run=run, action=action, step=path, until=until)
        for run, action, path, until in (await session.execute(query)).all()
    ]
