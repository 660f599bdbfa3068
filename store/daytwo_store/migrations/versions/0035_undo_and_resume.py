"""Steps that take back what others have done, and runs that go on where another one ended"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("step", sa.Column("undoes", sa.Text(), nullable=True))
    op.add_column("run", sa.Column("undoing", postgresql.JSONB(none_as_null=True), nullable=True))
    op.add_column("run", sa.Column("resume_of", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("run", "resume_of")
    op.drop_column("run", "undoing")
    op.drop_column("step", "undoes")
