"""How a consent came to us, as it is kept."""

from dataclasses import replace

from fastapi import Request

from subscribers.consent import Evidence

from .site import Site
from .words import Words

_LONGEST = 200


def evidence_of(request: Request, words: Words, source: str, wording: str) -> Evidence:
    """Who said yes or no, to what words, from where. The connection's own address: forwarding headers can be forged.

    From where is not kept at all where it is to be kept no day.
    """
    client = request.client
    evidence = Evidence(
        wording=wording,
        wording_version=words.version,
        language=words.language,
        source=source,
        network_address=client.host if client else "",
        user_agent=request.headers.get("user-agent", "")[:_LONGEST],
    )
    site: Site = request.app.state.site
    is_kept = site.app.settings.keep_evidence_days > 0
    return evidence if is_kept else replace(evidence, network_address="", user_agent="")
