"""Webhooks as staff see them: made, paused, rotated, replayed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from newsletter.clock import Clock
from newsletter.errors import NewsletterError, NotFound
from newsletter.outside import Outside, OutsideRefused
from subscribers.db import Database

from . import gathering
from .claims import LEASE, Claim
from .gathering import DatabaseBusy
from .tables import ASKABLE, CallState, Topic, Webhook, WebhookAttempt, WebhookCall, WebhookState, WebhookTopic
from .vault import Vault, new_secret

FORMER_SECRET = timedelta(days=1)
"""How long a secret that was rotated still signs beside the new one."""
ALL = "all"
_ENDED = (CallState.DONE, CallState.DEAD)
_IS_NO_TEST = WebhookCall.topic != Topic.PING


class WebhookNotFound(NotFound):
    """There is no such webhook. `newsletter webhooks list` shows them."""


class CallNotFound(NotFound):
    """This webhook has no such call, or there is nobody to tell of any more. `newsletter webhooks calls` shows them."""


class TopicUnknown(NewsletterError):
    """There is no such event."""


class AddressRefused(NewsletterError):
    """A webhook cannot have this address."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a webhook is to be."""

    url: str
    topics: Collection[Topic]
    list_id: int | None = None
    with_addresses: bool = False


def parse_topics(words: Collection[str]) -> tuple[Topic, ...]:
    """The events that words name, or all of them where one says `all`. Raises `TopicUnknown`."""
    known = {topic.value: topic for topic in ASKABLE}
    unknown = [word for word in words if word != ALL and word not in known]
    if unknown:
        raise TopicUnknown(f"{unknown[0]!r} is no event. There are: {', '.join([*known, ALL])}.")
    return ASKABLE if ALL in words else tuple(topic for word, topic in known.items() if word in words)


def refuse_address(outside: Outside, url: str) -> None:
    """Raise a sentence where an address may not be called."""
    if not url.isascii() or not url.isprintable() or " " in url:
        raise AddressRefused("Write the address in plain ASCII without spaces.")
    if "@" in urlsplit(url).netloc:
        raise AddressRefused("A login in the address would not be sent. Leave it out: calls are signed.")
    try:
        outside.refuse(url)
    except OutsideRefused as refusal:
        raise AddressRefused(f"{refusal} Machines of your own house: see NEWSLETTER_WEBHOOK_NETWORKS.") from refusal


def set_up(database: Database, vault: Vault, organization_id: int, wish: Wish, now: datetime) -> tuple[Webhook, str]:
    """Make a webhook whose calls gather from now on. Returns it with its secret, which nothing shows again.

    Raises `DatabaseBusy`; then there is none.
    """
    secret = new_secret()
    with database.writing() as session:
        webhook = _create(session, vault.seal(secret), organization_id, wish, now)
    try:
        gathering.lay(database)
    except DatabaseBusy:
        take_down(database, webhook.id)
        raise
    return webhook, secret


def take_down(database: Database, webhook_id: int) -> None:
    """Forget a webhook with all its calls. Raises `WebhookNotFound`, `DatabaseBusy`; called again it goes on."""
    with database.writing() as session:
        get(session, webhook_id).state = WebhookState.OFF  # first, so that no fact waits for what follows
        session.execute(delete(WebhookTopic).where(WebhookTopic.webhook_id == webhook_id))
    with database.writing() as session:
        session.delete(get(session, webhook_id))
    gathering.lay(database)


def all_of(session: Session, organization_id: int) -> Sequence[Webhook]:
    """Every webhook, in the order in which they were made."""
    return session.scalars(select(Webhook).where(Webhook.organization_id == organization_id).order_by(Webhook.id)).all()


def get(session: Session, webhook_id: int) -> Webhook:
    """One webhook, or `WebhookNotFound`."""
    webhook = session.get(Webhook, webhook_id)
    if webhook is None:
        raise WebhookNotFound
    return webhook


def topics_of(session: Session, webhook: Webhook) -> list[str]:
    """What a webhook wants to hear."""
    of_webhook = select(WebhookTopic.topic).where(WebhookTopic.webhook_id == webhook.id)
    return sorted(session.scalars(of_webhook))


def pause(session: Session, webhook_id: int) -> Webhook:
    """Make no calls until `resume`; they gather and wait."""
    webhook = get(session, webhook_id)
    webhook.state, webhook.reason = WebhookState.PAUSED, "A person paused it."
    session.flush()
    return webhook


def resume(session: Session, webhook_id: int) -> Webhook:
    """Make calls again, those that waited first."""
    webhook = get(session, webhook_id)
    webhook.state, webhook.reason = WebhookState.ACTIVE, ""
    webhook.failures, webhook.failing_since, webhook.quiet_until = 0, None, None
    session.flush()
    return webhook


