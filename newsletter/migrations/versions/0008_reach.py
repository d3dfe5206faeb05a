"""Count copies as things first happen to them, so that a report reads no raw events."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# What was kept until now, each copy once: of the copy as a whole, and of the link that was followed.
_KEPT = """
INSERT INTO reached (campaign_id, seq, kind, link_no, actor)
SELECT DISTINCT campaign_id, seq, kind, 0, actor FROM event
UNION SELECT DISTINCT campaign_id, seq, kind, link_no, actor FROM event WHERE kind = 'click' AND link_no > 0
"""
_COUNTED = """
INSERT INTO campaign_reach (campaign_id, kind, link_no, actor, copies)
SELECT campaign_id, kind, link_no, actor, count(*) FROM reached GROUP BY campaign_id, kind, link_no, actor
"""


def upgrade() -> None:
    """Add the tables, and count what was kept."""
    op.create_table(
        "reached",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("link_no", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(length=20), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "seq", "kind", "link_no", "actor", name=op.f("pk_reached")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "campaign_reach",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("link_no", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(length=20), nullable=False),
        sa.Column("copies", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "kind", "link_no", "actor", name=op.f("pk_campaign_reach")),
    )
    op.execute(_KEPT)
    op.execute(_COUNTED)


def downgrade() -> None:
    """Take the tables away again; the events they were counted from stay."""
    op.drop_table("campaign_reach")
    op.drop_table("reached")
