"""What mail that came back says of our copies: which copy it is of, and what is to be brought to the ledger.

Mail can be forged by anybody. Our key in the address it came to, or in the Message-ID of the copy, is signed: nobody
but who has the copy can write it. A message that names only a reader's address may tell of their latest copy, and
silences nobody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from hashlib import blake2b

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from newsletter.feedback import messages
from newsletter.feedback.headers import Headers
from newsletter.feedback.parsing import parse
from newsletter.feedback.verdicts import Feedback, Kind, Verdict
from newsletter.ledger.tables import Campaign, CampaignKind, Delivery, DeliveryState
from newsletter.tokens import DeliveryKey, Signer, TokenInvalid
from subscribers.addresses import AddressInvalid, EmailAddress, without_addresses
from subscribers.tables import Subscriber

from .fingerprints import fingerprint
from .notices import Notice
from .tables import EventKind

PROVIDER = "mail"
RECENT = timedelta(days=30)
"""So long a message that names only an address may speak of the latest copy to it."""
KINDS = {Kind.BOUNCE: EventKind.BOUNCE, Kind.COMPLAINT: EventKind.COMPLAINT, Kind.DELAYED: EventKind.DEFERRED}
"""What changes the ledger. The others do nothing."""


class FoundBy(StrEnum):
    """How a message names one of our copies."""

    RETURN_PATH = "return path"
    """By the key in the address that it came to."""
    MESSAGE_ID = "Message-ID"
    """By the key in the Message-ID of the copy."""
    ADDRESS = "address"
    """By nothing but its reader's address."""
    NOTHING = ""


@dataclass(frozen=True, slots=True)
class Returned:
    """One verdict, the copy that it is of, and what it tells; without a notice nothing is to be done."""

    verdict: Verdict
    found_by: FoundBy
    key: DeliveryKey | None = None
    address: str = ""
    """Whom the copy went to."""
    notice: Notice | None = None


@dataclass(frozen=True, slots=True)
class _Letter:
    """A message, and what its notices share."""

    fingerprint: str
    at: datetime


def read(session: Session, signer: Signer, raw: bytes, now: datetime) -> list[Returned]:
    """What a message says, each of its verdicts once. Takes any bytes; changes nothing."""
    feedback = parse(raw)
    letter = _letter(raw, now)
    key, found_by = _key(signer, feedback)
    if key is not None:
        return _of_copy(session, letter, feedback.verdicts, key, found_by)
    return [_by_address(session, letter, verdict) for verdict in feedback.verdicts]


def _of_copy(
    session: Session, letter: _Letter, verdicts: Sequence[Verdict], key: DeliveryKey, found_by: FoundBy
) -> list[Returned]:
    """Each copy has one reader: where a verdict names them, what the message says of others is of no copy of ours."""
    copy = session.get(Delivery, (key.campaign_id, key.seq))
    address = copy.to_address if copy else ""
    named = [verdict for verdict in verdicts if _is_same(verdict.recipient, address)]
    return [
        Returned(verdict, found_by, key, address, _notice(letter, verdict, key) if copy else None)
        for verdict in named or verdicts
    ]


def _by_address(session: Session, letter: _Letter, verdict: Verdict) -> Returned:
    """A complaint that anybody may have written changes nothing, not even a figure."""
    copy = _latest_copy(session, verdict.recipient, letter.at) if verdict.kind in KINDS else None
    if copy is None:
        return Returned(verdict, FoundBy.NOTHING)
    key = DeliveryKey(copy.campaign_id, copy.seq, copy.attempt)
    is_kept = verdict.kind is not Kind.COMPLAINT
    notice = _notice(letter, verdict, key, is_proven=False) if is_kept else None
    return Returned(verdict, FoundBy.ADDRESS, key, copy.to_address, notice)


def _notice(letter: _Letter, verdict: Verdict, key: DeliveryKey, *, is_proven: bool = True) -> Notice | None:
    kind = KINDS.get(verdict.kind)
    if kind is None:
        return None
    return Notice(
        provider=PROVIDER,
        event_id=_digest(letter, verdict, key),
        kind=kind,
        key=key,
        occurred_at=letter.at,
        is_permanent=is_proven and bool(verdict.permanent),
        status=verdict.status,
        reason=verdict.reason,
        text=without_addresses(printable(verdict.text)),
        is_proven=is_proven,
    )


def _digest(letter: _Letter, verdict: Verdict, key: DeliveryKey) -> str:
    """The same for the same message, by whichever way and however often it came."""
    parts = letter.fingerprint, verdict.kind, verdict.recipient.lower(), repr(key)
    return blake2b("\0".join(parts).encode(errors="replace"), digest_size=16).hexdigest()


def _key(signer: Signer, feedback: Feedback) -> tuple[DeliveryKey | None, FoundBy]:
    """The first of our keys that a message names."""
    for address in feedback.sent_to:
        try:
            return signer.read_return_path(address), FoundBy.RETURN_PATH
        except TokenInvalid:
            continue
    for message_id in feedback.message_ids:
        try:
            return signer.read_delivery_key(message_id.partition("@")[0]), FoundBy.MESSAGE_ID
        except TokenInvalid:
            continue
    return None, FoundBy.NOTHING


def _latest_copy(session: Session, recipient: str, at: datetime) -> Delivery | None:
    """The last copy of an issue that was taken for an address, in the days before."""
    try:
        address = EmailAddress.parse(recipient)
    except AddressInvalid:
        return None
    sent = (
        select(Delivery)
        .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .where(Subscriber.address_key == address.key, func.lower(Delivery.to_address) == address.mailed.lower())
        .where(Delivery.state == DeliveryState.ACCEPTED, Campaign.kind == CampaignKind.BROADCAST)
        .where(Delivery.updated_at.between(at - RECENT, at))
        .order_by(Delivery.updated_at.desc(), Delivery.campaign_id.desc())
    )
    return session.scalars(sent.limit(1)).one_or_none()


def _letter(raw: bytes, now: datetime) -> _Letter:
    message = messages.read(raw)
    return _Letter(fingerprint(message), _written_at(message.headers, now))


def _written_at(headers: Headers, now: datetime) -> datetime:
    """When it was written, as it says itself or the last servers on its way do. A time that is still to come is none.

    Now, where nothing names a time.
    """
    noted = (line.rpartition(";")[2] for line in headers.all("received"))
    for date in (*headers.all("date"), *noted):
        try:
            told = parsedate_to_datetime(date)
            at = (told if told.tzinfo else told.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError, TypeError):
            continue
        if at <= now:
            return at
    return now


def _is_same(recipient: str, address: str) -> bool:
    try:
        return bool(address) and EmailAddress.parse(recipient).key == EmailAddress.parse(address).key
    except AddressInvalid:
        return False


def printable(text: str) -> str:
    """A server's words as text and nothing else: no control character, so no escape of a terminal's."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
