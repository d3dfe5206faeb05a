"""Human or machine. One signal is chance; two make a machine. `HEAD` alone is enough: no reader sends it."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from .requests import Request
from .tables import Actor

TOO_SOON = timedelta(seconds=2)
"""No reader has found, opened and read a mail within this time of its acceptance."""
_SIGNALS_OF_A_MACHINE = 2
_SCANNER = re.compile(
    r"barracuda|proofpoint|mimecast|safelinks|urldefense|trend ?micro|symantec|messagelabs|forcepoint|fireeye"
    r"|sophos|cloudmark|virustotal|zscaler|bot\b|crawler|spider|preview|scan|headless",
    re.IGNORECASE,
)
_BROWSER = re.compile(r"(Mozilla|Opera)/\d[\d.]* \(")


@dataclass(frozen=True, slots=True)
class Copy:
    """What the ledger knows of the copy that a request names."""

    accepted_at: datetime | None
    """Empty while it is on its way: whoever asks now asks too soon."""
    is_tracked: bool
    """Whether an event about its reader may be kept."""
    arm: str = ""
    """The arm of a test of two subjects that it belongs to."""


def actor(request: Request, copy: Copy | None) -> Actor:
    """Tell who asked. A copy that is no longer in the ledger is too old to be asked for too soon."""
    signals = (_is_too_soon(request, copy), _is_odd(request.user_agent), request.prefetched)
    if request.method == "HEAD" or sum(signals) >= _SIGNALS_OF_A_MACHINE:
        return Actor.MACHINE
    return Actor.HUMAN


def _is_too_soon(request: Request, copy: Copy | None) -> bool:
    if copy is None:
        return False
    return copy.accepted_at is None or request.at - copy.accepted_at < TOO_SOON


def _is_odd(user_agent: str) -> bool:
    return _SCANNER.search(user_agent) is not None or _BROWSER.match(user_agent) is None
