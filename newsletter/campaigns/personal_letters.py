"""The letter with the link to what is held about its reader: who follows it has the mailbox, now or a day ago."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from newsletter.clock import Clock
from subscribers import lists, suppressions
from subscribers.addresses import EmailAddress
from subscribers.tables import List, Organization, Subscriber, Subscription, SubscriptionState

from . import streams

PERSONAL = "personal"
WORKS_FOR = timedelta(days=1)
"""At least; a link ends with a full hour, so that letters of one hour are alike."""
_HOUR_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class PersonalLetter:
    """What tells one letter from another."""

    list_id: int
    language: str
    ends: int
    """When its link stops working, in hours since 1970."""

    def __str__(self) -> str:
        return f"{PERSONAL}:{self.list_id}:{self.language}:{self.ends}"

    @classmethod
    def of(cls, list_: List, language: str, now: datetime) -> "PersonalLetter":
        """The letter that is asked for now."""
        return cls(list_.id, language, ceil((now + WORKS_FOR).timestamp() / _HOUR_SECONDS))

    @classmethod
    def parse(cls, text: str) -> "PersonalLetter":
        """Read what `str` wrote."""
        _, list_id, language, ends = text.split(":", 3)
        return cls(int(list_id), language, int(ends))

    @property
    def list_ids(self) -> tuple[int]:
        """The one list in whose name it goes."""
        return (self.list_id,)


def send_link(session: Session, clock: Clock, reader: Subscriber, language: str, window: timedelta) -> bool:
    """Append the letter, in the caller's transaction; at most one in a window. Returns whether one was appended."""
    letter = PersonalLetter.of(list_of(session, reader), language, clock.now())
    return streams.append_once(session, clock, reader, PERSONAL, variant=str(letter), window=window)


def has_ended(ends: int, now: datetime) -> bool:
    """Whether a link that ends at an hour works no more."""
    return now.timestamp() >= ends * _HOUR_SECONDS


def can_be_mailed(session: Session, organization: Organization, reader: Subscriber) -> bool:
    """Whether a letter to a reader would leave: a sender mails nobody who is suppressed everywhere."""
    return not suppressions.is_suppressed(session, organization, EmailAddress.parse(reader.address))


def list_of(session: Session, reader: Subscriber) -> List:
    """The list in whose name a reader is written to: one they get, one they have left, a public one, or any.

    There is one: what names a reader to us came with a list.
    """
    theirs = and_(Subscription.list_id == List.id, Subscription.subscriber_id == reader.id)
    known_first = (Subscription.state == SubscriptionState.CONFIRMED).desc().nulls_last()
    named = select(List).outerjoin(Subscription, theirs).where(List.organization_id == reader.organization_id)
    return session.scalars(named.order_by(known_first, *lists.FOREMOST_FIRST).limit(1)).one()
