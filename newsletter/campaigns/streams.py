"""The streams in use: what asks for a confirmation, the welcome, the editor's test mail, the reminder of a series."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.clock import Clock
from newsletter.errors import NewsletterError
from newsletter.ledger import streams
from newsletter.ledger.tables import Delivery
from newsletter.rendering.variants import Variant
from subscribers import suppressions
from subscribers.addresses import EmailAddress
from subscribers.tables import List, Organization, Subscriber

CONFIRM = "confirm"
WELCOME = "welcome"
TEST = "test"
REMINDER = "reminder"


class TestAddressSuppressed(NewsletterError):
    """This address is never mailed. Send the test to another."""


@dataclass(frozen=True, slots=True)
class ListsLetter:
    """What tells one confirmation from another, and one welcome: the lists it names and the language."""

    stream: str
    list_ids: tuple[int, ...]
    language: str

    def __str__(self) -> str:
        return f"{self.stream}:{'+'.join(map(str, self.list_ids))}:{self.language}"

    @classmethod
    def of(cls, stream: str, lists: Iterable[List], language: str) -> "ListsLetter":
        """The letter about some lists; in whatever order they come, it is the same."""
        return cls(stream, tuple(sorted(list_.id for list_ in lists)), language)

    @classmethod
    def parse(cls, text: str) -> "ListsLetter":
        """Read what `str` wrote."""
        stream, list_ids, language = text.split(":", 2)
        return cls(stream, tuple(map(int, list_ids.split("+"))), language)


@dataclass(frozen=True, slots=True)
class TestIssue:
    """What a test mail shows: a revision as readers of one list and variant get it."""

    list_id: int
    revision_id: int
    variant: Variant

    def __str__(self) -> str:
        return f"{TEST}:{self.list_id}:{self.revision_id}:{self.variant}"

    @classmethod
    def parse(cls, text: str) -> "TestIssue":
        """Read what `str` wrote."""
        _, list_id, revision_id, variant = text.split(":", 3)
        return cls(int(list_id), int(revision_id), Variant.parse(variant))


@dataclass(frozen=True, slots=True)
class ReminderLetter:
    """What a reminder says: which issue was opened, for which month, from that of which, and when the next one is."""

    list_id: int
    language: str
    issue_id: int
    last_month: str
    month: str
    due: date
    """The day on which the series opens the draft after this one."""

    def __str__(self) -> str:
        months = f"{self.last_month}:{self.month}"
        return f"{REMINDER}:{self.list_id}:{self.language}:{self.issue_id}:{months}:{self.due}"

    @classmethod
    def parse(cls, text: str) -> "ReminderLetter":
        """Read what `str` wrote."""
        _, list_id, language, issue_id, last_month, month, due = text.split(":", 6)
        return cls(int(list_id), language, int(issue_id), last_month, month, date.fromisoformat(due))

    @property
    def list_ids(self) -> tuple[int, ...]:
        """The lists it names, as other letters have them."""
        return (self.list_id,)


def ask_confirmation(
    session: Session, clock: Clock, subscriber: Subscriber, *lists: List, language: str, window: timedelta
) -> bool:
    """Append the mail that asks a subscriber to confirm one or more lists; part of the caller's transaction.

    At most one in a window, however often it is asked for. Returns whether one was appended.
    """
    letter = ListsLetter.of(CONFIRM, lists, language)
    return append_once(session, clock, subscriber, CONFIRM, variant=str(letter), window=window)


def append_once(
    session: Session, clock: Clock, subscriber: Subscriber, stream: str, *, variant: str, window: timedelta
) -> bool:
    """Append a mail of a stream to a subscriber who had none of it in a window. Returns whether one was appended."""
    campaign_id = streams.ensure(session, clock, subscriber.organization_id, stream)
    now = clock.now()
    recent = select(Delivery.seq).where(
        Delivery.campaign_id == campaign_id,
        Delivery.subscriber_id == subscriber.id,
        Delivery.updated_at > now - window,
    )
    if session.scalar(recent.limit(1)) is not None:
        return False
    appended = streams.append(
        session,
        clock,
        campaign_id,
        to_address=subscriber.address,
        variant=variant,
        subscriber_id=subscriber.id,
        # Two at the same moment fall into the same numbered window, and the database refuses the second.
        dedupe=f"{subscriber.id}:{int(now.timestamp() // window.total_seconds())}",
    )
    return appended is not None


def welcome(session: Session, clock: Clock, subscriber: Subscriber, lists: Iterable[List], *, language: str) -> bool:
    """Append the mail that greets who joined lists just now, naming those that have a welcome; once for the same lists.

    Returns whether one was appended.
    """
    letter = ListsLetter.of(WELCOME, (list_ for list_ in lists if list_.welcome), language)
    if not letter.list_ids:
        return False
    appended = streams.append(
        session,
        clock,
        streams.ensure(session, clock, subscriber.organization_id, WELCOME),
        to_address=subscriber.address,
        variant=str(letter),
        subscriber_id=subscriber.id,
        dedupe=":".join(map(str, (subscriber.id, *letter.list_ids))),
    )
    return appended is not None


def send_test(
    session: Session, clock: Clock, organization: Organization, to: EmailAddress, shown: TestIssue, reader_name: str
) -> int | None:
    """Append a test mail; returns its `seq` in the test stream. Its links carry no reader's tokens."""
    if suppressions.is_suppressed(session, organization, to):
        raise TestAddressSuppressed(f"{to.mailed} is never mailed. Send the test to another address.")
    campaign_id = streams.ensure(session, clock, organization.id, TEST)
    return streams.append(
        session, clock, campaign_id, to_address=to.mailed, variant=str(shown), payload={"name": reader_name}
    )
