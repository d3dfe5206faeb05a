"""Delivery status notifications (RFC 3464): what is said of each recipient, in whichever part it stands."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from .headers import Headers
from .messages import Part
from .originals import unquoted

_NAMES = ("original-recipient", "final-recipient", "x-actual-recipient")
_MOST = 50
_STARTS = re.compile(r"^(?:original|final)-recipient[ \t]{0,9}:", re.IGNORECASE | re.MULTILINE)
_RULES = re.compile(r"^reporting-mta[ \t]{0,9}:[^\n]{0,20}inbound-smtp\.", re.IGNORECASE | re.MULTILINE)
_OF_ADDRESS = frozenset({"bad-mailbox", "bad-domain"})
_BLANK = re.compile(r"\n[ \t]{0,80}\n")
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.]|\.\d)")
_ADDRESS = re.compile(r"(?<![^\s<>(])[^\s<>(]{1,250}@[^\s<>();,]{1,250}")
_TYPED = re.compile(r"[a-z0-9._/-]{1,40}[ \t]{0,9};", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RecipientStatus:
    """One group of a delivery status."""

    recipient: str
    action: str
    status: str
    diagnostic: str
    is_of_address: bool
    """Whether PowerMTA, which knows the conversation, puts it down to the mailbox or the domain."""
    is_by_rule: bool
    """Whether a rule of the recipient's refused it after it was taken, in words that the rule's writer chose (SES)."""


def statuses(message: Part, *, is_quoted: bool = False) -> list[RecipientStatus]:
    """Every recipient that a delivery status in this message speaks of, also where its lines are quoted."""
    texts = (unquoted(part.text) if is_quoted else part.text for part in message.walk())
    groups = (group for text in texts if _STARTS.search(text) for group in _groups(text))
    return list(islice(groups, _MOST))


def _groups(text: str) -> Iterator[RecipientStatus]:
    is_by_rule = bool(_RULES.search(text))
    for block in _BLANK.split(text):
        fields = Headers.of(block)
        if recipient := _recipient(fields):
            yield RecipientStatus(
                recipient,
                _word(fields.get("action")),
                _status(fields),
                _untyped(fields.get("diagnostic-code")),
                is_of_address=fields.get("x-powermta-bouncecategory").lower() in _OF_ADDRESS,
                is_by_rule=is_by_rule,
            )


def _recipient(fields: Headers) -> str:
    """The first that is an address, as it is written; else the first that is named at all."""
    values = [_untyped(value) for value in fields.raw(*_NAMES) if value]
    addresses = (found[0] for value in values if (found := _ADDRESS.search(value)))
    return next(addresses, values[0] if values else "")


def _status(fields: Headers) -> str:
    found = _STATUS.search(fields.get("status"))
    return found[1] if found else ""


def _untyped(value: str) -> str:
    """Without the type before a semicolon, such as `rfc822;` and `smtp;`."""
    found = _TYPED.match(value)
    return value[found.end() :].strip() if found else value


def _word(value: str) -> str:
    return value.split(None, 1)[0].strip("();").lower() if value else ""
