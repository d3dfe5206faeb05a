"""The types of settings: each reads a text as people write it, or says in one sentence what is wrong with it."""

import re
from ipaddress import ip_network
from typing import Annotated, Any
from urllib.parse import urlsplit

from babel import Locale, UnknownLocaleError
from pydantic import AfterValidator, SecretStr

from subscribers import time_zones
from subscribers.errors import NewsletterError

from .contrast import ENOUGH, contrast, is_colour, readable

_SHORTEST_SECRET = 32
_WHITE = "#FFFFFF"
_STORED_PICTURE = re.compile(r"media:[^\s/\\]+")
_TRANSPORTS = ("file", "smtp", "smtps", "sendgrid")


def read_by(check: Any) -> AfterValidator:
    """Turn a parser of ours into a validator that speaks in its own sentence and keeps the text."""

    def keep(value: str) -> str:
        try:
            check(value)
        except NewsletterError as error:
            raise ValueError(str(error)) from error
        return value

    return AfterValidator(keep)


def _known_time_zone(value: str) -> str:
    if value not in time_zones.names():
        raise ValueError(f"{value!r} is not a time zone; use a name like America/Chicago.")
    return value


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError("It must begin with https:// or http:// and name a host.")
    if not value.isascii() or not value.isprintable() or " " in value:
        raise ValueError("Write it in plain ASCII without spaces.")
    return value.rstrip("/")


def _known_transport(value: str) -> str:
    if urlsplit(value).scheme not in _TRANSPORTS:
        raise ValueError("Use file:FOLDER, smtp://HOST:PORT, smtps://HOST:PORT or sendgrid://")
    return value


def _languages(value: str) -> str:
    for word in value.split():
        try:
            Locale.parse(word, sep="-")
        except (UnknownLocaleError, ValueError) as error:
            raise ValueError(f"{word!r} is not a language; use codes like: en es") from error
    if not value.split():
        raise ValueError("Name at least one language, such as: en es")
    return value


def _networks(value: str) -> str:
    for word in value.split():
        try:
            ip_network(word)
        except ValueError as error:
            raise ValueError(
                f"{word!r} is not an address or a network; write them like: 127.0.0.1 10.0.0.0/8"
            ) from error
    return value


def _strong(value: SecretStr) -> SecretStr:
    for secret in value.get_secret_value().replace(",", " ").split() or [""]:
        if len(secret) < _SHORTEST_SECRET:
            raise ValueError(f"It needs {_SHORTEST_SECRET} characters or more; `newsletter init` makes one.")
    return value


def _told_from_white(value: str) -> str:
    if not value:
        return value
    if not is_colour(value):
        raise ValueError(f"{value!r} is not a colour; write it like #1B4F86.")
    found = contrast(value, _WHITE)
    if found < ENOUGH:
        raise ValueError(
            f"{value} is too faint beside white: its contrast is {found:.1f}:1, and {ENOUGH}:1 is needed. "
            f"The nearest colour that would do is {readable(value, [_WHITE])}."
        )
    return value


def _logo(value: str) -> str:
    if not value or _STORED_PICTURE.fullmatch(value):
        return value
    if not value.startswith("https://"):
        raise ValueError("Use an address that begins with https://, or media: and the name of a stored picture.")
    return _web_address(value)


def _single_line(value: str) -> str:
    if re.search(r"[\x00-\x1f\x7f\u2028\u2029]", value):
        raise ValueError("It must be one line without control characters.")
    return value


OneLine = Annotated[str, AfterValidator(_single_line)]
TimeZone = Annotated[str, AfterValidator(_known_time_zone)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
Transport = Annotated[str, AfterValidator(_known_transport)]
Colour = Annotated[str, AfterValidator(_told_from_white)]
Logo = Annotated[str, AfterValidator(_logo)]
Languages = Annotated[str, AfterValidator(_languages)]
Networks = Annotated[str, AfterValidator(_networks)]
SecretKeys = Annotated[SecretStr, AfterValidator(_strong)]
