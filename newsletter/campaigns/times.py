"""Times as people write them, in a zone."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from newsletter.errors import NewsletterError

_EASTERNMOST = "Pacific/Kiritimati"
_DURATION = re.compile(r"([1-9]\d{0,3})([mhd])")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_WRITTEN = re.compile(r"(\d{4}-\d{2}-\d{2})[ T](\d{1,2}):(\d{2})")


class TimeInvalid(NewsletterError):
    """Write a time like 2026-12-01 09:00."""


class TimeAhead(NewsletterError):
    """Give a time that is over."""


class TimeZoneInvalid(NewsletterError):
    """Write a time zone like America/Chicago."""


class DurationInvalid(NewsletterError):
    """Write a length of time like 90m, 4h or 2d."""


def parse_local(text: str, zone_name: str) -> datetime:
    """The moment, in UTC, at which a wall clock in the zone shows the time.

    In the autumn's repeated hour it is the first of the two; a time the spring skips is an hour later.
    """
    match = _WRITTEN.fullmatch(text.strip())
    if match is None:
        raise TimeInvalid(f"{text!r} is not a time. Write it like 2026-12-01 09:00.")
    try:
        local = datetime.fromisoformat(f"{match[1]}T{int(match[2]):02}:{match[3]}")
    except ValueError as error:
        raise TimeInvalid(f"{text!r} is not a time. Write it like 2026-12-01 09:00.") from error
    try:
        zone = ZoneInfo(zone_name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # `../x` is no key, and `America` is a folder
        raise TimeZoneInvalid(f"{zone_name!r} is not a time zone. Write it like America/Chicago.") from error
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)


def parse_past(text: str, zone_name: str, now: datetime) -> datetime:
    """As `parse_local`, of a time that is over. Raises `TimeAhead` too."""
    at = parse_local(text, zone_name)
    if at > now:
        clock = now.astimezone(ZoneInfo(zone_name))
        raise TimeAhead(
            f"{text} lies ahead: in {zone_name} it is {clock:%Y-%m-%d %H:%M} now. Give a time that is over."
        )
    return at


def first_local(text: str, zone_name: str, now: datetime) -> datetime:
    """The first moment, in UTC, from now on at which any clock on Earth, or one in the zone, shows the time.

    Where the time has passed in the zone itself, that moment: such a campaign is late like any other.
    """
    at = parse_local(text, zone_name)
    return max(min(at, parse_local(text, _EASTERNMOST)), min(at, now))


def parse_duration(text: str) -> timedelta:
    """Read `90m`, `4h` or `2d`: minutes, hours or days. Raises `DurationInvalid`."""
    match = _DURATION.fullmatch(text.strip().lower())
    if match is None:
        raise DurationInvalid
    return int(match[1]) * _UNITS[match[2]]
