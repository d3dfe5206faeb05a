"""The header of our own, which lists from anywhere else can be given."""

from subscribers.standings import Standing

from .rules import Format, Rule, column, moment, words

FIELDS = (
    "email",
    "name",
    "language",
    "timezone",
    "grades",
    "school",
    "roles",
    "tags",
    "household",
    "tracking",
    "place",
    "joined",
    "confirmed",
    "network",
    "standing",
    "attended",
    "interests",
)
_ATTRIBUTE = "attribute:"
_STANDINGS = {standing.value: standing for standing in Standing} | {
    "confirmed": Standing.SUBSCRIBED,
    "active": Standing.SUBSCRIBED,
    "unconfirmed": Standing.PENDING,
    "inactive": Standing.UNSUBSCRIBED,
    "cleaned": Standing.BOUNCED,
}
"""Our words in any capitals, and others for the same that services use."""
_READ = {
    "joined": moment,
    "confirmed": moment,
    "standing": words(_STANDINGS),
}


def rule_of(field: str, name: str) -> Rule:
    """A field in a column called `name`, written as ours is."""
    return column(name, _READ.get(field))


def attribute(field: str) -> str:
    """The field of an attribute, `attribute:NAME`, whatever capitals `attribute` has; empty for any other field."""
    prefix, name = field[: len(_ATTRIBUTE)], field[len(_ATTRIBUTE) :].strip()
    return _ATTRIBUTE + name if prefix.casefold() == _ATTRIBUTE and name else ""


PLAIN = Format("plain CSV", frozenset(), {field: rule_of(field, field) for field in FIELDS})
