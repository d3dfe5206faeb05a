"""How well a list is: what comes back, who is never mailed, who never confirms, and who has not read for long."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, exists, func, not_, or_, select
from sqlalchemy.orm import Session

from newsletter.events.consents import agrees
from newsletter.events.tables import Actor, EventKind, Reached
from newsletter.ledger.tables import Campaign, Delivery, DeliveryState
from newsletter.settings import Tracking
from subscribers.subscriptions import is_current
from subscribers.suppressions import active_for
from subscribers.tables import Subscriber, Subscription, SubscriptionState, Suppression, SuppressionReason

from .groups import too_small
from .mailings import CameBack, Mailing, mailings
from .providers import PROVIDERS
from .refused import Refused
from .rollups import Rollups

ISSUES = 6
"""So many of the last issues are looked at."""
DAYS = 30
WAITING_DAYS = 7
"""After so long without a confirmation something may be wrong."""
FOR_READING = timedelta(days=3)
"""Whom an issue reached less than so long ago may still open it."""
ROLE_NAMES = ("admin", "contact", "help", "info", "mail", "noreply", "office", "postmaster", "sales", "support")


@dataclass(frozen=True, slots=True)
class MailingHealth:
    """One of the last issues."""

    mailing: Mailing
    back: CameBack


@dataclass(frozen=True, slots=True)
class DomainHealth:
    """Copies to one provider in the last days; a figure that is None is hidden."""

    name: str
    accepted: int | None
    hard: int | None
    complained: int | None

    @property
    def complaint_share(self) -> float | None:
        """From 0 to 1; None where it is hidden."""
        return self.complained / self.accepted if self.accepted and self.complained is not None else None


@dataclass(frozen=True, slots=True)
class HealthReport:
    """What is looked at. `agreed` readers had all of the `issues` last issues, `unopened` of them opened none.

    Both are None where opens are kept of nobody, and where so few are meant that it would tell of persons.
    """

    at: datetime
    minimum_group: int
    readers: int
    last: tuple[MailingHealth, ...]
    recent: CameBack
    refused: Refused
    domains: tuple[DomainHealth, ...]
    suppressed: Counter[SuppressionReason]
    waiting: int
    issues: int
    agreed: int | None
    unopened: int | None
    role_addresses: int


def health_report(
    session: Session, organization_id: int, list_id: int | None, now: datetime, minimum_group: int, rollups: Rollups
) -> HealthReport:
    """Look at one list, or at all together. Campaigns show what is kept of them, where that is so."""
    read = mailings(session, organization_id, list_id, before=now - FOR_READING, most=ISSUES)
    agreed, unopened = _unopened(session, read, rollups.tracking, minimum_group)
    people = _readers(organization_id, list_id)
    last, recent, providers, refused = _returned(session, organization_id, list_id, now, rollups)
    return HealthReport(
        at=now,
        minimum_group=minimum_group,
        readers=session.scalars(people).one(),
        last=last,
        recent=recent,
        refused=refused,
        domains=_domains(providers, minimum_group, recent),
        suppressed=_suppressed(session, organization_id, list_id),
        waiting=session.scalars(_waiting(organization_id, list_id, now - timedelta(days=WAITING_DAYS))).one(),
        issues=len(read),
        agreed=agreed,
        unopened=unopened,
        role_addresses=session.scalars(people.where(_is_role())).one(),
    )


def _returned(
    session: Session, organization_id: int, list_id: int | None, now: datetime, rollups: Rollups
) -> tuple[tuple[MailingHealth, ...], CameBack, Mapping[str, CameBack], Refused]:
    """What came back of each of the last issues, of the last days' together, and of those by the provider.

    Beside it what was refused in these days, as it was handed over.
    """
    last = mailings(session, organization_id, list_id, before=now, most=ISSUES)
    days = mailings(session, organization_id, list_id, since=now - timedelta(days=DAYS), before=now)
    campaigns = session.scalars(select(Campaign).where(Campaign.id.in_({one.campaign_id for one in (*last, *days)})))
    counted = {campaign.id: rollups.past(session, campaign) for campaign in campaigns.all()}
    recent, refused, providers = CameBack(), Refused(), {name: CameBack() for name in PROVIDERS}
    for mailing in days:
        of_campaign = counted[mailing.campaign_id]
        recent.add(of_campaign.returned)
        refused.add(mailing.campaign_id, of_campaign.states, of_campaign.refused)
        for name, back in of_campaign.providers.items():
            providers[name].add(back)
    return tuple(MailingHealth(one, counted[one.campaign_id].returned) for one in last), recent, providers, refused


def _readers(organization_id: int, list_id: int | None) -> Select[int]:
    """How many people are mailed."""
    on_it = and_(Subscription.subscriber_id == Subscriber.id, is_current())
    if list_id is not None:
        on_it = and_(on_it, Subscription.list_id == list_id)
    return (
        select(func.count())
        .select_from(Subscriber)
        .where(Subscriber.organization_id == organization_id, exists().where(on_it))
        .where(not_(active_for(list_id, Subscriber.address_hash)))
    )


def _waiting(organization_id: int, list_id: int | None, before: datetime) -> Select[int]:
    waiting = (
        select(func.count())
        .select_from(Subscription)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(Subscriber.organization_id == organization_id)
        .where(Subscription.state == SubscriptionState.PENDING, Subscription.created_at < before)
    )
    return waiting if list_id is None else waiting.where(Subscription.list_id == list_id)


def _is_role() -> Any:
    return or_(*(Subscriber.address_key.startswith(f"{name}@", autoescape=True) for name in ROLE_NAMES))


def _suppressed(session: Session, organization_id: int, list_id: int | None) -> Counter[SuppressionReason]:
    """By reason: those in force for every list or, where one is given, for that one."""
    everywhere = Suppression.list_id.is_(None)
    scope = everywhere if list_id is None else or_(everywhere, Suppression.list_id == list_id)
    in_force = (Suppression.organization_id == organization_id, Suppression.lifted_at.is_(None), scope)
    counted = select(Suppression.reason, func.count()).where(*in_force).group_by(Suppression.reason)
    return Counter({row[0]: row[1] for row in session.execute(counted)})


def _unopened(
    session: Session, read: Sequence[Mailing], tracking: Tracking, minimum: int
) -> tuple[int | None, int | None]:
    """Of the readers who got every one of these issues and agreed: how many there are, and who opened none."""
    if tracking not in (Tracking.CONSENT, Tracking.PERSONAL) or not read:
        return None, None
    copies = _copies_read([mailing.campaign_id for mailing in read]).where(agrees(tracking))
    of_reader = copies.subquery("readers")
    opened, unopened = session.execute(
        select(func.count().filter(of_reader.c.read > 0), func.count().filter(of_reader.c.read == 0))
    ).one()
    is_of_persons = opened + unopened < minimum or any(0 < count < minimum for count in (opened, unopened))
    return (None, None) if is_of_persons else (opened + unopened, unopened)


def _copies_read(campaign_ids: Sequence[int]) -> Select[int]:
    """For each reader who got all of these issues, how many of them they read."""
    asked_for = exists().where(
        Reached.campaign_id == Delivery.campaign_id,
        Reached.seq == Delivery.seq,
        Reached.kind.in_((EventKind.OPEN, EventKind.CLICK)),
        Reached.actor == Actor.HUMAN,
    )
    return (
        select(func.count().filter(asked_for).label("read"))
        .select_from(Delivery)
        .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .where(Delivery.campaign_id.in_(campaign_ids), Delivery.state == DeliveryState.ACCEPTED)
        .group_by(Delivery.subscriber_id)
        .having(func.count() == len(campaign_ids))
    )


def _domains(found: Mapping[str, CameBack], minimum: int, recent: CameBack) -> tuple[DomainHealth, ...]:
    hidden = too_small({name: back.accepted for name, back in found.items()}, minimum)
    return tuple(
        DomainHealth(name, None, None, None)
        if name in hidden
        else DomainHealth(name, back.accepted, *((back.hard, back.complained) if recent.is_told else (None, None)))
        for name, back in found.items()
        if back.accepted
    )
