"""Complaints of readers in the abuse reporting format (RFC 5965), and in the one older form that is still sent."""

import re
from collections.abc import Iterator

from .addresses import addresses_in
from .headers import Headers
from .messages import Part
from .verdicts import Kind, Reason, Verdict

_REPORT = re.compile(r"^feedback-type[ \t]{0,9}:", re.IGNORECASE | re.MULTILINE)
_RECIPIENTS = ("original-rcpt-to", "removal-recipient", "x-hmxmroriginalrecipient", "x-original-rcpt-to")
_NOT_SPAM = "not-spam"
"""The reader took it out of the spam again (RFC 6430)."""
_OF_NO_READER = frozenset({"auth-failure", "dmarc"})
"""A domain tells that a signature fails (RFC 6591): a report of abuse, but no reader complains, so it names nobody."""
_HIDDEN = re.compile(r"redacted|^x+@|^\*+@|^[0-9a-f]{32,64}@", re.IGNORECASE)
_LONGEST_TEXT = 500


def complaints(message: Part) -> tuple[Verdict, ...]:
    """One verdict a recipient that a report in this message names; nothing where it holds no report."""
    for part in message.walk():
        if part.kind == "message/feedback-report" or (
            part.kind.startswith(("text/", "multipart/")) and _is_report(part.text)
        ):
            return tuple(_verdicts(Headers.of(_fields(part.text)), message))
    if _is_of_outlook(message):
        return tuple(_verdicts(Headers(), message))
    return ()


def is_of_no_reader(verdict: Verdict) -> bool:
    """Whether nobody complains, so that no copy is to be looked for."""
    return verdict.kind is Kind.COMPLAINT and verdict.text in _OF_NO_READER


def _is_report(text: str) -> bool:
    return bool(_REPORT.search(text)) and "user-agent" in text.lower()


def _fields(text: str) -> str:
    """A report in a text of other words: from its first field on."""
    found = _REPORT.search(text)
    return text if found is None or ":" in text.lstrip().partition("\n")[0] else text[found.start() :]


def _is_of_outlook(message: Part) -> bool:
    """Outlook's programme for senders passes on the mail that was reported, without a report."""
    headers = message.headers
    is_of_it = addresses_in(headers.get("from"))[:1] == ["staff@hotmail.com"]
    return is_of_it and headers.get("subject").strip().lower().startswith("complaint about message")


def _verdicts(report: Headers, message: Part) -> Iterator[Verdict]:
    said = report.get("feedback-type").strip().lower() or "abuse"
    if said in _OF_NO_READER:
        yield Verdict(Kind.COMPLAINT, "", reason=Reason.POLICY, text=said)
        return
    kind = Kind.NONE if said == _NOT_SPAM else Kind.COMPLAINT
    inner = next(message.inner(), None)
    values = report.all(*_RECIPIENTS)
    if inner is not None:
        values = values or inner.headers.all(*_RECIPIENTS) or inner.headers.all("to")
    named = [address for value in values for address in addresses_in(value)]
    for recipient in dict.fromkeys(address for address in named if not _HIDDEN.search(address)) or [""]:
        yield Verdict(kind, recipient, reason=Reason.OTHER, text=said[:_LONGEST_TEXT])
