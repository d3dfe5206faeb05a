"""Of whom opens and clicks may be kept."""

from sqlalchemy import ColumnElement, false

from newsletter.settings import Tracking
from subscribers.tables import Subscriber


def may_track(tracking: Tracking) -> ColumnElement[bool]:
    """Whether a reader's requests may be kept today, over `Subscriber`."""
    match tracking:
        case Tracking.CONSENT:
            return Subscriber.tracking.is_(True)
        case Tracking.PERSONAL:
            return Subscriber.id.is_not(None)
        case _:
            return false()
