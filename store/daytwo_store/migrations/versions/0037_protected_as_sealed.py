"""Open runs of before in whose middle somebody has to approve are protected, as their sealed plan says

`protected` was false for a run that nobody had to approve before it began, also where a step of it asks. New runs have
it from their plan, so these have it from theirs. What once was protected stays so; what has ended is as it was.
"""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    bind = op.get_bind()
    rows = bind.execute(
        sa.text(
            "SELECT id, plan, EXISTS (SELECT FROM approval WHERE run_id = run.id) AS asked FROM run "
            "WHERE NOT protected AND ended_at IS NULL"
        )
    )
    for run in [row.id for row in rows if row.asked or _asks(row.plan)]:
        bind.execute(sa.text("UPDATE run SET protected = true WHERE id = :run"), {"run": run})


def downgrade() -> None:
    """Nothing was added, and what is protected stays so."""


def _asks(plan: str) -> bool:
    """Before it begins, or at a step; a plan that cannot be read asks, since nobody can say that it does not."""
    try:
        sealed: dict[str, Any] = json.loads(plan)
        return sealed.get("approval") is not None or any(_is_asking(step) for step in sealed["steps"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return True


def _is_asking(step: dict[str, Any]) -> bool:
    """`given` is what tells it from a connection that somebody has called `approval`."""
    return step["uses"] == "approval" and "given" in step and step.get("runs", True) is not False
