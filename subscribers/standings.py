"""The words by which files say where a person stands: what an export writes and an import reads."""

from enum import StrEnum


class Standing(StrEnum):
    """Where a person stands with the service, or the list, that a file comes from."""

    SUBSCRIBED = "subscribed"
    PENDING = "pending"
    """They have not confirmed."""
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    """Mail to them came back for good."""
    COMPLAINED = "complained"
    """They reported mail as spam."""
    SUPPRESSED = "suppressed"
    """They are never to be mailed, for a reason of their own or of staff."""
