"""Somebody who may do everything to the database changes the audit."""

from collections.abc import Sequence

from sqlalchemy import text

from daytwo_store.audit import GENESIS, Entry, link
from daytwo_store.engine import Store


async def fill(store: Store, entries: int, *, first: int = 1) -> None:
    """So many more entries, a transaction each."""
    for number in range(first, first + entries):
        async with store.write() as tx:
            tx.audit(actor="p_ana", action="run.accepted", subject=f"run:r_{number}", facts={"n": str(number)})


async def tamper(store: Store, *statements: str) -> None:
    """With the trigger off: a superuser."""
    async with store.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
        for statement in statements:
            await connection.execute(text(statement))
        await connection.execute(text("ALTER TABLE audit ENABLE TRIGGER USER"))


async def recompute(store: Store) -> None:
    """Number the entries anew, and compute every hash and the head, as the owner of the database can."""
    async with store.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
        rows: Sequence[object] = (
            await connection.execute(text("SELECT n, at, actor, action, subject, facts FROM audit ORDER BY n"))
        ).all()
        await connection.execute(text("UPDATE audit SET n = -n"))
        before = GENESIS
        for n, row in enumerate(rows, 1):
            old, at, actor, action, subject, facts = row  # type: ignore[misc]  # the columns above
            before = link(before, n, Entry(at=at, actor=actor, action=action, subject=subject, facts=facts))
            await connection.execute(
                text("UPDATE audit SET n = :n, hash = :hash WHERE n = :old"), {"n": n, "hash": before, "old": -old}
            )
        await connection.execute(text("UPDATE audit_head SET n = :n, hash = :h"), {"n": len(rows), "h": before})
        await connection.execute(text("ALTER TABLE audit ENABLE TRIGGER USER"))
