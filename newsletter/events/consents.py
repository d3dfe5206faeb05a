"""Of whom opens and clicks may be kept."""

from sqlalchemy import ColumnElement, false, or_

from newsletter.ledger.tables import Delivery
from newsletter.settings import Tracking
from subscribers.tables import Subscriber

_ERASED_WHO_HAD_AGREED = Delivery.payload["agreed"].as_boolean()


def agrees(tracking: Tracking) -> ColumnElement[bool]:
    """Whether requests of a reader who is still there may be kept, over `Subscriber`."""
    match tracking:
        case Tracking.CONSENT:
            return Subscriber.tracking.is_(True)
        case Tracking.PERSONAL:
            return Subscriber.id.is_not(None)
        case _:
            return false()


def may_track(tracking: Tracking) -> ColumnElement[bool]:
    """Whether a reader's requests may be kept today, over `Delivery` left-joined to `Subscriber`.

    For an erased reader, as it was until then: their erasure changes no figure of a mail that they got.
    """
    match tracking:
        case Tracking.CONSENT:
            return or_(agrees(tracking), _ERASED_WHO_HAD_AGREED.is_(True))
        case Tracking.PERSONAL:
            return or_(agrees(tracking), _ERASED_WHO_HAD_AGREED.is_not(None))
        case _:
            return false()
