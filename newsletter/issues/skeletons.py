"""The empty document that a new issue begins with."""

from collections.abc import Mapping, Sequence

from newsletter.errors import NewsletterError

from .document import Body, Document, Section, SectionKind
from .front_matter import MONTH


class MonthInvalid(NewsletterError):
    """A month is written like 2027-01."""


def skeleton(month: str, languages: Sequence[str], time_zone: str) -> Document:
    """A draft in every language whose places are empty; the checks name each that is left. Raises `MonthInvalid`."""
    if not MONTH.fullmatch(month):
        raise MonthInvalid

    def section(
        kind: SectionKind, key: str, attributes: Mapping[str, str] | None = None, *, must_know: bool = False
    ) -> Section:
        bodies = tuple(Body(language, "") for language in languages)
        return Section(kind, key, must_know=must_know, attributes=attributes or {}, bodies=bodies)

    event = {"starts": "", "ends": "", "timezone": time_zone, "place": "", "url": ""}
    return Document(
        month=month,
        subject=dict.fromkeys(languages, ""),
        preheader=dict.fromkeys(languages, ""),
        theme="",
        languages=tuple(languages),
        sections=(
            section(SectionKind.STORY, "welcome"),
            section(SectionKind.EVENT, "event", event, must_know=True),
            section(SectionKind.TIP, "tip"),
            section(SectionKind.RESOURCE, "resource", {"url": ""}),
        ),
    )
