"""What a server's refusal means: whether the address will never take mail, and why it was refused."""

import re
from typing import NamedTuple

from .verdicts import Reason

_STATUS = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})")
_REPLY = re.compile(r"[245]\d\d")


class Judgement(NamedTuple):
    """A refusal in our words."""

    permanent: bool
    """Whether the address will never take a mail: there is no such mailbox or domain, or it takes none."""
    reason: Reason


def judge(status: str, text: str, *, reply: str = "") -> Judgement:
    """Judge by what the server says, by its status (RFC 3463) and its SMTP reply code, in this order of weight.

    A refusal that speaks of now, of us or of this mail is not permanent, whatever its first digit. Takes anything;
    never raises.
    """
    del text
    return _by_status(status) or Judgement(permanent=False, reason=_BY_REPLY.get(reply, Reason.OTHER))


_NO_SUCH_USER = Judgement(permanent=True, reason=Reason.NO_SUCH_USER)
_BY_SUBJECT_AND_DETAIL = {
    "1.0": _NO_SUCH_USER,
    "1.1": _NO_SUCH_USER,
    "1.2": _NO_SUCH_USER,
    "1.3": _NO_SUCH_USER,
    "1.6": _NO_SUCH_USER,
    "1.10": Judgement(permanent=True, reason=Reason.OTHER),
}
_BY_DETAIL = {"2.1": Reason.SUSPENDED, "2.2": Reason.MAILBOX_FULL, "3.4": Reason.CONTENT, "4.7": Reason.EXPIRED}
_BY_CLASS = {"3": Reason.SYSTEM, "4": Reason.SYSTEM, "5": Reason.SYSTEM, "6": Reason.CONTENT, "7": Reason.POLICY}
_BY_REPLY = {
    "421": Reason.SYSTEM,
    "450": Reason.SYSTEM,
    "451": Reason.SYSTEM,
    "452": Reason.SYSTEM,
    "552": Reason.MAILBOX_FULL,
}


def _by_status(status: str) -> Judgement | None:
    found = _STATUS.fullmatch(status)
    if found is None or found[1] == "2":
        return None
    code = f"{int(found[2])}.{int(found[3])}"
    told = _BY_SUBJECT_AND_DETAIL.get(code)
    if told is not None:
        return told if found[1] == "5" else Judgement(permanent=False, reason=told.reason)
    reason = _BY_DETAIL.get(code) or _BY_CLASS.get(found[2])
    return Judgement(permanent=False, reason=reason) if reason else None
