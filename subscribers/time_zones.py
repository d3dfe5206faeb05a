"""The names of time zones (IANA), which take a while to find and are asked for often."""

from functools import cache
from zoneinfo import available_timezones


@cache
def names() -> frozenset[str]:
    """Every name that `zoneinfo.ZoneInfo` takes here."""
    return frozenset(available_timezones())
