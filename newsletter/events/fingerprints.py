"""By what a message is the same, whether it lies in a file, a Maildir or an mbox, or came over the network.

Each of these writes something to it: the line `From ...` of an mbox and its `>`, ends of lines, empty lines at the end,
fields of the header for where it came along. So what its writer wrote is compared, and nothing else.
"""

import re
from collections.abc import Iterator

from newsletter.feedback.messages import Part

_LONGEST_ID = 500
_WRITTEN = ("from", "to", "subject", "date")
_QUOTED = re.compile(r"^>+(?=From )", re.MULTILINE)
_MOST = 50_000
"""How many characters of each part are compared: less than is read, for ends of lines count there."""


def fingerprint(message: Part) -> str:
    """The name that its writer gave to a message or, where it has none, all that they wrote."""
    named = next(iter(message.headers.all("message-id")), "")[:_LONGEST_ID]
    return named or "\n".join(_written(message))


def _written(part: Part) -> Iterator[str]:
    for value in part.headers.all(*_WRITTEN):
        yield " ".join(value.split())
    yield " ".join(_QUOTED.sub("", part.text).split())[:_MOST]
    for inside in part.parts:
        yield from _written(inside)
