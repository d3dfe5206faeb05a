"""A person over all floors: what we hold of them, and their erasure, after which the figures are what they were."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, update
from sqlalchemy.orm import Session

from newsletter.issues import issues, submissions
from newsletter.issues.tables import Revision, Submission
from newsletter.ledger import forgetting
from newsletter.ledger.forgetting import Forgotten
from newsletter.ledger.tables import Campaign, CampaignKind, Delivery, Link
from subscribers import privacy, suppressions
from subscribers.addresses import EmailAddress, address_hash
from subscribers.tables import Child, List, Organization, Subscriber, Subscription, SuppressionReason

from . import replies
from .tables import Event, EventKind

_OF_NOBODY = ("attempt", "permanent", "status", "reason", "unproven", "signals")
"""Of an event's detail, what tells of the copy and not of its reader."""


class _Went(NamedTuple):
    """What stays of erased readers: mails, how many lists they are kept off, and consents."""

    mails: Forgotten
    left: int
    consents: int


def held(session: Session, reader: Subscriber) -> dict[str, Any]:
    """All that is held about a reader, ready for JSON: `subscribers.privacy.held`, then their mails.

    `deliveries` are the issues sent to them, `mails` the single mails (confirmations, reminders, tests), `events` what
    came back of either, `submissions` the sections of issues that they were asked to write, `replies` the letters that
    they wrote to us. The keys are a contract and keep their order.
    """
    return {
        **privacy.held(session, reader),
        "deliveries": _deliveries(session, reader),
        "mails": privacy.rows(session, _mails(_is_theirs(reader))),
        "events": privacy.rows(session, _events(reader)),
        "submissions": privacy.rows(session, _submissions([reader.address, reader.address_key])),
        "replies": privacy.rows(session, replies.of_writers([reader.address_key])),
    }


def held_of_stranger(session: Session, organization: Organization, address: EmailAddress) -> dict[str, Any]:
    """All that is held about an address that is no reader's, ready for JSON: mails such as tests, and suppressions."""
    hashed = address_hash(address.key, organization.salt)
    to_address = forgetting.is_to_nobody_at([address.mailed, address.key])
    return {
        "address": address.mailed,
        "suppressions": privacy.suppressions(session, organization.id, hashed),
        "mails": privacy.rows(session, _mails(to_address)),
        "submissions": privacy.rows(session, _submissions([address.mailed, address.key])),
        "replies": privacy.rows(session, replies.of_writers([address.key])),
    }


def erase_stranger(
    session: Session, organization: Organization, address: EmailAddress, *, now: datetime, never_again: bool
) -> dict[str, Any]:
    """`erase` for an address that is no reader's: it goes from the mails that were sent to it."""
    went = _Went(forgetting.forget_address(session, address, now), 0, 0)
    submissions.forget(session, [address.mailed, address.key])
    replies.forget_writers(session, [address.key], now)
    facts = {"address": address.mailed, "subscriptions": 0, "children": 0}
    if never_again:
        suppressions.suppress(session, organization, address, SuppressionReason.REQUEST, now=now)
    return facts | _what_stays(session, organization, address, went)


def erase(
    session: Session, organization: Organization, reader: Subscriber, *, now: datetime, never_again: bool
) -> dict[str, Any]:
    """Erase a person, in the caller's transaction. Returns how much went and how much stays without them.

    What is in the audience of a campaign and not sent yet is excluded as `erased`, also while it is being sent; what a
    sender has in hand just then still arrives. Where they asked for it, the address is never mailed again: the
    suppression that says so holds only a keyed hash. Else whoever signs up with the address begins anew; until then,
    the like keeps imports from bringing them back to a list that they had left.
    """
    facts = {
        "address": reader.address,
        "subscriptions": _count(session, select(Subscription).where(Subscription.subscriber_id == reader.id)),
        "children": _count(session, select(Child).where(Child.subscriber_id == reader.id)),
    }
    address = EmailAddress.parse(reader.address)
    went = _forget(session, [reader], now)
    session.expunge(reader)
    if never_again:
        suppressions.suppress(session, organization, address, SuppressionReason.REQUEST, now=now)
    return facts | _what_stays(session, organization, address, went)


def _what_stays(session: Session, organization: Organization, address: EmailAddress, went: _Went) -> dict[str, Any]:
    return {
        "stopped": went.mails.stopped,
        "kept_without_them": {"consents": went.consents, "mails": went.mails.kept},
        "kept_off_lists": went.left,
        "never_mailed_again": suppressions.is_suppressed(session, organization, address),
    }


def forget(session: Session, reader_ids: Iterable[int], now: datetime) -> int:
    """Erase many. Returns how many were still there."""
    readers = session.scalars(select(Subscriber).where(Subscriber.id.in_(list(reader_ids)))).all()
    if readers:
        _forget(session, readers, now)
    for reader in readers:
        session.expunge(reader)
    return len(readers)


