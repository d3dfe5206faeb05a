"""What a message says of one recipient, in our words."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What sort of message it is."""

    BOUNCE = "bounce"
    """A server gave the copy back."""
    COMPLAINT = "complaint"
    """The reader reported the copy as spam (RFC 5965)."""
    AUTO_REPLY = "auto-reply"
    """A machine answers for the reader, who has the copy: on holiday, or received."""
    DELAYED = "delayed"
    """A server still tries. Nothing is decided."""
    NONE = "none"
    """None of these: a person writes, or a server says that all went well."""


class Reason(StrEnum):
    """Why a server gave a copy back."""

    NO_SUCH_USER = "no-such-user"
    """There is no such mailbox, or no such domain."""
    MAILBOX_FULL = "mailbox-full"
    BLOCKED = "blocked"
    """The server refuses our machine, our domain or this sender: reputation, lists of spammers, filters."""
    POLICY = "policy"
    """A rule of the server's: authentication, encryption, a forbidden kind of mail."""
    CONTENT = "content"
    """What the mail holds or how large it is."""
    RATE = "rate"
    """Too much at once."""
    SYSTEM = "system"
    """The server or the network is in trouble."""
    EXPIRED = "expired"
    """It was tried until its time was over."""
    SUSPENDED = "suspended"
    """The mailbox is there and closed."""
    OTHER = "other"
    """The message does not say, or says none of these."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One recipient of one message.

    `permanent` is whether the address will never take a mail; None where the message is no bounce. `status` is an
    enhanced status code (RFC 3463), empty where none is given. `text` is the server's own words, shortened.
    """

    kind: Kind
    recipient: str
    """As the message writes it, without a name; empty where it names none."""
    permanent: bool | None = None
    status: str = ""
    reason: Reason = Reason.OTHER
    text: str = ""


@dataclass(frozen=True, slots=True)
class Feedback:
    """A message that came back, read as a whole."""

    verdicts: tuple[Verdict, ...]
    """One a recipient that it names, or one of `Kind.NONE` without a recipient."""
    sent_to: tuple[str, ...] = ()
    """The addresses that it came to, ours: the key of the copy may be in one of them (VERP)."""
    message_ids: tuple[str, ...] = ()
    """Of the copy that it is about, as it is quoted or referred to, without angle brackets."""
