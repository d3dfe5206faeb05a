"""A small issue, a list, a reader, and the mail they make; a test says only what matters to it."""

import email
import email.policy
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage

from newsletter.issues.document import Body, Document, Section, SectionKind
from newsletter.rendering.content import Content
from newsletter.rendering.editions import Edition
from newsletter.rendering.links import LinkTable
from newsletter.rendering.prepared import Copy, MessageSettings, prepare
from newsletter.rendering.readers import Identity, Postmark, Reader
from newsletter.rendering.variants import Variant
from newsletter.tokens import Signer

SIGNER = Signer(["a secret of the tests, long enough to sign"])
DATE = "Wed, 02 Dec 2026 12:00:00 +0000"
CAMPAIGN = 42


def section(kind: str = "story", *, en: str = "", es: str = "", **given: object) -> Section:
    bodies = tuple(Body(language, text, 1, None) for language, text in (("en", en), ("es", es)) if text)
    facts: dict[str, object] = {"key": "", "bands": (), "roles": (), "must_know": False, "attributes": {}, "line": 1}
    return Section(kind=SectionKind(kind), bodies=bodies, **{**facts, **given})  # type: ignore[arg-type]


def document(*sections: Section, subject: Mapping[str, str] | None = None, **given: object) -> Document:
    facts: dict[str, object] = {
        "month": "2026-12",
        "preheader": {"en": "Ten minutes an evening.", "es": "Diez minutos cada noche."},
        "theme": "monthly",
        "languages": ("en", "es"),
    }
    subjects = subject or {"en": "Five small bridges", "es": "Cinco puentes pequeños"}
    return Document(subject=subjects, sections=sections, **{**facts, **given})  # type: ignore[arg-type]


def identity(**given: object) -> Identity:
    facts: dict[str, object] = {
        "organization": "Our School Community",
        "list_id": 3,
        "list_slug": "families",
        "list_name": "Letter for families",
        "from_header": "Our School <letters@school.example>",
        "reply_to": "office@school.example",
        "postal_address": "12 Oak Street, Springfield, IL 62701",
        "base_url": "https://news.school.example",
    }
    return Identity(**{**facts, **given})  # type: ignore[arg-type]


def reader(name: str = "Ana Ruiz", **given: str) -> Reader:
    facts = {"address": "ana@home.example", "first_name": name.partition(" ")[0], "language": "en"}
    return Reader(**{"name": name, "public_id": "q7Hd93kfLs02mXc81bNv4w", **facts, **given})


def copy(of: Reader | None = None, *, seq: int = 7, attempt: int = 1) -> Copy:
    return Copy(CAMPAIGN, seq, attempt, of or reader(), DATE)


SAMPLE = document(
    section(
        en='## Hello {{ reader.first_name | default("friend") }}\n\n[Write to us](mailto:office@school.example).',
        es='## Hola, {{ reader.first_name | default("familia") }}\n\nEmpiece con algo pequeño.',
    ),
    section(
        "event",
        en="## Workshop\n\nBring one question. ![Two people at a table](https://pictures.example/table.jpg)",
        es="## Taller\n\nTraiga una pregunta.",
        must_know=True,
        attributes={
            "starts": "2026-12-08T18:00",
            "ends": "2026-12-08T19:30",
            "timezone": "America/Chicago",
            "place": "Library",
            "url": "https://school.example/workshop?a=b&c=d#f",
        },
    ),
    section(en="## Read together\n\nSee [the list](https://library.example/list?q={}&lang=en).", bands=("elementary",)),
    section("divider"),
    section("tip", en="## Try it\n\n1. One\n2. Two", bands=("middle", "high")),
    section("resource", en="## Cards\n\nTwelve questions.", attributes={"url": "https://cards.example/set.pdf"}),
    section("quote", en="Now I hear when something is right.", attributes={"by": "A mother, Room 12"}),
    section("button", en="## Thank a teacher", attributes={"url": "https://school.example/thanks"}),
)


def content_of(of: Document = SAMPLE, language: str = "en", who: Identity | None = None) -> Content:
    return Edition(of, who or identity(), LinkTable.of(of, {}, hidden=True)).content(Variant.everything(of, language))


@dataclass(frozen=True)
class Mail:
    """A produced message, raw and as Python's parser reads it."""

    raw: bytes
    parsed: EmailMessage = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parsed", email.message_from_bytes(self.raw, policy=email.policy.default))

    @property
    def head(self) -> str:
        return self.raw.split(b"\r\n\r\n", 1)[0].decode()

    @property
    def text(self) -> str:
        return self._part(0)

    @property
    def html(self) -> str:
        return self._part(1)

    def header_lines(self, name: str) -> list[str]:
        return [line for line in self.head.split("\r\n") if line.lower().startswith(f"{name.lower()}:")]

    def _part(self, at: int) -> str:
        payload = list(self.parsed.iter_parts())[at].get_payload(decode=True)
        assert isinstance(payload, bytes)
        return payload.decode().replace("\r\n", "\n")


def mail(
    content: Content | None = None,
    *,
    to: Reader | None = None,
    who: Identity | None = None,
    postmark: Postmark = Postmark(),  # noqa: B008 - it cannot be changed
    **settings: bool,
) -> Mail:
    sender = who or identity()
    envelope = MessageSettings(sender, CAMPAIGN, postmark=postmark, **settings)
    return Mail(prepare(content or content_of(who=sender), envelope, SIGNER).message(copy(to)))
