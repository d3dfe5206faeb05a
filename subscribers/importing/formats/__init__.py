"""The export files that are recognised by their header: one table a service, each from a file or page of theirs."""

from .beehiiv import BEEHIIV
from .ghost import GHOST
from .listmonk import LISTMONK
from .mailchimp import MAILCHIMP
from .plain import FIELDS, PLAIN, attribute, is_email
from .rules import Format, Rule, column
from .substack import SUBSTACK

__all__ = ["FIELDS", "PLAIN", "Format", "Rule", "attribute", "column", "is_email", "recognised"]

_SERVICES = (*MAILCHIMP, GHOST, LISTMONK, BEEHIIV, SUBSTACK)


def recognised(names: frozenset[str]) -> Format:
    """The format whose signs are all among a header's names, in lower case; the plain one where there is none."""
    return next((known for known in _SERVICES if known.signs <= names), PLAIN)
