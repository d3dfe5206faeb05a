"""The first shape."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "campaign_stat",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("arm", sa.String(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("link_no", sa.Integer(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=20), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "campaign_id", "arm", "kind", "link_no", "hour", "actor", name=op.f("pk_campaign_stat")
        ),
    )
    op.create_table(
        "event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("link_no", sa.Integer(), nullable=True),
        sa.Column("actor", sa.String(length=20), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        sa.UniqueConstraint("provider", "event_id", name=op.f("uq_event_provider_event_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_event_campaign_id_kind", "event", ["campaign_id", "kind"], unique=False)
    op.create_table(
        "organization",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("salt", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organization")),
    )
    op.create_table(
        "rate_bucket",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("tat", sa.DateTime(timezone=True), nullable=False),
        sa.Column("brake_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_rate_bucket")),
    )
    op.create_table(
        "household",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_household_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_household")),
        sa.UniqueConstraint("organization_id", "key", name=op.f("uq_household_organization_id_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "issue",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_issue_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issue")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "list",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("double_opt_in", sa.Boolean(), nullable=False),
        sa.Column("from_address", sa.String(), nullable=False),
        sa.Column("reply_to", sa.String(), nullable=False),
        sa.Column("postal_address", sa.String(), nullable=False),
        sa.Column("theme", sa.String(), nullable=False),
        sa.Column("utm", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_list_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_list")),
        sa.UniqueConstraint("organization_id", "slug", name=op.f("uq_list_organization_id_slug")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "media",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("content_type", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_media_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media")),
        sa.UniqueConstraint("organization_id", "digest", name=op.f("uq_media_organization_id_digest")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "schedule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cron", sa.String(), nullable=False),
        sa.Column("tz", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_schedule_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule")),
        sa.UniqueConstraint("kind", "subject_id", name=op.f("uq_schedule_kind_subject_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_schedule_next_at"), "schedule", ["next_at"], unique=False)
    op.create_table(
        "segment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_segment_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segment")),
        sa.UniqueConstraint("organization_id", "name", name=op.f("uq_segment_organization_id_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "tag",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_tag_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag")),
        sa.UniqueConstraint("organization_id", "name", name=op.f("uq_tag_organization_id_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "consent_record",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("subscriber_id", sa.Integer(), nullable=True),
        sa.Column("list_id", sa.Integer(), nullable=True),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("wording", sa.String(), nullable=False),
        sa.Column("wording_version", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("network_address", sa.String(), nullable=False),
        sa.Column("user_agent", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["list_id"], ["list.id"], name=op.f("fk_consent_record_list_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_consent_record_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_record")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_consent_record_subscriber_id", "consent_record", ["subscriber_id"], unique=False)
    op.create_table(
        "revision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"], name=op.f("fk_revision_issue_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revision")),
        sa.UniqueConstraint("issue_id", "no", name=op.f("uq_revision_issue_id_no")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "schedule_run",
        sa.Column("schedule_id", sa.Integer(), nullable=False),
        sa.Column("fire_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["schedule_id"], ["schedule.id"], name=op.f("fk_schedule_run_schedule_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("schedule_id", "fire_at", name=op.f("pk_schedule_run")),
    )
    op.create_table(
        "subscriber",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("address_key", sa.String(), nullable=False),
        sa.Column("address_hash", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("attributes", sa.JSON(), nullable=False),
        sa.Column("household_id", sa.Integer(), nullable=True),
        sa.Column("tracking", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_subscriber_household_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_subscriber_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriber")),
        sa.UniqueConstraint("organization_id", "address_key", name=op.f("uq_subscriber_organization_id_address_key")),
        sa.UniqueConstraint("public_id", name=op.f("uq_subscriber_public_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_subscriber_address_hash", "subscriber", ["address_hash"], unique=False)
    op.create_index("ix_subscriber_household_id", "subscriber", ["household_id"], unique=False)
    op.create_table(
        "suppression",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("address_hash", sa.String(), nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["list_id"], ["list.id"], name=op.f("fk_suppression_list_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_suppression_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppression")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_suppression_address_hash", "suppression", ["address_hash"], unique=False)
    op.create_index(
        "uq_suppression_everywhere",
        "suppression",
        ["organization_id", "address_hash"],
        unique=True,
        sqlite_where=sa.text("lifted_at IS NULL AND list_id IS NULL"),
        postgresql_where=sa.text("lifted_at IS NULL AND list_id IS NULL"),
    )
    op.create_index(
        "uq_suppression_on_a_list",
        "suppression",
        ["organization_id", "address_hash", "list_id"],
        unique=True,
        sqlite_where=sa.text("lifted_at IS NULL AND list_id IS NOT NULL"),
        postgresql_where=sa.text("lifted_at IS NULL AND list_id IS NOT NULL"),
    )
    op.create_table(
        "campaign",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("stream", sa.String(), nullable=True),
        sa.Column("issue_id", sa.Integer(), nullable=True),
        sa.Column("revision_id", sa.Integer(), nullable=True),
        sa.Column("list_id", sa.Integer(), nullable=True),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("segment", sa.String(), nullable=False),
        sa.Column("scheduled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("watermark", sa.Integer(), nullable=False),
        sa.Column("audience", sa.Integer(), nullable=False),
        sa.Column("chunks", sa.Integer(), nullable=False),
        sa.Column("stop_reason", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"], name=op.f("fk_campaign_issue_id")),
        sa.ForeignKeyConstraint(["list_id"], ["list.id"], name=op.f("fk_campaign_list_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_campaign_organization_id")),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name=op.f("fk_campaign_revision_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
        sa.UniqueConstraint("organization_id", "stream", name=op.f("uq_campaign_organization_id_stream")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_campaign_state", "campaign", ["state"], unique=False)
    op.create_table(
        "child",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("household_id", sa.Integer(), nullable=False),
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.Column("told_by", sa.String(length=20), nullable=False),
        sa.Column("graduation_year", sa.Integer(), nullable=True),
        sa.Column("band", sa.String(length=20), nullable=True),
        sa.Column("end_year", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(graduation_year IS NULL) <> (band IS NULL)", name=op.f("ck_child_year_or_band")),
        sa.ForeignKeyConstraint(
            ["household_id"], ["household.id"], name=op.f("fk_child_household_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscriber.id"], name=op.f("fk_child_subscriber_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_child")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_child_household_id", "child", ["household_id"], unique=False)
    op.create_index("ix_child_subscriber_id", "child", ["subscriber_id"], unique=False)
    op.create_table(
        "subscriber_role",
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscriber.id"], name=op.f("fk_subscriber_role_subscriber_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("subscriber_id", "role", name=op.f("pk_subscriber_role")),
    )
    op.create_table(
        "subscriber_tag",
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.Column("tag_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscriber.id"], name=op.f("fk_subscriber_tag_subscriber_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tag_id"], ["tag.id"], name=op.f("fk_subscriber_tag_tag_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("subscriber_id", "tag_id", name=op.f("pk_subscriber_tag")),
    )
    op.create_index("ix_subscriber_tag_tag_id", "subscriber_tag", ["tag_id"], unique=False)
    op.create_table(
        "subscription",
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("frequency", sa.String(length=20), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unsubscribed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["list_id"], ["list.id"], name=op.f("fk_subscription_list_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscriber.id"], name=op.f("fk_subscription_subscriber_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("subscriber_id", "list_id", name=op.f("pk_subscription")),
    )
    op.create_index("ix_subscription_list_id_state", "subscription", ["list_id", "state"], unique=False)
    op.create_table(
        "chunk",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("lo", sa.Integer(), nullable=False),
        sa.Column("hi", sa.Integer(), nullable=False),
        sa.Column("variant", sa.String(), nullable=False),
        sa.Column("arm", sa.String(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_chunk_campaign_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("campaign_id", "no", name=op.f("pk_chunk")),
    )
    op.create_index("ix_chunk_state", "chunk", ["state", "campaign_id"], unique=False)
    op.create_table(
        "delivery",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("subscriber_id", sa.Integer(), nullable=True),
        sa.Column("to_address", sa.String(), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False),
        sa.Column("variant", sa.String(), nullable=False),
        sa.Column("payload", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("dedupe", sa.String(), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("provider_id", sa.String(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_delivery_campaign_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("campaign_id", "seq", name=op.f("pk_delivery")),
        sa.UniqueConstraint(
            "campaign_id", "subscriber_id", "occurrence", name=op.f("uq_delivery_campaign_id_subscriber_id_occurrence")
        ),
        postgresql_with={"fillfactor": 60},
        sqlite_with_rowid=False,
    )
    op.create_index("ix_delivery_subscriber_id", "delivery", ["subscriber_id"], unique=False)
    op.create_index(
        "uq_delivery_dedupe",
        "delivery",
        ["campaign_id", "dedupe"],
        unique=True,
        sqlite_where=sa.text("dedupe IS NOT NULL"),
        postgresql_where=sa.text("dedupe IS NOT NULL"),
    )
    op.create_table(
        "link",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_link_campaign_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("campaign_id", "no", name=op.f("pk_link")),
    )


def downgrade() -> None:
    """Drop every table."""
    op.drop_table("link")
    op.drop_index(
        "uq_delivery_dedupe",
        table_name="delivery",
        sqlite_where=sa.text("dedupe IS NOT NULL"),
        postgresql_where=sa.text("dedupe IS NOT NULL"),
    )
    op.drop_index("ix_delivery_subscriber_id", table_name="delivery")
    op.drop_table("delivery")
    op.drop_index("ix_chunk_state", table_name="chunk")
    op.drop_table("chunk")
    op.drop_index("ix_subscription_list_id_state", table_name="subscription")
    op.drop_table("subscription")
    op.drop_index("ix_subscriber_tag_tag_id", table_name="subscriber_tag")
    op.drop_table("subscriber_tag")
    op.drop_table("subscriber_role")
    op.drop_index("ix_child_subscriber_id", table_name="child")
    op.drop_index("ix_child_household_id", table_name="child")
    op.drop_table("child")
    op.drop_index("ix_campaign_state", table_name="campaign")
    op.drop_table("campaign")
    op.drop_index(
        "uq_suppression_on_a_list",
        table_name="suppression",
        sqlite_where=sa.text("lifted_at IS NULL AND list_id IS NOT NULL"),
        postgresql_where=sa.text("lifted_at IS NULL AND list_id IS NOT NULL"),
    )
    op.drop_index(
        "uq_suppression_everywhere",
        table_name="suppression",
        sqlite_where=sa.text("lifted_at IS NULL AND list_id IS NULL"),
        postgresql_where=sa.text("lifted_at IS NULL AND list_id IS NULL"),
    )
    op.drop_index("ix_suppression_address_hash", table_name="suppression")
    op.drop_table("suppression")
    op.drop_index("ix_subscriber_household_id", table_name="subscriber")
    op.drop_index("ix_subscriber_address_hash", table_name="subscriber")
    op.drop_table("subscriber")
    op.drop_table("schedule_run")
    op.drop_table("revision")
    op.drop_index("ix_consent_record_subscriber_id", table_name="consent_record")
    op.drop_table("consent_record")
    op.drop_table("tag")
    op.drop_table("segment")
    op.drop_index(op.f("ix_schedule_next_at"), table_name="schedule")
    op.drop_table("schedule")
    op.drop_table("media")
    op.drop_table("list")
    op.drop_table("issue")
    op.drop_table("household")
    op.drop_table("rate_bucket")
    op.drop_table("organization")
    op.drop_index("ix_event_campaign_id_kind", table_name="event")
    op.drop_table("event")
    op.drop_table("campaign_stat")
