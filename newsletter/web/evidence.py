"""How a consent came to us, as it is kept."""

from fastapi import Request

from newsletter.words import Words
from subscribers.consent import Evidence

from .site import Site

_LONGEST = 200


def evidence_of(request: Request, site: Site, words: Words, source: str, wording: str) -> Evidence:
    """Who said yes or no, to what words, and from where, as far as the settings keep that."""
    keeps_origin = site.app.settings.keep_evidence_days > 0
    return Evidence(
        wording=wording,
        wording_version=words.version,
        language=words.language,
        source=source,
        network_address=network_address_of(request) if keeps_origin else "",
        user_agent=request.headers.get("user-agent", "")[:_LONGEST] if keeps_origin else "",
    )


def network_address_of(request: Request) -> str:
    """Where a request comes from: the connection's other end, or whom a trusted proxy there speaks for."""
    return request.client.host[:_LONGEST] if request.client else ""
