"""Remember how far each recorder of opens and clicks came, so that what waited in its spool counts once."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "recorded",
        sa.Column("recorder", sa.String(), nullable=False),
        sa.Column("groups", sa.BigInteger(), nullable=False),
        sa.Column("groups_before", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("recorder", name=op.f("pk_recorded")),
    )


def downgrade() -> None:
    """Take it away again."""
    op.drop_table("recorded")
