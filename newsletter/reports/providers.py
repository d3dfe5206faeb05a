"""Whose a receiving domain is: what comes back is told by the provider, and no small domain is named."""

from collections.abc import Mapping

from .groups import OTHERS
from .mailings import CameBack

FORGOTTEN = "forgotten"
"""Of copies whose address is not known any more."""
_PROVIDERS: Mapping[str, tuple[str, ...]] = {
    "Gmail": ("gmail.com", "googlemail.com"),
    "Yahoo and AOL": ("yahoo.", "ymail.com", "rocketmail.com", "aol.com", "aim.com"),
    "Outlook and Hotmail": ("outlook.", "hotmail.", "live.", "msn.com"),
    "iCloud": ("icloud.com", "me.com", "mac.com"),
}
"""Domains by whom they belong to; one that ends in a dot stands for all countries."""
PROVIDERS = (*_PROVIDERS, OTHERS, FORGOTTEN)


def provider_of(domain: str) -> str:
    """Whose a receiving domain is."""
    if not domain:
        return FORGOTTEN
    for name, domains in _PROVIDERS.items():
        if any(domain.startswith(one) if one.endswith(".") else domain == one for one in domains):
            return name
    return OTHERS


def by_provider(accepted: Mapping[str, int], returned: Mapping[str, CameBack]) -> Mapping[str, CameBack]:
    """What came back by the provider, from what did by the domain and how many copies each domain accepted."""
    found = {name: CameBack() for name in PROVIDERS}
    for domain, copies in accepted.items():
        found[provider_of(domain)].accepted += copies
    for domain, back in returned.items():
        found[provider_of(domain)].add(back)
    return found
