"""The shape of the phrase tables."""

import re
from typing import NamedTuple

from newsletter.feedback.verdicts import Reason


class Row(NamedTuple):
    """A meaning, and the ways in which servers say it."""

    reason: Reason
    said: re.Pattern[str]
    permanent: bool
    is_first_hand: bool
    """Whether only the server that keeps the mailboxes or asks the DNS says it so: it needs no code to be believed."""
    is_said_late: bool
    """Whether it means the same where it is said after the mail was taken."""


def row(
    reason: Reason, *ways: str, permanent: bool = False, is_first_hand: bool = False, is_said_late: bool = False
) -> Row:
    """Patterns over one line in lower case in which an address is written `@`."""
    return Row(reason, re.compile("|".join(f"(?:{way})" for way in ways)), permanent, is_first_hand, is_said_late)
