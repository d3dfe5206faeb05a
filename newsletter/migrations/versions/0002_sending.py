"""Tests of two subjects, local time, pace, and series."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what sending needs."""
    op.create_table(
        "series",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("remind", sa.String(), nullable=False),
        sa.Column("issue_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"], name=op.f("fk_series_issue_id")),
        sa.ForeignKeyConstraint(["list_id"], ["list.id"], name=op.f("fk_series_list_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_series_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series")),
        sa.UniqueConstraint("organization_id", "name", name=op.f("uq_series_organization_id_name")),
        sqlite_autoincrement=True,
    )
    _add("campaign", _campaign())
    op.add_column("chunk", sa.Column("domain", sa.String(), nullable=False, server_default=""))
    _add("rate_bucket", _rate_bucket())
    op.drop_index("ix_event_campaign_id_kind", "event")
    op.create_index("ix_event_campaign_id_kind_seq", "event", ["campaign_id", "kind", "seq"])
    op.drop_index("ix_subscription_list_id_state", "subscription")
    op.create_index("ix_subscription_list_id_subscriber_id", "subscription", ["list_id", "subscriber_id"])
    op.drop_index("ix_child_household_id", "child")
    op.create_index("ix_child_household_id", "child", ["household_id", "graduation_year", "band", "end_year"])


def downgrade() -> None:
    """Take it away again."""
    op.drop_index("ix_child_household_id", "child")
    op.create_index("ix_child_household_id", "child", ["household_id"])
    op.drop_index("ix_subscription_list_id_subscriber_id", "subscription")
    op.create_index("ix_subscription_list_id_state", "subscription", ["list_id", "state"])
    op.drop_index("ix_event_campaign_id_kind_seq", "event")
    op.create_index("ix_event_campaign_id_kind", "event", ["campaign_id", "kind"])
    _drop("rate_bucket", _rate_bucket())
    op.drop_column("chunk", "domain")
    _drop("campaign", _campaign())
    op.drop_table("series")


def _add(table: str, columns: Sequence[sa.Column[Any]]) -> None:
    for column in columns:
        op.add_column(table, column)


def _drop(table: str, columns: Sequence[sa.Column[Any]]) -> None:
    for column in columns:
        op.drop_column(table, column.name)


def _campaign() -> Sequence[sa.Column[Any]]:
    return (
        sa.Column("local_time", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("subject_b", sa.String(), nullable=False, server_default=""),
        sa.Column("test_percent", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("decide_minutes", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("winner", sa.String(), nullable=False, server_default=""),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("unopened_of_id", sa.Integer(), nullable=True),
    )


def _rate_bucket() -> Sequence[sa.Column[Any]]:
    return (
        sa.Column("storms", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("first_day", sa.Date(), nullable=True),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("day_mails", sa.Integer(), nullable=False, server_default="0"),
    )
