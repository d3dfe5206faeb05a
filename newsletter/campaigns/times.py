"""Times as people write them, in a zone."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from newsletter.errors import NewsletterError

_WRITTEN = re.compile(r"(\d{4}-\d{2}-\d{2})[ T](\d{1,2}):(\d{2})")


class TimeInvalid(NewsletterError):
    """Write a time like 2026-12-01 09:00."""


class TimeZoneInvalid(NewsletterError):
    """Write a time zone like America/Chicago."""


def parse_local(text: str, zone_name: str) -> datetime:
    """The moment, in UTC, at which a wall clock in the zone shows the time.

    In the autumn's repeated hour it is the first of the two; a time the spring skips is an hour later.
    """
    match = _WRITTEN.fullmatch(text.strip())
    if match is None:
        raise TimeInvalid(f"{text!r} is not a time. Write it like 2026-12-01 09:00.")
    try:
        local = datetime.fromisoformat(f"{match[1]}T{int(match[2]):02}:{match[3]}")
        zone = ZoneInfo(zone_name)
    except ZoneInfoNotFoundError as error:
        raise TimeZoneInvalid(f"{zone_name!r} is not a time zone. Write it like America/Chicago.") from error
    except ValueError as error:
        raise TimeInvalid(f"{text!r} is not a time. Write it like 2026-12-01 09:00.") from error
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)