def rotate(session: Session, vault: Vault, webhook_id: int, now: datetime) -> tuple[Webhook, str]:
    """Give a webhook a new secret; for a day the former one signs too. Returns it with the new secret."""
    webhook, secret = get(session, webhook_id), new_secret()
    webhook.former_secret, webhook.former_until = webhook.secret, now + FORMER_SECRET
    webhook.secret = vault.seal(secret)
    session.flush()
    return webhook, secret


def ping(session: Session, clock: Clock, webhook_id: int) -> Claim:
    """Make a call that tests a webhook; it is the caller's to make."""
    call = WebhookCall(
        webhook_id=get(session, webhook_id).id,
        topic=Topic.PING,
        fence=1,
        next_at=clock.now() + LEASE,
        created_at=clock.now(),
    )
    session.add(call)
    session.flush()
    return Claim(call.id, webhook_id, call.fence)


def replay(
    session: Session, clock: Clock, webhook_id: int, *, call_id: int | None = None, since: datetime | None = None
) -> int:
    """Make calls again that have ended: one, those of what happened since a moment, or all that are dead.

    They keep their names, so a receiver that took one knows it. Returns how many. Raises `CallNotFound`.
    """
    get(session, webhook_id)
    again = update(WebhookCall).where(WebhookCall.webhook_id == webhook_id, *_chosen(call_id, since))
    values = {"state": CallState.WAITING, "tries": 0, "next_at": clock.sql(), "fence": WebhookCall.fence + 1}
    found = session.scalars(
        again.values(**values).returning(WebhookCall.id), execution_options={"synchronize_session": False}
    ).all()
    if call_id is not None and not found:
        raise CallNotFound
    return len(found)


def calls(session: Session, webhook_id: int, state: CallState | None, most: int) -> Sequence[WebhookCall]:
    """The last calls of a webhook, the newest first; all, or those in one state."""
    of_webhook = select(WebhookCall).where(WebhookCall.webhook_id == webhook_id)
    if state is not None:
        of_webhook = of_webhook.where(WebhookCall.state == state)
    return session.scalars(of_webhook.order_by(WebhookCall.id.desc()).limit(most)).all()


def tried_first(session: Session, webhook_id: int, most: int) -> Sequence[WebhookCall]:
    """Calls of a webhook: those that were tried, the last try first, and then those that were not, the newest first."""
    last_try = select(func.max(WebhookAttempt.id)).where(WebhookAttempt.call_id == WebhookCall.id).scalar_subquery()
    of_webhook = select(WebhookCall).where(WebhookCall.webhook_id == webhook_id)
    return session.scalars(of_webhook.order_by(last_try.desc().nulls_last(), WebhookCall.id.desc()).limit(most)).all()


def attempts(session: Session, call_ids: Collection[int]) -> dict[int, list[WebhookAttempt]]:
    """What was answered to calls, by call, the first try first."""
    found: dict[int, list[WebhookAttempt]] = {}
    of_calls = select(WebhookAttempt).where(WebhookAttempt.call_id.in_(call_ids)).order_by(WebhookAttempt.id)
    for attempt in session.scalars(of_calls):
        found.setdefault(attempt.call_id, []).append(attempt)
    return found


def last_answer(session: Session, webhook_id: int) -> WebhookAttempt | None:
    """The last try of any call of a webhook, tests aside; None where there was none, or it is not kept any more."""
    return session.scalar(
        select(WebhookAttempt)
        .join(WebhookCall, WebhookCall.id == WebhookAttempt.call_id)
        .where(WebhookCall.webhook_id == webhook_id, _IS_NO_TEST)
        .order_by(WebhookAttempt.id.desc())
        .limit(1)
    )


def counts(session: Session, webhook_id: int) -> dict[CallState, int]:
    """How many calls of a webhook are in each state, tests aside."""
    by_state = (
        select(WebhookCall.state, func.count())
        .where(WebhookCall.webhook_id == webhook_id, _IS_NO_TEST)
        .group_by(WebhookCall.state)
    )
    found = dict.fromkeys(CallState, 0)
    for state, count in session.execute(by_state):
        found[state] = count
    return found


def _create(session: Session, sealed: str, organization_id: int, wish: Wish, now: datetime) -> Webhook:
    webhook = Webhook(
        organization_id=organization_id,
        url=wish.url,
        secret=sealed,
        list_id=wish.list_id,
        with_addresses=wish.with_addresses,
        created_at=now,
    )
    session.add(webhook)
    session.flush()
    session.add_all(WebhookTopic(webhook_id=webhook.id, topic=topic.value) for topic in wish.topics)
    session.flush()
    return webhook


def _chosen(call_id: int | None, since: datetime | None) -> tuple[ColumnElement[bool], ...]:
    if call_id is not None:
        return WebhookCall.id == call_id, WebhookCall.state != CallState.DROPPED
    if since is not None:
        return WebhookCall.created_at >= since, WebhookCall.state.in_(_ENDED), _IS_NO_TEST
    return WebhookCall.state == CallState.DEAD, _IS_NO_TEST
