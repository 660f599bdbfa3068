"""Saying something about an approval without deciding, before and after it is decided."""

from daytwo_store import approvals, comments
from daytwo_store.engine import Store
from daytwo_store.errors import Rejected
from daytwo_store.ids import ApprovalId, PrincipalId
from daytwo_workflows.life.decide import held


async def comment(store: Store, approval: ApprovalId, *, by: PrincipalId, text: str, key: str) -> str:
    """Its id. Everybody who has a part in it is told. Raises `Rejected`, `Conflict`."""
    if not text.strip():
        raise Rejected("An empty comment says nothing. Nothing was written.")
    async with store.write() as tx:
        row, run = await held(tx, approval)
        spoken = [one.principal for one in await comments.of_approvals(tx.session, [row.id])]
        decided = [one.principal for one in await approvals.decisions(tx.session, [row.id])]
        audience = [run.requester, *row.needed_from, *decided, *spoken]
        return (await comments.add(tx, row, by=by, text=text.strip(), key=key, audience=audience)).id
