"""What became of one attempt, in the ledger's words."""

from typing import NamedTuple

from newsletter.feedback.conversations import Step
from newsletter.ledger.tables import DeliveryState


class Outcome(NamedTuple):
    """Accepted, rejected, deferred, unknown, or pending: nothing final left here, so it goes again."""

    state: DeliveryState
    provider_id: str | None = None
    error: str | None = None
    step: Step | None = None
    """Where the next mail server refused it, which then said `error`; None: it did not."""


def accepted(provider_id: str | None = None) -> Outcome:
    """The transport took responsibility."""
    return Outcome(DeliveryState.ACCEPTED, provider_id)


def rejected(reason: str, step: Step | None = None) -> Outcome:
    """Refused for good."""
    return Outcome(DeliveryState.REJECTED, error=reason, step=step)


def deferred(reason: str, step: Step | None = None) -> Outcome:
    """Refused for now."""
    return Outcome(DeliveryState.DEFERRED, error=reason, step=step)


def unknown(reason: str) -> Outcome:
    """Handed over, and no answer came: nobody can say."""
    return Outcome(DeliveryState.UNKNOWN, error=reason)


def again(reason: str) -> Outcome:
    """It was not handed over, so it may go again at once."""
    return Outcome(DeliveryState.PENDING, error=reason)
