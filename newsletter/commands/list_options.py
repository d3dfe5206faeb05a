"""The options by which a list is made or changed, each checked as it is read."""

import unicodedata
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

import click

from newsletter.errors import NewsletterError
from newsletter.rendering import theme as themes
from newsletter.rendering.headers import Mailbox
from subscribers import names
from subscribers.addresses import EmailAddress
from subscribers.languages import parse_known_language

_LONGEST = 200
_UTM = ("source", "medium", "campaign", "term", "content")


class ListTextInvalid(NewsletterError):
    """This text is one line of at most 200 characters."""


class UtmInvalid(NewsletterError):
    """UTM values look like source=newsletter; the names are source, medium, campaign, term and content."""


class TextInLanguageInvalid(NewsletterError):
    """A text in another language looks like es=Carta para familias."""


def list_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options; the command gets what was told as `facts`."""

    @wraps(command)
    def told(*args: Any, **given: Any) -> Any:
        values = {name: given.pop(name) for name in _READERS}
        facts = {name: _READERS[name](value) for name, value in values.items() if value not in (None, ())}
        return command(*args, facts=facts, **given)

    for option in reversed(_OPTIONS):
        told = option(told)
    return told


_OPTIONS = (
    click.option("--name", help="The name readers see."),
    click.option("--name-in", "names", multiple=True, metavar="LANG=TEXT", help="Its name in another language."),
    click.option("--description", help="What it is about, in a sentence that readers see."),
    click.option("--description-in", "descriptions", multiple=True, metavar="LANG=TEXT", help="Another language."),
    click.option("--double-opt-in/--single-opt-in", default=None, help="Whether who signs up must confirm by mail."),
    click.option("--welcome/--no-welcome", default=None, help="Whether who joins gets a welcome mail."),
    click.option("--public/--hidden", "is_public", default=None, help="Whether it is on the public sign-up form."),
    click.option("--from", "from_address", metavar="SENDER", help='Its own From: "Our school <news@school.example>".'),
    click.option("--reply-to", metavar="ADDRESS", help="Where answers go."),
    click.option("--postal-address", metavar="TEXT", help="The address at the foot of its mails."),
    click.option("--theme", metavar="NAME", help="How its mails look, where an issue does not say it."),
    click.option("--utm", multiple=True, metavar="NAME=VALUE", help="Added to links, such as source=newsletter."),
)


def one_line(text: str) -> str:
    """Read a text of one line. Raises `ListTextInvalid`."""
    if any(unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"} for letter in text):
        raise ListTextInvalid(f"{text[:30]!r} has a line break or a control character in it: write one line.")
    line = names.composed(text)
    if len(line) > _LONGEST:
        raise ListTextInvalid(f"{line[:30]!r}... is longer than {_LONGEST} characters.")
    return line


def _public_name(text: str) -> str:
    name = one_line(text)
    if not name:
        raise ListTextInvalid("A list has a name that readers see.")
    return name


def _mailbox(text: str) -> str:
    line = one_line(text)
    if line:
        EmailAddress.parse(Mailbox.parse(line).address)
    return line


def _theme(text: str) -> str:
    return themes.load(text).name if text else ""


def _texts(pairs: Iterable[str]) -> dict[str, str]:
    texts = {}
    for pair in pairs:
        language, equals, text = pair.partition("=")
        if not equals:
            raise TextInLanguageInvalid(f"{pair[:30]!r} names no language: write it like es=Carta para familias.")
        texts[parse_known_language(language)] = one_line(text)
    return texts


def _utm(pairs: Iterable[str]) -> dict[str, str]:
    values = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        short = name.strip().lower().removeprefix("utm_")
        if not equals or short not in _UTM:
            raise UtmInvalid(f"{pair[:30]!r} is no UTM value: write source=newsletter; names are {', '.join(_UTM)}.")
        values[f"utm_{short}"] = one_line(value)
    return values


_READERS: dict[str, Callable[[Any], Any]] = {
    "name": _public_name,
    "names": _texts,
    "description": one_line,
    "descriptions": _texts,
    "double_opt_in": bool,
    "welcome": bool,
    "is_public": bool,
    "from_address": _mailbox,
    "reply_to": _mailbox,
    "postal_address": one_line,
    "theme": _theme,
    "utm": _utm,
}
