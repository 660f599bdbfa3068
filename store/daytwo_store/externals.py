"""External runs that could not be read: silence is neither success nor failure, and it shows."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select

from daytwo_store.engine import Topic, Tx
from daytwo_store.ids import ExternalRunId
from daytwo_store.tables import ExternalRunRow


async def mark_unseen(tx: Tx, connection: str, wanted: Sequence[ExternalRunId], *, began: datetime) -> None:
    """A read of these that began at `began` failed: their status is unknown from now on, until a read tells it.

    One that has ended, that a newer read has seen, or that was unseen before stays as it is. One that somebody writes
    at this moment is passed over, so that nobody waits in a circle; the next failing read marks it.
    """
    rows = await tx.session.scalars(
        select(ExternalRunRow)
        .where(
            ExternalRunRow.connection == connection,
            ExternalRunRow.id.in_(wanted),
            ExternalRunRow.ended_at.is_(None),
            ExternalRunRow.unseen_since.is_(None),
            or_(ExternalRunRow.seen_at.is_(None), ExternalRunRow.seen_at <= began),
        )
        .with_for_update(skip_locked=True)
    )
    for row in rows:
        row.unseen_since = tx.now
        tx.notify(Topic.RUN, row.run_id)