def _forget(session: Session, readers: Sequence[Subscriber], now: datetime) -> _Went:
    forgetting.let_pages_end(session)
    ids = [reader.id for reader in readers]
    session.execute(select(Subscriber.id).where(Subscriber.id.in_(ids)).order_by(Subscriber.id).with_for_update())
    _empty_events(session, ids)
    submissions.forget(session, [address for reader in readers for address in (reader.address, reader.address_key)])
    replies.forget_writers(session, [reader.address_key for reader in readers], now)
    found = forgetting.forget_readers(session, readers, now)
    left = privacy.keep_out(session, ids, now)
    return _Went(found, left, privacy.forget(session, ids, now))


def _empty_events(session: Session, reader_ids: Sequence[int]) -> None:
    """Take browsers and what mail servers said out of the events of readers' copies."""
    of_readers = (
        select(Event.id, Event.detail)
        .join(Delivery, _is_of_copy())
        .where(Delivery.subscriber_id.in_(reader_ids))
        .order_by(Event.id)
        .with_for_update(of=Event, key_share=True)  # who judges them again just now goes first
    )
    emptied = [
        {"id": event_id, "detail": {name: detail[name] for name in _OF_NOBODY if name in detail}}
        for event_id, detail in session.execute(of_readers).all()
    ]
    if emptied:
        session.execute(update(Event), emptied)


def _is_of_copy() -> Any:
    """Every kind is named, so that the index of events leads to a copy's."""
    of_copy = and_(Event.campaign_id == Delivery.campaign_id, Event.seq == Delivery.seq)
    return and_(of_copy, Event.kind.in_(list(EventKind)))


def _deliveries(session: Session, reader: Subscriber) -> list[dict[str, Any]]:
    copies = (
        select(
            Delivery.campaign_id.label("campaign"),
            Campaign.revision_id,
            List.slug.label("list"),
            Delivery.to_address.label("to"),
            Delivery.variant,
            Delivery.state,
            Delivery.reason,
            Delivery.attempt.label("attempts"),
            Delivery.error,
            Delivery.updated_at.label("at"),
        )
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .outerjoin(List, List.id == Campaign.list_id)
        .where(Delivery.subscriber_id == reader.id, Campaign.kind == CampaignKind.BROADCAST)
        .order_by(Delivery.campaign_id)
    )
    return [_with_subject(session, row) for row in privacy.rows(session, copies)]


def _with_subject(session: Session, row: dict[str, Any]) -> dict[str, Any]:
    """Put the issue's month and its subject, in the language of the copy, where the revision's number was."""
    revision_id, language = row["revision_id"], row["variant"].rpartition("-")[0]
    document = issues.document_of(session.get_one(Revision, revision_id)) if revision_id else None
    named = {
        "campaign": row["campaign"],
        "issue": document.month if document else None,
        "subject": document.subject.get(language, "") if document else None,
    }
    return named | {name: value for name, value in row.items() if name not in ("revision_id", "variant")}


def _is_theirs(reader: Subscriber) -> ColumnElement[bool]:
    """By their number, and of mails to no reader by the address."""
    at_address = forgetting.is_to_nobody_at([reader.address, reader.address_key])
    return or_(Delivery.subscriber_id == reader.id, at_address)


def _mails(theirs: ColumnElement[bool]) -> privacy.Query:
    return (
        select(
            Campaign.stream.label("mail"),
            Delivery.to_address.label("to"),
            Delivery.variant.label("about"),
            Delivery.payload.label("with"),
            Delivery.state,
            Delivery.reason,
            Delivery.attempt.label("attempts"),
            Delivery.error,
            Delivery.updated_at.label("at"),
        )
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .where(Campaign.stream.is_not(None), theirs)
        .order_by(Delivery.updated_at, Delivery.campaign_id, Delivery.seq)
    )


def _events(reader: Subscriber) -> privacy.Query:
    return (
        select(
            Event.campaign_id.label("campaign"),
            Event.kind,
            Event.actor,
            Link.target.label("link"),
            Event.detail,
            Event.provider,
            Event.occurred_at,
            Event.received_at,
        )
        .select_from(Delivery)
        .join(Event, _is_of_copy())
        .outerjoin(Link, and_(Link.campaign_id == Event.campaign_id, Link.no == Event.link_no))
        .where(Delivery.subscriber_id == reader.id)
        .order_by(Event.occurred_at, Event.id)
    )


def _submissions(addresses: Sequence[str]) -> privacy.Query:
    """The sections that somebody was asked for, and what they wrote."""
    return (
        select(
            Submission.section_key.label("section"),
            Submission.asked_name.label("name"),
            Submission.asked_address.label("address"),
            Submission.note,
            Submission.state,
            Submission.text,
            Submission.created_at.label("asked_at"),
            Submission.submitted_at,
        )
        .where(submissions.is_asked_of(addresses))
        .order_by(Submission.id)
    )


def _count(session: Session, of: Select[Any]) -> int:
    return session.scalars(select(func.count()).select_from(of.subquery())).one()
