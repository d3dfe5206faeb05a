"""Keep letters by people until they are passed on."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "reply",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("from_name", sa.String(), nullable=False),
        sa.Column("from_address", sa.String(), nullable=False),
        sa.Column("from_key", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_reply_organization_id_organization")
        ),
        sa.ForeignKeyConstraint(["list_id"], ["list.id"], name=op.f("fk_reply_list_id_list"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reply")),
        sa.UniqueConstraint("digest", name=op.f("uq_reply_digest")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_reply_from_key", "reply", ["from_key"])
    op.create_index("ix_reply_received_at", "reply", ["received_at"])


def downgrade() -> None:
    """Take it away again."""
    op.drop_table("reply")
