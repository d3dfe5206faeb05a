"""Shares of a campaign's copies."""

from dataclasses import dataclass

from newsletter.ledger.tables import DeliveryState

from .status import Totals


@dataclass(frozen=True, slots=True)
class Rates:
    """Shares from 0 to 1; None where there is nothing to divide by.

    `accepted` is of the readers to be mailed; `delivered`, `bounced`, `complained` and `unsubscribed` are of the
    accepted copies; `opened` and `clicked` count people, of the tracked ones. While no provider has told of any copy,
    `bounced` and `complained` are None, and so is `delivered` while none has told of a delivery: silence is no zero.
    """

    accepted: float | None
    delivered: float | None
    bounced: float | None
    complained: float | None
    unsubscribed: float | None
    opened: float | None
    clicked: float | None


def rates_of(found: Totals) -> Rates:
    """The shares that totals make."""
    accepted = found.states[DeliveryState.ACCEPTED]
    told_of = accepted if found.is_told else 0
    return Rates(
        accepted=share_of(accepted, found.audience - found.states[DeliveryState.EXCLUDED]),
        delivered=share_of(found.delivered, accepted if found.delivered else 0),
        bounced=share_of(found.bounced, told_of),
        complained=share_of(found.complained, told_of),
        unsubscribed=share_of(found.unsubscribed, accepted),
        opened=share_of(found.opened.human, found.tracked),
        clicked=share_of(found.clicked.human, found.tracked),
    )


def share_of(part: int, whole: int) -> float | None:
    """From 0 to 1; None where there is nothing to divide by."""
    return part / whole if whole else None


def percent(share: float, digits: int = 1) -> str:
    """A share from 0 to 1 as people read it."""
    return f"{share:.{digits}%}".replace("%", " %")
