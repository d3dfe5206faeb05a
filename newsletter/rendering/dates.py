"""Dates as a reader of a language expects them: with the weekday, the time's zone, and never only digits."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.dates import format_date, format_interval, format_skeleton, get_day_names, get_timezone_name

_FALLBACK = Locale("en")
_DAY_LENGTH = len("2026-12-08")
_TO = " \N{EN DASH} "


@dataclass(frozen=True, slots=True)
class Leaf:
    """A day as a leaf of a calendar shows it, in short."""

    month: str
    day: str
    weekday: str


@dataclass(frozen=True, slots=True)
class When:
    """The time of an event in words."""

    day: str
    brief: str
    """The day without its year."""
    time: str
    """Empty for a whole day."""
    leaf: Leaf | None = None
    """Of its first day; None where that cannot be read."""

    @property
    def short(self) -> str:
        """On one line."""
        return f"{self.brief}, {self.time}" if self.time else self.brief


def locale_of(language: str, territory: str = "") -> Locale:
    """The locale of a language as it is used in a territory; English where nobody knows the language."""
    for code in (f"{language}-{territory}", language, language.partition("-")[0]):
        try:
            return Locale.parse(code, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return _FALLBACK


def direction(language: str) -> str:
    """`ltr` or `rtl`."""
    return locale_of(language).text_direction


def month(year_month: str, language: str) -> str:
    """`2026-12` as "December 2026"; as it is where it is no month."""
    try:
        day = date.fromisoformat(f"{year_month}-01")
    except ValueError:
        return year_month
    return str(format_skeleton("yMMMM", day, locale=locale_of(language)))


def day_of(text: str) -> date | None:
    """The day that a text such as `2026-12-18` names, a time after it left out; None where it names none."""
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        return None


def long_day(day: date, language: str) -> str:
    """A day with its weekday and year."""
    return str(format_date(day, "full", locale=locale_of(language)))


def day_of_year(day: date, language: str) -> str:
    """A day without its year: "July 1"."""
    return str(format_skeleton("MMMMd", day, locale=locale_of(language)))


def weekdays(language: str) -> tuple[str, ...]:
    """The days of a week in short, the language's first day first."""
    locale = locale_of(language)
    names = get_day_names("abbreviated", "stand-alone", locale)
    return tuple(names[(locale.first_week_day + day) % len(names)] for day in range(len(names)))


def when(attributes: Mapping[str, str], language: str) -> When | None:
    """The time that `starts`, `ends` and `timezone` tell; as it was written where it cannot be read."""
    starts = attributes.get("starts", "")
    if not starts:
        return None
    zone_name = attributes.get("timezone", "")
    locale = locale_of(language, get_global("zone_territories").get(zone_name, ""))
    try:
        zone = ZoneInfo(zone_name or "UTC")
        start, end = _moment(starts, zone), _moment(attributes.get("ends") or starts, zone)
    except (ValueError, ZoneInfoNotFoundError):
        return When(starts, starts, "")
    return _written(start, end, locale, whole_day=len(starts) == _DAY_LENGTH)


def _moment(text: str, zone: ZoneInfo) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment.astimezone(zone)


def _written(start: datetime, end: datetime, locale: Locale, *, whole_day: bool) -> When:
    days = [start] if start.date() == end.date() else [start, end]
    full = [format_date(day, "full", locale) for day in days]
    brief = [str(format_skeleton("MMMEd", day, locale=locale)) for day in days]
    time = "" if whole_day else _time(start, end if len(days) == 1 else start, locale)
    leaf = Leaf(*(format_date(start, part, locale) for part in ("LLL", "d", "ccc")))
    return When(_TO.join(full), _TO.join(brief), time, leaf)


def _time(start: datetime, end: datetime, locale: Locale) -> str:
    skeleton = "hm" if "a" in locale.time_formats["short"].pattern else "Hm"
    written = str(format_interval(start, end, skeleton, tzinfo=start.tzinfo, locale=locale))
    if start == end:
        written = str(format_skeleton(skeleton, start, tzinfo=start.tzinfo, locale=locale))
    zone = get_timezone_name(start, "short", locale=locale)
    if not zone.isalpha():
        zone = get_timezone_name(start, "long", locale=locale)
    return f"{written} {zone}".replace("\u202f", "\u00a0")
