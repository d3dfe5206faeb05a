"""SendGrid's words for what became of a copy, in ours.

https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from newsletter.feedback.judging import Judgement, judge
from newsletter.feedback.verdicts import Reason
from newsletter.tokens import KEY_ARGUMENT, DeliveryKey, Signer, TokenInvalid
from subscribers.addresses import without_addresses

from . import sendgrid_calls
from .notices import Notice
from .tables import EventKind

PROVIDER = "sendgrid"
_EVENT_ID = re.compile(r"[!-~]{1,200}")
_TIME = re.compile(r"[0-9]{1,13}(\.[0-9]{1,9})?")
_MILLISECONDS = 10**11
"""Seconds do not come so far for three thousand years; times in milliseconds have been there since 1973."""
_REPLY = re.compile(r"([245][0-9]{2})[ -]")
_LONGEST_TEXT = 500


@dataclass(frozen=True, slots=True)
class Word:
    """What SendGrid calls an event, and what that does here; without a kind it does nothing."""

    kind: EventKind | None
    meaning: str


WORDS: Mapping[str, Word] = {
    "processed": Word(EventKind.ACCEPTED, "SendGrid took the copy. An `unknown` copy becomes `accepted`."),
    "dropped": Word(EventKind.REJECTED, "SendGrid took the copy and will not send it. The copy becomes `rejected`."),
    "deferred": Word(EventKind.DEFERRED, 'The reader\'s server said "later". SendGrid tries again for three days.'),
    "delivered": Word(EventKind.DELIVERED, "The reader's server took the copy."),
    "bounce": Word(
        EventKind.BOUNCE, "The reader's server refused the copy. Only a refusal of the address itself ends mail to it."
    ),
    "spamreport": Word(EventKind.COMPLAINT, "The reader reported spam, and is never mailed again by any list."),
    "unsubscribe": Word(EventKind.UNSUBSCRIBE, "The reader left by SendGrid's own link, and leaves the list here too."),
    "group_unsubscribe": Word(EventKind.UNSUBSCRIBE, "The same, of one of SendGrid's groups."),
    "open": Word(EventKind.OPEN, "Proves that the copy was taken, and counts for nobody, a machine's the same."),
    "click": Word(EventKind.CLICK, "Proves that the copy was taken, and counts for nobody."),
    "group_resubscribe": Word(None, "Nothing: a yes is given here, by the reader, or not at all."),
    "account_status_change": Word(None, "Nothing: it is of the account, and of no copy."),
}
"""Every word that SendGrid has today. One that it finds tomorrow does nothing, until it stands here."""


@dataclass(frozen=True, slots=True)
class Drop:
    """Why SendGrid itself would not send a copy that it took."""

    reason: Reason
    recalls: EventKind | None
    """What SendGrid knows of the reader from an earlier mail, where that holds for us too."""
    meaning: str


DROPS: Mapping[str, Drop] = {
    "Spam Reporting Address": Drop(
        Reason.OTHER, EventKind.COMPLAINT, "The reader once reported spam: never mailed again, as if they did it now."
    ),
    "Unsubscribed Address": Drop(
        Reason.OTHER, EventKind.UNSUBSCRIBE, "The reader once left at SendGrid: they leave the list here too."
    ),
    "Bounced Address": Drop(
        Reason.OTHER,
        None,
        "SendGrid saw this address bounce. Nobody is suppressed: its list holds refusals of policy too.",
    ),
    "Invalid SMTPAPI header": Drop(Reason.OTHER, None, "The call was wrong. Please tell us."),
    "Invalid": Drop(Reason.NO_SUCH_USER, None, "SendGrid holds the address for none. Look at how it is written."),
    "Spam Content": Drop(Reason.CONTENT, None, "SendGrid's own filter, where somebody switched it on."),
    "Recipient List over Package Quota": Drop(Reason.RATE, None, "The account has sent what its plan allows."),
}
"""By how SendGrid's reason begins."""
_SAYS_NOTHING = Drop(Reason.OTHER, None, "")

