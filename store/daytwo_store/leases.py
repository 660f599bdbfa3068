"""Leases: work that one process at a time should do, by the database's clock."""

from datetime import timedelta

from sqlalchemy.dialects.postgresql import insert

from daytwo_store.engine import Store
from daytwo_store.tables import LeaseRow


async def take(store: Store, name: str, *, holder: str, seconds: float) -> bool:
    """Take or renew a lease; false while somebody else has it."""
    async with store.write() as tx:
        until = tx.now + timedelta(seconds=seconds)
        mine = insert(LeaseRow).values(name=name, holder=holder, until=until)
        taken = await tx.session.execute(
            mine.on_conflict_do_update(
                index_elements=["name"],
                set_={"holder": holder, "until": until},
                where=(LeaseRow.holder == holder) | (LeaseRow.until < tx.now),
            ).returning(LeaseRow.holder)
        )
        return taken.scalar_one_or_none() is not None
