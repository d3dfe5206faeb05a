"""A picture of a campaign's mail with the clicks on its links: the mail as most readers got it, made harmless.

Nothing of the mail runs, nothing in it is fetched, and no link of it leads anywhere: it is only looked at.
"""

import re
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex

import nh3
from markupsafe import Markup
from selectolax.lexbor import LexborHTMLParser
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from newsletter.errors import NewsletterError
from newsletter.ledger.tables import Delivery, DeliveryState
from newsletter.rendering.editions import Edition
from newsletter.rendering.prepared import rendered
from newsletter.rendering.variants import Variant
from newsletter.sending.previews import PREVIEW_ADDRESS, Family, copy_for
from newsletter.tokens import Signer

from .charts import heat
from .links import LinkFigures
from .pages import number, share

BytesOf = Callable[[str], bytes | None]
"""The bytes of a picture by its address, where that is stored here."""
_CLICK = re.compile(r"/c/[^./]+\.([0-9a-z]+)\.")
_DARK = re.compile(r"@media[^{]*prefers-color-scheme\s*:\s*dark[^{]*")
_FETCHED = re.compile(r"@import[^;]*;?|url\([^)]*\)", re.IGNORECASE)
_MOST_BYTES = 1_500_000
"""Of all pictures together, so that the report can still be mailed."""
_KINDS = {"jpg": "jpeg", "png": "png", "gif": "gif"}
_TAGS = nh3.ALLOWED_TAGS | {"center", "font"}
_ATTRIBUTES = {
    "*": {
        "style",
        "class",
        "align",
        "valign",
        "width",
        "height",
        "bgcolor",
        "dir",
        "lang",
        "cellpadding",
        "cellspacing",
    },
    "table": {"border"},
    "td": {"colspan", "rowspan"},
    "img": {"src", "alt"},
    "font": {"color"},
}


class NobodyGotIt(NewsletterError):
    """No copy of this campaign was accepted in this language. Choose one of those that the report names."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A variant, and how many copies of it were accepted."""

    variant: Variant
    copies: int


@dataclass(frozen=True, slots=True)
class MailPicture:
    """The mail, ready to be put into a page. `style` and `body` are HTML that is safe there."""

    sent: Sent
    all_copies: int
    languages: tuple[str, ...]
    subject: str
    style: Markup
    body: Markup
    times: Mapping[int, int]
    """How often each link stands in it, by its number."""


def most_sent(session: Session, campaign_id: int, language: str = "") -> tuple[Sent, int, tuple[str, ...]] | None:
    """The variant that most readers got, in a language where one is given; all copies; all languages, most first.

    None where nothing was accepted. Raises `NobodyGotIt`.
    """
    counted = select(Delivery.variant, func.count()).group_by(Delivery.variant)
    accepted = counted.where(Delivery.campaign_id == campaign_id, Delivery.state == DeliveryState.ACCEPTED)
    found = [Sent(Variant.parse(variant), count) for variant, count in session.execute(accepted) if variant]
    if not found:
        return None
    by_language: Counter[str] = Counter()
    for sent in found:
        by_language[sent.variant.language] += sent.copies
    languages = tuple(name for name, _ in by_language.most_common())
    of_language = [sent for sent in found if language in ("", sent.variant.language)]
    if not of_language:
        raise NobodyGotIt(f"No copy of this campaign was accepted in {language!r}: there are {', '.join(languages)}.")
    most = max(of_language, key=lambda sent: (sent.copies, str(sent.variant)))
    return most, by_language.total(), languages


def made(edition: Edition, variant: Variant, now: datetime) -> tuple[str, str]:
    """The subject and the HTML of a variant for a reader whom nobody knows. Raises what keeps it from being made."""
    copy = copy_for(Family("", PREVIEW_ADDRESS, variant), now)
    identity = edition.identity.in_language(variant.language)
    mail = rendered(edition.content(variant), identity, Signer.unknown(), copy)
    return mail.subject, mail.html


def marked(
    html: str, links: Sequence[LinkFigures], tracked: int, bytes_of: BytesOf
) -> tuple[Markup, Markup, Counter[int]]:
    """The style and the body of a mail with a badge behind each link that is counted, and how often each stands."""
    page, stem, times = LexborHTMLParser(html), f"badge{token_hex(8)}", Counter[int]()
    badges = _badges(links, tracked)
    for anchor in page.css("a"):
        found = _CLICK.search(anchor.attributes.get("href") or "")
        no = int(found[1], 36) if found else 0
        if no in badges:
            times[no] += 1
            anchor.insert_child(f"{stem}n{no}z")
    _keep_pictures(page, bytes_of)
    style = " ".join(_harmless(sheet.text()) for sheet in page.css("style"))
    body = nh3.clean(
        page.body.html or "" if page.body else "", tags=_TAGS, attributes=_ATTRIBUTES, url_schemes={"data"}
    )
    shown = re.sub(rf"{stem}n(\d+)z", lambda mark: badges[int(mark[1])], _FETCHED.sub("none", body))
    return Markup(style), Markup(shown), times  # noqa: S704 - cleaned by nh3, and badges escape what they say


def _badges(links: Sequence[LinkFigures], tracked: int) -> dict[int, str]:
    most = max((link.clicked.human for link in links), default=0)
    return {link.no: _badge(link.clicked.human, tracked, most) for link in links}


def _badge(people: int, tracked: int, most: int) -> str:
    told = f"{number(people)} · {share(people / tracked)}" if tracked else number(people)
    return Markup('<span class="clicks-badge heat-{}">{}</span>').format(heat(people, most), told)


def _keep_pictures(page: LexborHTMLParser, bytes_of: BytesOf) -> None:
    """Put stored pictures in place of their addresses; all others are only their words."""
    left = _MOST_BYTES
    for image in page.css("img"):
        source = image.attributes.get("src") or ""
        kind = _KINDS.get(source.rpartition(".")[2].lower())
        content = bytes_of(source) if kind else None
        if content is None or len(content) > left:
            if source:
                del image.attrs["src"]
            continue
        left -= len(content)
        image.attrs["src"] = f"data:image/{kind};base64,{b64encode(content).decode()}"


def _harmless(sheet: str) -> str:
    """A stylesheet that fetches nothing, ends where it should, and is that of light, as the report's paper is."""
    return _DARK.sub("@media not all ", _FETCHED.sub("none", sheet)).replace("<", "")
