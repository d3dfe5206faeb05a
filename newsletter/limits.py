"""Limits on sending as people write them in settings: a rate a domain, and a plan of mails a day."""

from collections.abc import Mapping
from dataclasses import dataclass

from subscribers.errors import NewsletterError

_HIGHEST_RATE = 1_000_000


class DomainRatesInvalid(NewsletterError):
    """Write mails a second by receiving domain, like gmail.com=20 yahoo.com=5."""


class WarmUpInvalid(NewsletterError):
    """Write how many mails each day may have, growing, like 200 400 800 1600."""


@dataclass(frozen=True, slots=True)
class DomainRates:
    """Mails a second for some receiving domains; all others share only the account's rate."""

    rates: Mapping[str, float]

    @classmethod
    def parse(cls, text: str) -> "DomainRates":
        """Read `gmail.com=20 yahoo.com=5`."""
        rates: dict[str, float] = {}
        for word in text.split():
            domain, _, rate = word.lower().rpartition("=")
            if not domain or domain in rates or "@" in domain or "." not in domain:
                raise DomainRatesInvalid
            rates[domain] = _rate(rate)
        return cls(rates)


@dataclass(frozen=True, slots=True)
class WarmUp:
    """How many mails an account new to the world sends on its first days; afterwards as many as it likes."""

    days: tuple[int, ...]

    @classmethod
    def parse(cls, text: str) -> "WarmUp":
        """Read `200 400 800 1600`: the first day, the second, and so on."""
        try:
            days = tuple(int(word) for word in text.split())
        except ValueError:
            raise WarmUpInvalid from None
        if any(mails < 1 for mails in days) or list(days) != sorted(days):
            raise WarmUpInvalid
        return cls(days)


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        raise DomainRatesInvalid from None
    if not 0 < rate <= _HIGHEST_RATE:
        raise DomainRatesInvalid
    return rate
