"""What status codes (RFC 3463 and the IANA registry of them) and SMTP reply codes say, where the words say nothing."""

import re
from collections.abc import Mapping

from .verdicts import Reason

_STATUS = re.compile(r"([45])\.(\d{1,3})\.(\d{1,3})")
_OF_THE_ADDRESS_ALL_THE_SAME = frozenset({10, 17, 18, 27})
_POLICY = "7"
_BLOCKED_BY_MICROSOFT = re.compile(r"7\.[15-9]\d\d")

_NO_SUCH_USER = (True, Reason.NO_SUCH_USER)
_REFUSES_ALL = (True, Reason.OTHER)
_DETAILS: Mapping[str, tuple[bool, Reason]] = {
    "1.0": _NO_SUCH_USER,
    "1.1": _NO_SUCH_USER,
    "1.2": _NO_SUCH_USER,
    "1.3": _NO_SUCH_USER,
    "1.6": _NO_SUCH_USER,
    "1.7": (False, Reason.BLOCKED),
    "1.8": (False, Reason.BLOCKED),
    "1.9": (False, Reason.SYSTEM),
    "1.10": _REFUSES_ALL,
    "1.350": _NO_SUCH_USER,
    "1.351": _NO_SUCH_USER,
    "2.1": (False, Reason.SUSPENDED),
    "2.2": (False, Reason.MAILBOX_FULL),
    "2.3": (False, Reason.CONTENT),
    "2.4": (False, Reason.SYSTEM),
    "2.121": (False, Reason.RATE),
    "2.122": (False, Reason.RATE),
    "3.4": (False, Reason.CONTENT),
    "4.1": (False, Reason.EXPIRED),
    "4.4": _NO_SUCH_USER,
    "4.7": (False, Reason.EXPIRED),
    "4.310": _NO_SUCH_USER,
    "4.316": (False, Reason.EXPIRED),
    "4.317": (False, Reason.EXPIRED),
    "5.3": (False, Reason.RATE),
    "7.2": (False, Reason.BLOCKED),
    "7.13": (False, Reason.SUSPENDED),
    "7.17": _NO_SUCH_USER,
    "7.18": _NO_SUCH_USER,
    "7.25": (False, Reason.BLOCKED),
    "7.27": (False, Reason.BLOCKED),
    "7.28": (False, Reason.RATE),
    "7.350": (False, Reason.CONTENT),
    "7.509": (False, Reason.POLICY),
    "7.515": (False, Reason.POLICY),
}
_TAKES_NO_MAIL = frozenset({"521", "556"})
_SUBJECTS = {"3": Reason.SYSTEM, "4": Reason.SYSTEM, "6": Reason.CONTENT, "7": Reason.POLICY}
_REPLIES: Mapping[str, tuple[bool, Reason]] = {
    "421": (False, Reason.SYSTEM),
    "451": (False, Reason.SYSTEM),
    "452": (False, Reason.SYSTEM),
    "422": (False, Reason.MAILBOX_FULL),
    "511": _NO_SUCH_USER,
    "522": (False, Reason.MAILBOX_FULL),
    "523": (False, Reason.CONTENT),
    "525": (False, Reason.SUSPENDED),
    "530": (False, Reason.POLICY),
    "535": (False, Reason.POLICY),
    "551": _NO_SUCH_USER,
    "552": (False, Reason.MAILBOX_FULL),
    "571": (False, Reason.BLOCKED),
}


def by_status(status: str, reply: str = "") -> tuple[bool, Reason] | None:
    """Whether it is for good, and why; None where the status says nothing."""
    found = _STATUS.fullmatch(status)
    if found is None:
        return None
    code = f"{int(found[2])}.{int(found[3])}"
    if code == "3.2" and reply in _TAKES_NO_MAIL:
        return _REFUSES_ALL
    if code in _DETAILS:
        return _DETAILS[code]
    reason = Reason.BLOCKED if _BLOCKED_BY_MICROSOFT.fullmatch(code) else _SUBJECTS.get(found[2])
    return (False, reason) if reason else None


def by_reply(reply: str) -> tuple[bool, Reason] | None:
    """Whether it is for good, and why; None where the code alone says nothing."""
    return _REPLIES.get(reply)


def is_policy(status: str) -> bool:
    """Whether the status speaks of security or policy (5.7), and not of a mailbox or domain that has gone."""
    found = _STATUS.fullmatch(status)
    return found is not None and found[2] == _POLICY and int(found[3]) not in _OF_THE_ADDRESS_ALL_THE_SAME
