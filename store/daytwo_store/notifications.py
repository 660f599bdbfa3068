"""What people are to be told: a row in the transaction in which it happened, so that it is told if and only if it did.

This is the seam. Whoever is the first to know calls `tell`; who makes messages of the rows, for which channels, and
tries again, reads them with `open_ones` and closes them with `handled`. A row holds ids, states and times, never what
somebody typed: the words are looked up when a message is written, by what its reader may see.
"""

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum

from pydantic import JsonValue
from sqlalchemy import select, update

from daytwo_store.engine import Session, Tx
from daytwo_store.ids import ApprovalId, RunId
from daytwo_store.tables import NotificationRow


class Notice(StrEnum):
    """What happened. The audience is in brackets."""

    APPROVAL_ASKED = "approval.asked"  # a stage has opened (who is asked)
    APPROVAL_REMINDER = "approval.reminder"  # nobody has decided yet (who is asked)
    APPROVAL_ESCALATED = "approval.escalated"  # others are asked, too (those others)
    APPROVAL_DELEGATED = "approval.delegated"  # one approval was handed on (the delegate and the lender)
    APPROVAL_COMMENTED = "approval.commented"  # (the requester, who is asked, who commented or decided)
    APPROVAL_DECIDED = "approval.decided"  # approved or rejected (the requester, and who was asked)
    APPROVAL_EXPIRED = "approval.expired"  # (the requester, and who was asked)
    APPROVAL_VOID = "approval.void"  # what was approved has changed (who had decided)
    DECISION_WITHDRAWN = "decision.withdrawn"  # somebody has taken back a decision (the requester)
    GLASS_ASKED = "glass.asked"  # somebody asks to go past approval (the second person, and who is passed over)
    GLASS_BROKEN = "glass.broken"  # a run goes past approval (likewise, the owner and the requester): loud
    REVIEW_REMINDER = "review.reminder"  # a review of such a run is still open (who has to close it)
    REVIEW_CLOSED = "review.closed"  # (the requester and who confirmed)
    EXCEPTION_ASKED = "exception.asked"  # a run wants to go on in spite of a freeze (the freeze's owners)
    EXCEPTION_DECIDED = "exception.decided"  # granted, refused or ended (who asked for it)
    FREEZE_CHANGED = "freeze.changed"  # one that was made here was changed or ended (its owners, before and after)
    LOCK_HELD = "lock.held"  # a person keeps a key to themselves (who waits for it)
    DELEGATION_BEGUN = "delegation.begun"  # somebody may decide for another (the delegate and the lender)
    DELEGATION_ENDED = "delegation.ended"  # it was revoked (the delegate and the lender)
    SCHEDULE_PAUSED = "schedule.paused"  # Daytwo has paused one (its owner)
    SCHEDULE_MISSED = "schedule.missed"  # a time of one is over, and nothing ran (its owner)
    TRIGGER_PAUSED = "trigger.paused"  # Daytwo has paused one (its owner)
    TASK_ASKED = "task.asked"  # something is to be done, or values are to be given (who is asked)
    TASK_REMINDER = "task.reminder"  # it is not done yet (who has taken it, else who is asked)
    TASK_ESCALATED = "task.escalated"  # it is due, and others are asked, too (those others)
    TASK_HANDED_OVER = "task.handed_over"  # it is somebody else's now (who had it, who has it)
    STEP_MESSAGE = "step.message"  # a step of a run has something to say (whom it names)
    RUN_SUCCEEDED = "run.succeeded"  # (the requester, and the owner of what it is about)
    RUN_FAILED = "run.failed"  # likewise
    RUN_CANCELLED = "run.cancelled"  # likewise
    RUN_REFUSED = "run.refused"  # nothing was sent (likewise)
    RUN_NEEDS_ATTENTION = "run.needs_attention"  # a person has to say what became of it (likewise)


def tell(
    tx: Tx,
    kind: Notice,
    *,
    audience: Collection[str],
    run: RunId | None = None,
    approval: ApprovalId | None = None,
    facts: Mapping[str, JsonValue] | None = None,
) -> None:
    """Tell these people and groups. Nobody to tell is no notification."""
    if not audience:
        return
    tx.session.add(
        NotificationRow(
            kind=kind,
            run_id=run,
            approval_id=approval,
            audience=list(dict.fromkeys(audience)),
            facts=dict(facts or {}),
            at=tx.now,
        )
    )


async def open_ones(session: Session, *, limit: int = 200) -> Sequence[NotificationRow]:
    """Those of which no messages have been made, oldest first."""
    return (
        await session.scalars(
            select(NotificationRow).where(NotificationRow.handled_at.is_(None)).order_by(NotificationRow.n).limit(limit)
        )
    ).all()


async def handled(tx: Tx, numbers: Collection[int]) -> None:
    """Messages have been made of these."""
    await tx.session.execute(update(NotificationRow).where(NotificationRow.n.in_(numbers)).values(handled_at=tx.now))
