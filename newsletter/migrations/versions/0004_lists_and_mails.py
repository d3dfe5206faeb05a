"""Lists that are not on the sign-up form; ways to the mails that belong to no reader, and to the readers of homes."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every list there is stays public."""
    to_nobody = sa.text("subscriber_id IS NULL AND to_address > ''")
    op.create_index(
        "ix_delivery_to_nobody",
        "delivery",
        ["subscriber_id", "to_address"],
        sqlite_where=to_nobody,
        postgresql_where=to_nobody,
    )
    op.drop_index("ix_subscriber_household_id", "subscriber")
    op.create_index("ix_subscriber_household_id", "subscriber", ["household_id", "id", "organization_id"])
    op.add_column("list", sa.Column("is_public", sa.Boolean(), nullable=False, server_default=sa.true()))


def downgrade() -> None:
    """Take it away again."""
    op.drop_index("ix_delivery_to_nobody", "delivery")
    op.drop_index("ix_subscriber_household_id", "subscriber")
    op.create_index("ix_subscriber_household_id", "subscriber", ["household_id"])
    op.drop_column("list", "is_public")
