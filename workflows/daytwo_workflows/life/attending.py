"""What happens while a stage waits for people: they are reminded, and then others are asked as well.

Both stand in the sealed plan, so neither changes what is decided. What was missed while nothing ran is done once, not
once for each time.
"""

from datetime import datetime, timedelta

from daytwo_store import approvals
from daytwo_store.engine import Tx
from daytwo_store.tables import ApprovalRow
from daytwo_store.terms import terms_of


def attend(tx: Tx, row: ApprovalRow) -> datetime:
    """Do what is due at a pending stage of a held run; when to look again."""
    terms = terms_of(row.terms)
    later = [row.expires_at]
    if terms.escalate is not None and row.escalated_at is None:
        due = row.created_at + timedelta(seconds=terms.escalate.after)
        if due <= tx.now:
            approvals.escalate(tx, row, terms.escalate.to)
        else:
            later.append(due)
    moments = [row.created_at + timedelta(seconds=after) for after in terms.remind]
    passed = sum(moment <= tx.now for moment in moments)
    if passed > row.reminded:
        approvals.remind(tx, row, passed)
    return min([*later, *moments[passed:]])
