"""What people say about an approval without deciding, before and after it is decided."""

from collections.abc import Collection, Sequence
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from daytwo_store.engine import Topic, Tx
from daytwo_store.errors import Conflict, Rejected
from daytwo_store.ids import ApprovalId, PrincipalId, RunId, mint
from daytwo_store.notifications import Notice, tell
from daytwo_store.said import said
from daytwo_store.tables import ApprovalRow, CommentRow

MOST: Final = 500  # of one approval


async def add(
    tx: Tx, row: ApprovalRow, *, by: PrincipalId, text: str, key: str, audience: Collection[str]
) -> CommentRow:
    """Write one down; the same key again gives the same. Raises `Conflict`, `Rejected`. The run is held."""
    before: CommentRow | None = await tx.session.scalar(
        select(CommentRow).where(CommentRow.principal == by, CommentRow.idempotency_key == key)
    )
    if before is not None:
        if (before.approval_id, before.text) != (row.id, text):
            raise Rejected("This Idempotency-Key was used for another comment. Nothing was written. Use a new key.")
        return before
    count = await tx.session.scalar(select(func.count()).where(CommentRow.approval_id == row.id))
    if (count or 0) >= MOST:
        raise Conflict(f"There are {MOST} comments here, and there is no room for more. Nothing was written.")
    comment = CommentRow(id=mint("n"), approval_id=row.id, principal=by, idempotency_key=key, text=text, at=tx.now)
    tx.session.add(comment)
    await tx.session.flush()
    facts = {"approval": row.id, "comment": comment.id, **said(text)}
    tx.audit(actor=by, action="approval.commented", subject=f"run:{row.run_id}", facts=facts)
    others = [one for one in audience if one != by]
    run, approval = RunId(row.run_id), ApprovalId(row.id)
    tell(tx, Notice.APPROVAL_COMMENTED, audience=others, run=run, approval=approval, facts={"comment": comment.id})
    tx.notify(Topic.APPROVAL, row.id)
    return comment


async def of_approvals(session: AsyncSession, approvals: Collection[str]) -> Sequence[CommentRow]:
    """In the order in which they were written."""
    if not approvals:
        return []
    return (
        await session.scalars(
            select(CommentRow).where(CommentRow.approval_id.in_(approvals)).order_by(CommentRow.at, CommentRow.id)
        )
    ).all()
