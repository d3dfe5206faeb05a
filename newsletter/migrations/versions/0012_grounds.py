"""Keep what a suppression rests on, and how far each mailbox was read."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and the table."""
    op.add_column("suppression", sa.Column("grounds", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("suppression", sa.Column("is_counted", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "mailbox_mark",
        sa.Column("mailbox", sa.String(), nullable=False),
        sa.Column("uid_validity", sa.BigInteger(), nullable=False),
        sa.Column("last_uid", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("mailbox", name=op.f("pk_mailbox_mark")),
    )


def downgrade() -> None:
    """Take them away again."""
    op.drop_table("mailbox_mark")
    with op.batch_alter_table("suppression") as suppression:
        suppression.drop_column("is_counted")
        suppression.drop_column("grounds")
