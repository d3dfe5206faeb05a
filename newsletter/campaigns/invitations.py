"""People an import made pending are asked by mail to confirm."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from itertools import islice

from sqlalchemy import Select, select

from newsletter.clock import Clock
from subscribers import lists, suppressions
from subscribers.addresses import EmailAddress
from subscribers.db import Database
from subscribers.tables import Organization, Subscriber, Subscription, SubscriptionState

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

    Nobody is asked who is suppressed, who has left, or whom no roster names any more; nobody twice in a window.
    `language` is for readers of whom none is known; `progress` hears of each page's addresses.
    """
    waiting, asked = iter(addresses), 0
    while page := list(islice(waiting, _PAGE)):
        with database.writing() as session:
            list_ = lists.get(session, organization.id, list_slug)
            keys = [address.key for address in page]
            for reader in session.scalars(_pending(organization.id, list_.id, keys)).all():
                in_language = reader.language or language
                asked += streams.ask_confirmation(session, clock, reader, list_, language=in_language, window=window)
        progress(len(page))
    return asked


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
