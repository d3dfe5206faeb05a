"""At which step of SMTP a server refused, and its codes, as far as its words tell."""

import re
from enum import StrEnum

from .patterns import either


class Step(StrEnum):
    """A step of an SMTP conversation (RFC 5321)."""

    CONNECT = "connect"
    """The machine was refused before it said what it brings."""
    SENDER = "mail"
    RECIPIENT = "rcpt"
    CONTENT = "data"
    """The recipient was taken; the mail was refused."""


_STATUS = re.compile(r"(?<![\w.])([45]\.\d{1,3}\.\d{1,3})(?!\.?\d)")
_REPLY = re.compile(
    r"(?:^|[:;>(#\[\]\"',]\s{0,3}|\bsaid |\bcode:? ?:?|\berror )([45]\d\d)(?=[ :\-,)\]]|$)", re.MULTILINE
)
_MOST = 3000
"""How many characters are looked at."""


def _said(*ways: str) -> re.Pattern[str]:
    """Words may stand on two lines."""
    return either(*(way.replace(" ", r"\s{1,9}") for way in ways))


_STEPS = (
    (
        Step.RECIPIENT,
        _said(
            r"in reply to rcpt|after rcpt|rcpt (?:to )?command|like recipient",
            r"our rcpt|\[rcpt_to\]|(?:>>>|<<<|sent:?) rcpt|smtp:rcpt|rcpt to response",
        ),
    ),
    (
        Step.CONTENT,
        _said(
            r"in reply to (?:end of )?data|end of data|after (?:end of )?data|after sending data|text command",
            r"our final data|after i sent the message|\[body\]|>>> data|^data$|>>> \.$|bdat|smtp:data",
        ),
    ),
    (
        Step.SENDER,
        _said(
            r"in reply to mail from|after mail from|sender was rejected|our mail from|\[mail_from\]",
            r">>> mail from|mail from command",
        ),
    ),
    (
        Step.CONNECT,
        _said(
            r"initial connection|in reply to (?:helo|ehlo|lhlo)|after (?:helo|ehlo|lhlo|connect)|name was rejected",
            r"refused to talk to me|>>> (?:helo|ehlo|lhlo)|smtp:connect",
        ),
    ),
)


def step_in(words: str) -> Step | None:
    """The step that these words name; None where they name none."""
    return next((step for step, ways in _STEPS if ways.search(words, 0, _MOST)), None)


def status_in(words: str) -> str:
    """The first enhanced status (RFC 3463) in these words; empty where there is none."""
    found = _STATUS.search(words)
    return found[1] if found else ""


def reply_in(words: str) -> str:
    """The first reply code of SMTP that refuses; empty where there is none."""
    found = _REPLY.search(words)
    return found[1] if found else ""
