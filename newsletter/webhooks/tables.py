"""The tables of webhooks: whom to call about what, each call, and each try of it.

A call names what happened by ids alone; its body is made when it is sent. So what waits holds nobody's address, and who
is erased is in no call that is still to come.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Enum, ForeignKey, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from subscribers.db import Base, named

_LONGEST_TOPIC = 40


class Topic(StrEnum):
    """What a webhook may ask for."""

    SUBSCRIBED = "subscriber.subscribed"
    """Somebody asked for a list, or was put on it: for the first time, or again after they had left."""
    CONFIRMED = "subscriber.confirmed"
    """A subscription is confirmed from now on; only then is it mailed."""
    UNSUBSCRIBED = "subscriber.unsubscribed"
    """Somebody left a list."""
    SUPPRESSED = "subscriber.suppressed"
    """An address is never mailed again, by one list or by any."""
    ERASED = "subscriber.erased"
    """Somebody was erased here: erase what you hold of them."""
    BOUNCED = "copy.bounced"
    """A receiving server refused a copy, for now or for good."""
    COMPLAINED = "copy.complained"
    """The reader reported a copy as spam."""
    OPENED = "copy.opened"
    """The pixel of a copy was asked for, and its reader agreed to that being kept."""
    CLICKED = "copy.clicked"
    """A link of a copy was followed, and its reader agreed to that being kept."""
    STARTED = "campaign.started"
    """A campaign begins to send."""
    SENT = "campaign.sent"
    """Nothing of a campaign is open any more."""
    STOPPED = "campaign.stopped"
    """A campaign stopped by itself and waits for a person."""
    PING = "ping"
    """A test that a person asked for."""


ASKABLE = tuple(topic for topic in Topic if topic is not Topic.PING)


class WebhookState(StrEnum):
    """Whether a webhook is called."""

    ACTIVE = "active"
    PAUSED = "paused"
    """Calls gather and wait."""
    OFF = "off"
    """The receiver said that it is gone: nothing gathers either."""


class CallState(StrEnum):
    """What became of a call."""

    WAITING = "waiting"
    """To be made at `next_at`; in hand until then where somebody makes it now."""
    DONE = "done"
    """The receiver took it."""
    DEAD = "dead"
    """Tried to the end; only `webhooks replay` makes it again."""
    DROPPED = "dropped"
    """There is nobody to tell of any more: the reader was erased, or took their consent back."""


class Webhook(Base):
    """An address of another system, and what it wants to hear."""

    __tablename__ = "webhook"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy's own declarative hook

    id: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"))
    url: Mapped[str]
    secret: Mapped[str]
    """Sealed by the secret key of the settings; see `vault`."""
    former_secret: Mapped[str] = mapped_column(default="")
    """Signs too, until `former_until`."""
    former_until: Mapped[datetime | None]
    list_id: Mapped[int | None] = mapped_column(ForeignKey("list.id", ondelete="CASCADE"))
    """Empty: all lists."""
    with_addresses: Mapped[bool] = mapped_column(default=False)
    state: Mapped[WebhookState] = mapped_column(named(WebhookState), default=WebhookState.ACTIVE)
    reason: Mapped[str] = mapped_column(default="")
    """Why it is not active."""
    failures: Mapped[int] = mapped_column(default=0)
    """How many tries in a row failed."""
    failing_since: Mapped[datetime | None]
    quiet_until: Mapped[datetime | None]
    """After failures the receiver is left alone for a moment, by all its calls."""
    turn_at: Mapped[datetime | None]
    """When its calls were last claimed: webhooks take turns."""
    created_at: Mapped[datetime]


class WebhookTopic(Base):
    """One thing that a webhook wants to hear."""

    __tablename__ = "webhook_topic"

    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhook.id", ondelete="CASCADE"), primary_key=True)
    topic: Mapped[str] = mapped_column(primary_key=True)


class WebhookCall(Base):
    """One thing that happened, to be told to one webhook."""

    __tablename__ = "webhook_call"
    __table_args__ = (
        Index(
            "ix_webhook_call_waiting",
            "webhook_id",
            "next_at",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_webhook_call_webhook_id", "webhook_id", "id"),
        Index("ix_webhook_call_subscriber_id", "subscriber_id"),
        Index("ix_webhook_call_created_at", "created_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhook.id", ondelete="CASCADE"))
    topic: Mapped[Topic] = mapped_column(
        Enum(Topic, native_enum=False, length=_LONGEST_TOPIC, values_callable=lambda topics: [t.value for t in topics])
    )
    state: Mapped[CallState] = mapped_column(named(CallState), default=CallState.WAITING)
    subscriber_id: Mapped[int | None] = mapped_column(ForeignKey("subscriber.id", ondelete="CASCADE"))
    """Who is erased takes their calls with them, and what was answered to these.

    Empty where the call is of a copy, whose reader is looked up when it is made. What was answered to that stays as
    long as calls are kept.
    """
    erased_id: Mapped[str | None]
    """The public id of somebody who was erased: by it alone the receiver knows whom to erase."""
    list_id: Mapped[int | None] = mapped_column(ForeignKey("list.id", ondelete="SET NULL"))
    campaign_id: Mapped[int | None]
    seq: Mapped[int | None]
    fact_id: Mapped[int | None] = mapped_column(BigInteger().with_variant(Integer, "sqlite"))
    """The event or the suppression, by the topic."""
    tries: Mapped[int] = mapped_column(default=0)
    """How many of its tries are used."""
    fence: Mapped[int] = mapped_column(default=0)
    """Moves on with each claim: who comes back late learns that the call was given to somebody else."""
    next_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class WebhookAttempt(Base):
    """One try of a call, and what was answered."""

    __tablename__ = "webhook_attempt"
    __table_args__ = (Index("ix_webhook_attempt_call_id", "call_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("webhook_call.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    status: Mapped[int | None]
    """Empty where nothing answered."""
    milliseconds: Mapped[int]
    answer: Mapped[str]
    """Its first 200 characters, or why there is none."""
