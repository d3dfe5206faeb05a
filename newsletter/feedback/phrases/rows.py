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


def row(reason: Reason, *ways: str, permanent: bool = False, is_first_hand: bool = False) -> Row:
    """Patterns over one line in lower case in which an address is written `@`."""
    return Row(reason, re.compile("|".join(f"(?:{way})" for way in ways)), permanent, is_first_hand)
