"""People an import made pending are asked by mail to confirm."""

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from itertools import islice

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from newsletter.clock import Clock
from newsletter.ledger.tables import Campaign, Delivery
from subscribers import lists, suppressions
from subscribers.addresses import EmailAddress
from subscribers.db import Database
from subscribers.tables import List, Organization, Subscriber, Subscription, SubscriptionState

from . import streams

_PAGE = 200


def invite(
    database: Database,
    clock: Clock,
    organization: Organization,
    list_slug: str,
    addresses: Iterable[EmailAddress],
    *,
    language: str,
    window: timedelta,
    progress: Callable[[int], object] = lambda asked: asked,
) -> int:
    """Ask those of some addresses who are pending on a list, a page a transaction; returns how many mails were added.

    Nobody is asked who is suppressed, who has left, or whom no roster names any more; nobody a second time about the
    list, and nobody twice in a window about whatever. `language` is for readers of whom none is known; `progress`
    hears of each page's addresses.
    """
    waiting, asked = iter(addresses), 0
    while page := list(islice(waiting, _PAGE)):
        with database.writing() as session:
            list_ = lists.get(session, organization.id, list_slug)
            for reader in _never_asked(session, list_, [address.key for address in page]):
                in_language = reader.language or language
                asked += streams.ask_confirmation(session, clock, reader, list_, language=in_language, window=window)
        progress(len(page))
    return asked


def _never_asked(session: Session, list_: List, keys: list[str]) -> list[Subscriber]:
    pending = session.scalars(_pending(list_.organization_id, list_.id, keys)).all()
    before = _asked_before(session, list_, [reader.id for reader in pending])
    return [reader for reader in pending if reader.id not in before]


def _asked_before(session: Session, list_: List, reader_ids: Sequence[int]) -> set[int]:
    """Those who were ever asked about a list, by an import or after they wrote into the form."""
    asked = (
        select(Delivery.subscriber_id, Delivery.variant)
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .where(Campaign.organization_id == list_.organization_id, Campaign.stream == streams.CONFIRM)
        .where(Delivery.subscriber_id.in_(reader_ids))
    )
    letters = ((reader_id, streams.ListsLetter.parse(variant)) for reader_id, variant in session.execute(asked))
    return {reader_id for reader_id, letter in letters if reader_id and list_.id in letter.list_ids}


def _pending(organization_id: int, list_id: int, keys: list[str]) -> Select[Subscriber]:
    return (
        select(Subscriber)
        .join(Subscription, Subscription.subscriber_id == Subscriber.id)
        .where(Subscriber.organization_id == organization_id, Subscriber.address_key.in_(keys))
        .where(Subscription.list_id == list_id, Subscription.state == SubscriptionState.PENDING)
        .where(Subscription.unsubscribed_at.is_(None), Subscription.off_roster_at.is_(None))
        .where(~suppressions.active_for(list_id, Subscriber.address_hash))
        .order_by(Subscriber.id)
    )
