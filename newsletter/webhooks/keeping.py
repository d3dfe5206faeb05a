"""How long calls are kept, with what was answered to them."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from newsletter.events.retention import Cut, RetentionClock
from newsletter.settings import Settings

from .tables import WebhookCall


def clock(settings: Settings) -> RetentionClock:
    """The clock of calls, whatever became of them: one that waited for so long tells nothing new any more."""
    return RetentionClock("calls of webhooks", settings.keep_calls_days or None, _old, _forget)


def _old(before: datetime) -> Select[*tuple[Any, ...]]:
    return select(WebhookCall.id, WebhookCall.created_at.label("since")).where(WebhookCall.created_at < before)


def _forget(session: Session, rows: Any, cut: Cut) -> int:
    del cut
    old = delete(WebhookCall).where(WebhookCall.id.in_([row.id for row in rows])).returning(WebhookCall.id)
    return len(session.scalars(old, execution_options={"synchronize_session": False}).all())
