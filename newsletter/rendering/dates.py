"""Dates as a reader of a language expects them: with the weekday, the time's zone, and never only digits."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.dates import format_date, format_interval, format_skeleton, get_day_names, get_timezone_name

_FALLBACK = Locale("en")
_DAY_LENGTH = len("2026-12-08")
_TO = " \N{EN DASH} "
_DAY_FIRST = "{1}, {0}"


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
    """From when to when; with the weekdays where it ends on another day, and empty for whole days."""
    short: str
    """Day and time on one line, without the year."""
    leaf: Leaf | None = None
    """Of its first day; None where that cannot be read."""


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


def month_title(year_month: str, language: str) -> str:
    """The same where it stands alone: "Diciembre de 2026"."""
    said = month(year_month, language)
    return said[:1].upper() + said[1:]


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
        return When(starts, starts, "", starts)
    if len(starts) == _DAY_LENGTH:
        return _whole_days(start, end, locale)
    return _with_times(start, end, locale, has_end=len(attributes.get("ends", "")) > _DAY_LENGTH)


def _moment(text: str, zone: ZoneInfo) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment.astimezone(zone)


def _whole_days(start: date, end: date, locale: Locale) -> When:
    days = [start] if start == end else [start, end]
    brief = _TO.join(_brief(day, locale) for day in days)
    leaf = Leaf(*(format_date(start, part, locale) for part in ("LLL", "d", "ccc")))
    return When(_TO.join(str(format_date(day, "full", locale)) for day in days), brief, "", brief, leaf)


def _with_times(start: datetime, end: datetime, locale: Locale, *, has_end: bool) -> When:
    """Both moments with their days where these differ; nothing of the last one's time where nobody wrote it."""
    days = _whole_days(start.date(), end.date(), locale)
    if start.date() == end.date() or not has_end:
        time = _zoned(_span(start, end if has_end else start, locale), start, start, locale)
        return replace(days, time=time, short=_joined(days.brief, time, locale))
    moments = (start, end)
    short = _TO.join(_joined(_brief(one, locale), _clock("", one, locale), locale) for one in moments)
    time = _TO.join(_clock("E", one, locale) for one in moments)
    return replace(days, time=_zoned(time, start, end, locale), short=_zoned(short, start, end, locale))


def _brief(day: date, locale: Locale) -> str:
    return str(format_skeleton("MMMEd", day, locale=locale))


def _joined(day: str, time: str, locale: Locale) -> str:
    """A day and a time as the language joins them, the day first."""
    joint = str(locale.datetime_formats["short"])
    return (joint if joint.startswith("{1}") else _DAY_FIRST).format(time, day)


def _clock(before: str, moment: datetime, locale: Locale) -> str:
    """A time of the day, with what the skeleton names before it."""
    return _spaced(str(format_skeleton(before + _hours(locale), moment, tzinfo=moment.tzinfo, locale=locale)))


def _span(start: datetime, end: datetime, locale: Locale) -> str:
    if start == end:
        return _clock("", start, locale)
    return _spaced(str(format_interval(start, end, _hours(locale), tzinfo=start.tzinfo, locale=locale)))


def _hours(locale: Locale) -> str:
    return "hm" if "a" in locale.time_formats["short"].pattern else "Hm"


def _zoned(written: str, start: datetime, end: datetime, locale: Locale) -> str:
    """The time with the name of its zone; with both names where a clock is put on or back in between."""
    zones = dict.fromkeys(_zone(moment, locale) for moment in (start, end))
    return f"{written} {' / '.join(zones)}"


def _zone(moment: datetime, locale: Locale) -> str:
    zone = str(get_timezone_name(moment, "short", locale=locale))
    return zone if zone.isalpha() else _spaced(str(get_timezone_name(moment, "long", locale=locale)))


def _spaced(written: str) -> str:
    return written.replace("\u202f", "\u00a0")
