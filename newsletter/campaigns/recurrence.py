"""When something recurs, in words: `1st tue 09:00`, `last fri 8:30`, `15th 09:00`, `mon 07:00`, or five cron fields."""

import re
from dataclasses import dataclass

from newsletter.errors import NewsletterError

_ORDINALS = {"1st": "1st", "2nd": "2nd", "3rd": "3rd", "4th": "4th", "5th": "5th", "last": "last"}
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_DAY = re.compile(r"([1-9]|[12]\d|3[01])(?:st|nd|rd|th)?")
_CRON_FIELDS = ("minute", "hour", "day", "month", "day_of_week")
_CRON_FIELD = re.compile(r"[\d*/,\-a-z]+")


class RecurrenceInvalid(NewsletterError):
    """Write when it recurs like: 1st tue 09:00, last fri 8:30, 15th 09:00, mon 07:00, or 0 9 1 * *."""


@dataclass(frozen=True, slots=True)
class Recurrence:
    """The fields of a cron rule (as APScheduler's CronTrigger reads them) and the words they came from."""

    words: str
    fields: dict[str, str]

    @classmethod
    def parse(cls, text: str) -> "Recurrence":
        """Read the words. Raises `RecurrenceInvalid`."""
        words = text.lower().split()
        fields = _of_cron(words) if len(words) == len(_CRON_FIELDS) else _of_words(words)
        return cls(" ".join(words), fields)


def _of_words(words: list[str]) -> dict[str, str]:
    time = _TIME.fullmatch(words[-1]) if words else None
    if time is None:
        raise RecurrenceInvalid
    at = {"hour": str(int(time[1])), "minute": str(int(time[2]))}
    match words[:-1]:
        case [ordinal, weekday] if ordinal in _ORDINALS and weekday[:3] in _WEEKDAYS:
            return {"day": f"{_ORDINALS[ordinal]} {weekday[:3]}", **at}
        case ["last"]:
            return {"day": "last", **at}
        case [weekday] if weekday[:3] in _WEEKDAYS:
            return {"day_of_week": weekday[:3], **at}
        case [day] if (number := _DAY.fullmatch(day)) is not None:
            return {"day": number[1], **at}
        case _:
            raise RecurrenceInvalid


def _of_cron(words: list[str]) -> dict[str, str]:
    if not all(_CRON_FIELD.fullmatch(word) for word in words):
        raise RecurrenceInvalid
    return dict(zip(_CRON_FIELDS, words, strict=True))
