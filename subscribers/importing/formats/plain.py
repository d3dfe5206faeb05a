"""Files of no service: their columns are called as we call them, or as people do."""

import re
from collections.abc import Collection, Container, Mapping

from subscribers.importing.records import ImportFileInvalid
from subscribers.standings import Standing

from .rules import Format, Rule, column, joined, moment, words

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
_FIRST_NAME, _LAST_NAME = "first name", "last name"
_SPELLINGS: Mapping[str, str] = {field: field for field in FIELDS} | {
    "emailaddress": "email",
    "firstname": _FIRST_NAME,
    "fullname": "name",
    "givenname": _FIRST_NAME,
    "grade": "grades",
    "gradelevel": "grades",
    "lastname": _LAST_NAME,
    "role": "roles",
    "schoolname": "school",
    "surname": _LAST_NAME,
    "tag": "tags",
}
"""What columns are called, in lower case and in one word, and what they hold: only names that mean one thing."""
_BETWEEN_WORDS = re.compile(r"[\s_-]+")
_ATTRIBUTE = "attribute:"
_STANDINGS = {standing.value: standing for standing in Standing} | {
    "": Standing.PENDING,
    "confirmed": Standing.SUBSCRIBED,
    "active": Standing.SUBSCRIBED,
    "unconfirmed": Standing.PENDING,
    "inactive": Standing.UNSUBSCRIBED,
    "nonsubscribed": Standing.UNSUBSCRIBED,
    "opted out": Standing.UNSUBSCRIBED,
    "opt-out": Standing.UNSUBSCRIBED,
    "removed": Standing.UNSUBSCRIBED,
    "cleaned": Standing.BOUNCED,
    "hard bounced": Standing.BOUNCED,
    "spam": Standing.COMPLAINED,
}
"""Our words in any capitals, and others for the same that services use. Whom nothing is said of has not said yes."""
_STATUSES = frozenset({"emailstatus", "status", "subscriberstatus", "subscriptionstatus"})
"""What columns are called that may hold a standing, and may hold anything else: only our words are read there."""
_READ = {
    "joined": moment,
    "confirmed": moment,
    "standing": words(_STANDINGS),
}


PLAIN = Format("plain CSV", frozenset(), {})
"""Its rules follow from the header; see `rules_of`."""


def rules_of(names: Collection[str], elsewhere: Container[str]) -> dict[str, Rule]:
    """How the columns of a header are read, but for the fields that are read from `elsewhere`.

    Raises `ImportFileInvalid` where two would be the same field.
    """
    found: dict[str, str] = {}
    for name in names:
        told = _held_by(name)
        if told and _field(told) not in elsewhere:
            if told in found:
                raise _are_one(told, found[told], name)
            found[told] = name
    parts = [found.pop(part) for part in (_FIRST_NAME, _LAST_NAME) if part in found]
    if parts and "name" in found:
        raise _are_one("name", found["name"], parts[0])
    rules = {field: rule_of(field, name) for field, name in found.items()}
    status = {} if "standing" in found or "standing" in elsewhere else _status(names)
    return status | rules | ({"name": joined(*parts)} if parts else {})


def is_email(name: str) -> bool:
    """Whether a column is called as one that holds addresses."""
    return _held_by(name) == "email"


def rule_of(field: str, name: str) -> Rule:
    """A field in a column called `name`, written as ours is."""
    return column(name, _READ.get(field))


def attribute(field: str) -> str:
    """The field of an attribute, `attribute:NAME`, whatever capitals `attribute` has; empty for any other field."""
    prefix, name = field[: len(_ATTRIBUTE)], field[len(_ATTRIBUTE) :].strip()
    return _ATTRIBUTE + name if prefix.casefold() == _ATTRIBUTE and name else ""


def _status(names: Collection[str]) -> dict[str, Rule]:
    """The standing in a column that may hold something else: who left elsewhere is not mailed for want of a --map."""
    found = [name for name in names if _one_word(name) in _STATUSES]
    if not found:
        return {}
    if len(found) > 1:
        raise _are_one("standing", *found[:2])
    return {"standing": column(found[0], lambda cell: _STANDINGS.get(cell.casefold(), "") if cell else "")}


def _held_by(name: str) -> str:
    """The field that a column holds, or the part of the name; empty where its name does not say."""
    return _SPELLINGS.get(_one_word(name), "")


def _one_word(name: str) -> str:
    return _BETWEEN_WORDS.sub("", name.casefold())


def _field(told: str) -> str:
    return "name" if told in (_FIRST_NAME, _LAST_NAME) else told


def _are_one(told: str, first: str, second: str) -> ImportFileInvalid:
    return ImportFileInvalid(
        f"The columns {first!r} and {second!r} would both be the {told}. "
        f"Say which it is with --map {_field(told)}=COLUMN, or remove one."
    )