CLASSES: Mapping[str, Judgement] = {
    "Invalid Address": Judgement(permanent=True, reason=Reason.NO_SUCH_USER),
    "Mailbox Unavailable": Judgement(permanent=False, reason=Reason.MAILBOX_FULL),
    "Reputation": Judgement(permanent=False, reason=Reason.BLOCKED),
    "Content": Judgement(permanent=False, reason=Reason.CONTENT),
    "Frequency or Volume Too High": Judgement(permanent=False, reason=Reason.RATE),
    "Technical": Judgement(permanent=False, reason=Reason.SYSTEM),
}
"""`bounce_classification`: asked only where the server's own words do not say why."""
_FOR_GOOD = "bounce"
"""The one type of a bounce that may speak of the address."""
_TYPES: Mapping[str, Reason] = {"blocked": Reason.BLOCKED, "expired": Reason.EXPIRED}
"""Why the others came back, where nothing else says that."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a call says of our copies, and how many of its events could not be read."""

    notices: list[Notice]
    broken: int


def read(raw: bytes, signer: Signer) -> Told:
    """Read a call whose signature holds. Raises `CallUnreadable`, `CallTooLarge`.

    Events of a kind that we do not know, or of mails that are not ours, are left out.
    """
    notices: list[Notice] = []
    broken = 0
    for event in sendgrid_calls.parse(raw):
        try:
            notice = _notice(event, signer)
        except _Broken:
            broken += 1
        else:
            notices += [notice] if notice else []
    return Told(notices, broken)


class _Broken(Exception):
    """An event lacks what each has."""


def _notice(event: Any, signer: Signer) -> Notice | None:
    if not isinstance(event, dict) or not isinstance(event.get("event"), str):
        raise _Broken
    kind = _kind(event.get("event"))
    if kind is None:
        return None
    event_id, occurred_at = event.get("sg_event_id"), _moment(event.get("timestamp"))
    if not isinstance(event_id, str) or not _EVENT_ID.fullmatch(event_id):
        raise _Broken
    key = _key(event, signer)
    if key is None:
        return None
    provider_id = _text(event, "sg_message_id").partition(".")[0] or None
    return Notice(PROVIDER, event_id, kind, key, occurred_at, provider_id, **_explained(kind, event))


def _explained(kind: EventKind, event: Mapping[str, Any]) -> dict[str, Any]:
    """Why it is so, where anybody says that."""
    text = _text(event, "reason") or _text(event, "response")
    told: dict[str, Any] = {"status": _text(event, "status"), "text": without_addresses(text)}
    if kind is EventKind.REJECTED:
        drop = _drop(text)
        return told | {"reason": drop.reason, "recalls": drop.recalls}
    if kind not in (EventKind.BOUNCE, EventKind.DEFERRED):
        return told
    judged = _judged(event, text)
    return told | {"reason": judged.reason, "is_permanent": kind is EventKind.BOUNCE and judged.permanent}


def _kind(word: Any) -> EventKind | None:
    known = WORDS.get(word) if isinstance(word, str) else None
    return known.kind if known else None


def _moment(told: Any) -> datetime:
    """Seconds since 1970, or milliseconds, as a number or as text."""
    if not isinstance(told, int | float | str) or not _TIME.fullmatch(f"{told}"):
        raise _Broken
    since = float(told)
    return datetime.fromtimestamp(since / 1000 if since >= _MILLISECONDS else since, UTC)


def _key(event: Mapping[str, Any], signer: Signer) -> DeliveryKey | None:
    try:
        return signer.read_delivery_key(_text(event, KEY_ARGUMENT))
    except TokenInvalid:
        return None


def _drop(text: str) -> Drop:
    said = text.lower()
    return next((drop for begin, drop in DROPS.items() if said.startswith(begin.lower())), _SAYS_NOTHING)


def _judged(event: Mapping[str, Any], text: str) -> Judgement:
    """As a refusal that comes by mail is judged; but what SendGrid calls blocked or expired is never for good."""
    reply = _REPLY.match(text)
    judged = judge(_text(event, "status"), text, reply=reply[1] if reply else "")
    if judged.reason is Reason.OTHER:
        judged = CLASSES.get(_text(event, "bounce_classification"), judged)
    kind = _text(event, "type")
    reason = _TYPES.get(kind, Reason.OTHER) if judged.reason is Reason.OTHER else judged.reason
    return Judgement(permanent=judged.permanent and kind == _FOR_GOOD, reason=reason)


def _text(event: Mapping[str, Any], name: str) -> str:
    """A value as it is kept: cut, and without control characters."""
    value = event.get(name)
    if not isinstance(value, str):
        return ""
    return (value if value.isprintable() else "".join(filter(str.isprintable, value)))[:_LONGEST_TEXT]
