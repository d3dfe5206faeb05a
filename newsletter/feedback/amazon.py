"""What Amazon's notification service mails of SES: JSON of JSON, often broken by line ends."""

import re
from collections.abc import Iterator

from .conversations import status_in
from .judging import judge
from .verdicts import Kind, Reason, Verdict

_KIND = re.compile(r'"(?:notificationType|eventType)"\s{0,9}:\s{0,9}"(Bounce|Complaint|Delivery)"')
_RECIPIENT = re.compile(r'"emailAddress"\s{0,9}:\s{0,9}"([^"]{3,320})"([^{}]{0,2000})\}')
_DIAGNOSTIC = re.compile(r'"diagnosticCode"\s{0,9}:\s{0,9}"([^"]{0,1500})')
_STATUS = re.compile(r'"status"\s{0,9}:\s{0,9}"([245]\.\d{1,3}\.\d{1,3})"')
_TRANSIENT = re.compile(r'"bounceType"\s{0,9}:\s{0,9}"Transient"')
_KINDS = {"Bounce": Kind.BOUNCE, "Complaint": Kind.COMPLAINT, "Delivery": Kind.NONE}
_LONGEST_TEXT = 500


def notifications(text: str) -> tuple[Verdict, ...]:
    """One verdict a recipient of a notification; nothing where the text is none."""
    plain = text.replace("\n", "").replace("\\", "")
    found = _KIND.search(plain)
    return tuple(_verdicts(plain, _KINDS[found[1]])) if found else ()


def _verdicts(plain: str, kind: Kind) -> Iterator[Verdict]:
    for recipient, facts in _RECIPIENT.findall(plain):
        diagnostic = _DIAGNOSTIC.search(facts)
        stated = _STATUS.search(facts)
        text = diagnostic[1] if diagnostic else ""
        status = status_in(text) or (stated[1] if stated else "")
        if kind is Kind.BOUNCE:
            permanent, reason = judge(status, text)
            yield Verdict(
                kind, recipient, permanent and not _TRANSIENT.search(plain), status, reason, text[:_LONGEST_TEXT]
            )
        else:
            yield Verdict(kind, recipient, reason=Reason.OTHER)
