"""Alembic's entry: runs a migration on the connection that `newsletter.migrations` hands over."""

from importlib import import_module

from alembic import context

from subscribers.db import Base

for tables in (
    "subscribers.tables",
    "newsletter.issues.tables",
    "newsletter.ledger.tables",
    "newsletter.campaigns.tables",
    "newsletter.events.tables",
    "newsletter.reports.tables",
    "newsletter.webhooks.tables",
    "newsletter.mailboxes.tables",
    "newsletter.workshops",
):
    import_module(tables)

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
with context.begin_transaction():
    context.run_migrations()
