"""Who did a task or filled in values does not decide on them; of approvals of before, who had done so by then"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("approval", sa.Column("fillers", ARRAY(sa.Text()), nullable=False, server_default=sa.text("'{}'")))
    op.execute(
        """
        update approval set fillers = who.fillers from (
            select approval.id, array_agg(distinct coalesce(principal.ref, principal.id)) as fillers
            from approval
            join task on task.run_id = approval.run_id
                and task.state = 'done' and task.settled_at <= approval.created_at
            join principal on principal.id in (task.settled_by, task.on_behalf_of)
            where approval.state in ('pending', 'approved')
            group by approval.id
        ) who where who.id = approval.id
        """
    )


def downgrade() -> None:
    op.drop_column("approval", "fillers")
