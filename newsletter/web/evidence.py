"""How a consent came to us, as it is kept."""

from fastapi import Request

from subscribers.consent import Evidence

from .words import Words

_LONGEST = 200


def evidence_of(request: Request, words: Words, source: str, wording: str) -> Evidence:
    """Who said yes or no, to what words, from where. The connection's own address: forwarding headers can be forged."""
    client = request.client
    return Evidence(
        wording=wording,
        wording_version=words.version,
        language=words.language,
        source=source,
        network_address=client.host if client else "",
        user_agent=request.headers.get("user-agent", "")[:_LONGEST],
    )
