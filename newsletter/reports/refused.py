"""Copies that the next mail server refused as they were handed over, and why it did."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from newsletter.feedback.judging import judge
from newsletter.feedback.verdicts import Reason
from newsletter.ledger.tables import Delivery, DeliveryState

_MOST_WORDS = 1_000
"""So many different answers of servers are judged, the most frequent first."""
_ALIKE = 200
"""Answers that begin alike are one: what differs behind that is the number of a connection."""
_LONGEST = 1_500


@dataclass(slots=True)
class Refused:
    """Copies in the state `rejected`, by their campaign, of the `handed` ones: those and the accepted ones.

    `reasons` says why, of those of which it is known.
    """

    handed: int = 0
    campaigns: Counter[int] = field(default_factory=Counter)
    reasons: Counter[Reason] = field(default_factory=Counter)

    @property
    def copies(self) -> int:
        """How many were refused."""
        return self.campaigns.total()

    @property
    def share(self) -> float | None:
        """Of those handed over, from 0 to 1; None where none was."""
        return self.copies / self.handed if self.handed else None

    @property
    def unknown(self) -> int:
        """Of so many nobody knows why: their readers are forgotten, or too many answers differ."""
        return self.copies - self.reasons.total()

    def add(self, campaign_id: int, states: Mapping[DeliveryState, int], reasons: Mapping[Reason, int]) -> None:
        """Count the copies of a campaign too."""
        refused = states[DeliveryState.REJECTED]
        self.handed += states[DeliveryState.ACCEPTED] + refused
        if refused:
            self.campaigns[campaign_id] += refused
            self.reasons.update(reasons)


def refusal_reasons(session: Session, campaign_id: int) -> Counter[Reason]:
    """Why copies of a campaign were refused. Each answer is judged once, however many copies got it."""
    found = Counter[Reason]()
    for words, copies in session.execute(_answers(campaign_id)):
        found[judge("", words).reason] += copies
    return found


def _answers(campaign_id: int) -> Select[str, int]:
    """What servers said without the reader's address, and of how many copies; of those that begin alike, one."""
    words = func.replace(func.substr(Delivery.error, 1, _LONGEST), Delivery.to_address, "@").label("words")
    refused = Delivery.campaign_id == campaign_id, Delivery.state == DeliveryState.REJECTED, Delivery.error != ""
    said = select(words).where(*refused).subquery("said")
    begins = func.substr(said.c.words, 1, _ALIKE).label("begins")
    copies = func.count().label("copies")
    alike = select(func.min(said.c.words), copies).group_by(begins).order_by(copies.desc(), begins)
    return alike.limit(_MOST_WORDS)
