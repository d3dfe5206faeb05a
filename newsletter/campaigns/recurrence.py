"""When something recurs, in words: `1st tue 09:00`, `last fri 8:30`, `15th 09:00`, `mon 07:00`, or five cron fields."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from newsletter.errors import NewsletterError

_ORDINALS = ("1st", "2nd", "3rd", "4th", "5th", "last")
_WEEKDAYS = {name[:3]: name for name in ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")}
_OF_CRON = tuple(_WEEKDAYS)
"""Cron counts weekdays from Sunday, which is 0 and 7; APScheduler counts from Monday. Names mean the same to both."""
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_DAY = re.compile(r"([1-9]|[12]\d|3[01])(?:st|nd|rd|th)?")
_CRON_FIELDS = ("minute", "hour", "day", "month", "day_of_week")
_CRON_FIELD = re.compile(r"[\d*/,\-a-z]+")
_CRON_WEEKDAYS = re.compile(r"(?:(\*)|(\d|[a-z]{3})(?:-(\d|[a-z]{3}))?)(?:/([1-7]))?")


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
        case [ordinal, weekday] if ordinal in _ORDINALS and _is_weekday(weekday):
            return {"day": f"{ordinal} {weekday[:3]}", **at}
        case ["last"]:
            return {"day": "last", **at}
        case [weekday] if _is_weekday(weekday):
            return {"day_of_week": weekday[:3], **at}
        case [day] if (number := _DAY.fullmatch(day)) is not None:
            return {"day": number[1], **at}
        case _:
            raise RecurrenceInvalid


def _is_weekday(word: str) -> bool:
    """`tue`, `tues` and `tuesday` are."""
    return _WEEKDAYS.get(word[:3], "").startswith(word)


def _of_cron(words: list[str]) -> dict[str, str]:
    fields = dict(zip(_CRON_FIELDS, words, strict=True))
    if not all(_CRON_FIELD.fullmatch(word) for word in words):
        raise RecurrenceInvalid
    if not (fields["minute"].isdecimal() and fields["hour"].isdecimal()):
        raise RecurrenceInvalid("A series opens one draft a day at most: give one minute and one hour, like 0 9 1 * *.")
    if fields["day"] != "*" and fields["day_of_week"] != "*":
        sentence = "Give the day of the month or of the week, not both. The first Tuesday is: 1st tue 09:00."
        raise RecurrenceInvalid(sentence)
    return {**fields, "day_of_week": ",".join(dict.fromkeys(_cron_weekdays(fields["day_of_week"])))}


def _cron_weekdays(field: str) -> Iterator[str]:
    """The names of the days that cron's field of weekdays means; `*` for all."""
    if field == "*":
        yield field
        return
    for part in field.split(","):
        match = _CRON_WEEKDAYS.fullmatch(part)
        if match is None:
            raise RecurrenceInvalid
        every, first, last, step = match.groups()
        low = 0 if every else _cron_weekday(first)
        high = len(_OF_CRON) - 1 if every else _cron_weekday(last or first)
        if high < low:  # over the end of the week
            high += len(_OF_CRON)
        yield from (_OF_CRON[day % len(_OF_CRON)] for day in range(low, high + 1, int(step or 1)))


def _cron_weekday(day: str) -> int:
    if day in _OF_CRON:
        return _OF_CRON.index(day)
    if not day.isdecimal() or int(day) > len(_OF_CRON):
        raise RecurrenceInvalid
    return int(day)
