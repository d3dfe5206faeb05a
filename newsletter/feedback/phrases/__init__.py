"""What servers say when they refuse mail, as tables. Facts of the field: rows of a kind, and one order among them."""

from newsletter.feedback.verdicts import Reason

from . import contents, mailboxes, moments, senders, vendors
from .rows import Row, row

REJECTED = row(
    Reason.BLOCKED, r"reject|denied|refused|not (?:accept|allow|welcome)|blocked|prohibited|forbidden|declined"
)

ROWS: tuple[Row, ...] = (
    *vendors.ROWS,
    moments.PROGRAM,
    senders.LIMITS,
    senders.ACCOUNT,
    mailboxes.CLOSED,
    mailboxes.FULL,
    senders.IDENTITY,
    contents.POLICY,
    senders.SENDER,
    senders.RELAY,
    contents.SIZE,
    senders.FILTER,
    senders.LISTS,
    senders.GREETING,
    mailboxes.SPARED,
    mailboxes.KNOWN_TO_BE_NONE,
    moments.UNSURE,
    mailboxes.NO_HOST,
    mailboxes.MOVED,
    mailboxes.REFUSES_ALL,
    mailboxes.UNKNOWN,
    senders.NAMELESS,
    moments.OVER,
    senders.REPUTATION,
    moments.LOOP,
    moments.RATE,
    contents.RULES,
    contents.WORDS,
    senders.MACHINE,
    moments.UNREACHED,
    moments.LOST,
    moments.EXPIRED,
    mailboxes.BARE,
)
"""The first row that is found decides: codes of services before words, what is said of limits and accounts of the
sender before what is said of the mailbox, that before what is said of the sender's name and machine, that before what is
said of the mail or the moment, and the particular before the general."""

BARE = mailboxes.BARE
"""Says so little that a reply code alone does not bear it out."""

NO_HOST = mailboxes.NO_HOST
"""Says that a domain is not found, and nothing of a mailbox."""

__all__ = ["BARE", "NO_HOST", "REJECTED", "ROWS", "Row"]
