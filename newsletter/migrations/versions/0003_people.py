"""Schools, exceptions, participation, rosters, pauses, sign-up counts, import runs and roll-overs."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_CHILDREN = ("household_id", "graduation_year", "band", "end_year")


def upgrade() -> None:
    """Add what people need."""
    op.create_table(
        "school",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_school_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_school")),
        sa.UniqueConstraint("organization_id", "name", name=op.f("uq_school_organization_id_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "participation",
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscriber.id"], name=op.f("fk_participation_subscriber_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("subscriber_id", "kind", "subject", name=op.f("pk_participation")),
    )
    op.create_index("ix_participation_kind_subject", "participation", ["kind", "subject"])
    op.create_table(
        "import_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("is_roster", sa.Boolean(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["list_id"], ["list.id"], name=op.f("fk_import_run_list_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_import_run_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_run")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_import_run_list_id_fingerprint", "import_run", ["list_id", "fingerprint"])
    op.create_table(
        "sign_up_count",
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "key", "ends_at", name=op.f("pk_sign_up_count")),
    )
    op.create_index("ix_sign_up_count_ends_at", "sign_up_count", ["ends_at"])
    op.create_table(
        "roll_over_run",
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("end_year", sa.Integer(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("ran_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_roll_over_run_organization_id")
        ),
        sa.PrimaryKeyConstraint("organization_id", "end_year", name=op.f("pk_roll_over_run")),
    )
    op.drop_index("ix_child_household_id", "child")
    for name, columns in _columns().items():
        for column in columns:
            op.add_column(name, column)
    op.create_index("ix_child_household_id", "child", [*_CHILDREN, "school_id"])
    pauses = sa.text("paused_until IS NOT NULL")
    op.create_index(
        "ix_subscription_paused_until",
        "subscription",
        ["paused_until"],
        sqlite_where=pauses,
        postgresql_where=pauses,
    )


def downgrade() -> None:
    """Take it away again."""
    op.drop_index("ix_subscription_paused_until", "subscription")
    op.drop_index("ix_child_household_id", "child")
    for name, columns in _columns().items():
        for column in columns:
            op.drop_column(name, column.name)
    op.create_index("ix_child_household_id", "child", list(_CHILDREN))
    for name in ("roll_over_run", "sign_up_count", "import_run", "participation", "school"):
        op.drop_table(name)


# No foreign keys: SQLite would make each table anew for them, and lose that ids are never reused, or whole rows.
def _columns() -> dict[str, Sequence[sa.Column[Any]]]:
    return {
        "subscriber": (
            sa.Column("place", sa.String(), nullable=False, server_default=""),
            sa.Column("school_id", sa.Integer()),
            sa.Column("own_fields", sa.Integer(), nullable=False, server_default="0"),
        ),
        "child": (
            sa.Column("told_year", sa.Integer()),
            sa.Column("school_id", sa.Integer()),
            sa.Column("mark", sa.String(length=20)),
        ),
        "list": (
            sa.Column("names", sa.JSON(), nullable=False, server_default="{}"),
            sa.Column("descriptions", sa.JSON(), nullable=False, server_default="{}"),
            sa.Column("welcome", sa.Boolean(), nullable=False, server_default=sa.true()),
        ),
        "subscription": (
            sa.Column("paused_until", sa.DateTime(timezone=True)),
            sa.Column("roster_id", sa.Integer()),
            sa.Column("off_roster_at", sa.DateTime(timezone=True)),
        ),
    }
