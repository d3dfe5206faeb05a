"""Pictures and attachments of an organization by name, and the documents that use them.

A document writes `![What it shows](media:bake-sale)` for a picture, and `[The form](media:permission-slip)` for an
attachment, or `media:NAME` in a section's own line. To render one:

    targets = media.references(document)
    facts = media.resolved(session, organization_id, targets)
    facts["media:bake-sale"].url(identity.base_url), .width, .height, .size_bytes

What is used and not there is missing from the mapping.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from newsletter.errors import NewsletterError, NotFound

from . import raw_targets, typed
from .document import MEDIA, Document, SectionKind
from .parsing import parse
from .tables import Issue, Media, Revision
from .uploads import Upload

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LONGEST_NAME = 60
_UNNAMED = "file"


class MediaNotFound(NotFound):
    """There is no picture or file of this name. `newsletter media list` shows them."""


class MediaNameInvalid(NewsletterError):
    """A name is made of small letters a to z, digits, and hyphens between them, such as bake-sale."""


class MediaNameTaken(NewsletterError):
    """Another picture or file has this name. Choose another name, or remove that one first."""


class MediaInUse(NewsletterError):
    """An issue uses this, and an issue that was saved is kept for ever. It cannot be removed."""


@dataclass(frozen=True, slots=True)
class MediaFacts:
    """What there is to know of one stored picture or attachment."""

    name: str
    digest: str
    extension: str
    content_type: str
    size_bytes: int
    width: int | None
    """In pixels; None for an attachment."""
    height: int | None
    created_at: datetime

    @property
    def is_picture(self) -> bool:
        """Whether a mail can show it; anything else is linked."""
        return self.width is not None

    @property
    def key(self) -> str:
        """Where its bytes lie in the store."""
        return f"{self.digest}.{self.extension}"

    @property
    def target(self) -> str:
        """What a document writes for it."""
        return f"{MEDIA}{self.name}"

    def url(self, base_url: str) -> str:
        """Where everybody finds it; always the same bytes."""
        return f"{base_url}/media/{self.key}"


def references(document: Document) -> set[str]:
    """The targets `media:NAME` of a document: in its texts' links and pictures, and in its sections' own lines."""
    return {target for target in _targets(document) if target.startswith(MEDIA)}


def resolved(session: Session, organization_id: int, targets: Iterable[str]) -> Mapping[str, MediaFacts]:
    """What is stored for targets, by target; those for which nothing is stored are missing."""
    names = [target.removeprefix(MEDIA) for target in targets]
    of_names = select(Media).where(Media.organization_id == organization_id, Media.name.in_(names))
    return {facts.target: facts for facts in map(facts_of, session.scalars(of_names))}


def known(session: Session, organization_id: int, upload: Upload) -> MediaFacts | None:
    """What is stored of a file already, under whatever name."""
    same = or_(Media.source_digest == upload.source_digest, Media.digest == upload.digest)
    of_file = select(Media).where(Media.organization_id == organization_id, same).order_by(Media.id).limit(1)
    found = session.scalars(of_file).one_or_none()
    return facts_of(found) if found is not None else None


def add(
    session: Session, organization_id: int, upload: Upload, file_name: str, now: datetime, *, name: str = ""
) -> MediaFacts:
    """Name an upload whose bytes are stored already; what is known keeps the name it has.

    Without `name` it is made of the file's name. Raises `MediaNameInvalid`, `MediaNameTaken`.
    """
    before = known(session, organization_id, upload)
    if before is not None:
        return before
    made = Media(
        organization_id=organization_id,
        digest=upload.digest,
        source_digest=upload.source_digest,
        name=_free_name(session, organization_id, file_name) if not name else _own_name(session, organization_id, name),
        extension=upload.extension,
        content_type=upload.content_type,
        size_bytes=len(upload.content),
        width=upload.width,
        height=upload.height,
        created_at=now,
    )
    session.add(made)
    session.flush()
    return facts_of(made)


def get(session: Session, organization_id: int, name: str) -> MediaFacts:
    """What is stored under a name. Raises `MediaNotFound`."""
    return facts_of(_row(session, organization_id, name))


def all_of(session: Session, organization_id: int) -> Sequence[MediaFacts]:
    """Everything that is stored, by name."""
    of_organization = select(Media).where(Media.organization_id == organization_id).order_by(Media.name)
    return [facts_of(row) for row in session.scalars(of_organization)]


def uses(session: Session, organization_id: int, name: str) -> list[tuple[int, int]]:
    """The issues and numbers of the revisions that refer to a name."""
    target = f"{MEDIA}{name}"
    may_use = (
        select(Revision.issue_id, Revision.no, Revision.document)
        .join(Issue, Issue.id == Revision.issue_id)
        .where(Issue.organization_id == organization_id, Revision.document.contains(target, autoescape=True))
        .order_by(Revision.issue_id, Revision.no)
    )
    return [(row.issue_id, row.no) for row in session.execute(may_use) if target in references(parse(row.document))]


def remove(session: Session, organization_id: int, name: str) -> MediaFacts:
    """Take a name away; its bytes go from the store afterwards. Raises `MediaNotFound`, `MediaInUse`."""
    row = _row(session, organization_id, name)
    used = uses(session, organization_id, name)
    if used:
        issue_id, no = used[-1]
        raise MediaInUse(
            f"Revision {no} of issue {issue_id} uses media:{name}, and what was saved is kept for ever. "
            "It cannot be removed."
        )
    facts = facts_of(row)
    session.delete(row)
    session.flush()
    return facts


def has_bytes(session: Session, facts: MediaFacts) -> bool:
    """Whether anybody's item is made of the same bytes."""
    return session.scalar(select(Media.id).where(Media.digest == facts.digest).limit(1)) is not None


def by_key(session: Session, digest: str, extension: str) -> MediaFacts | None:
    """The item that a public address names."""
    of_key = select(Media).where(Media.digest == digest, Media.extension == extension).order_by(Media.id).limit(1)
    found = session.scalars(of_key).one_or_none()
    return facts_of(found) if found is not None else None


def facts_of(row: Media) -> MediaFacts:
    """What a row says."""
    return MediaFacts(
        name=row.name,
        digest=row.digest,
        extension=row.extension,
        content_type=row.content_type,
        size_bytes=row.size_bytes,
        width=row.width,
        height=row.height,
        created_at=row.created_at,
    )


def _row(session: Session, organization_id: int, name: str) -> Media:
    named = select(Media).where(Media.organization_id == organization_id, Media.name == name.removeprefix(MEDIA))
    found = session.scalars(named).one_or_none()
    if found is None:
        raise MediaNotFound(f"There is no picture or file {name!r}. `newsletter media list` shows them.")
    return found


def _own_name(session: Session, organization_id: int, name: str) -> str:
    if not NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise MediaNameInvalid
    if name in _names(session, organization_id, name):
        raise MediaNameTaken(
            f"Another picture or file is called {name}. Choose another name, or remove that one first."
        )
    return name


def _free_name(session: Session, organization_id: int, file_name: str) -> str:
    """`IMG 2041 (Größe).JPG` as `img-2041-grosse`; with a number where that is taken."""
    plain = (
        unicodedata.normalize("NFKD", PurePath(file_name).stem.replace("ß", "ss")).encode("ascii", "ignore").decode()
    )
    stem = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:_LONGEST_NAME].strip("-") or _UNNAMED
    taken = _names(session, organization_id, stem)
    tries = (stem if no == 1 else f"{stem}-{no}" for no in range(1, len(taken) + 2))
    return next(name for name in tries if name not in taken)


def _names(session: Session, organization_id: int, stem: str) -> set[str]:
    """The names that begin so."""
    begins = Media.name.startswith(stem, autoescape=True)
    return set(session.scalars(select(Media.name).where(Media.organization_id == organization_id, begins)))


def _targets(document: Document) -> Iterator[str]:
    for section in document.sections:
        yield from section.attributes.values()
        read = raw_targets.targets if section.kind is SectionKind.MJML else _targets_of_markdown
        for body in section.bodies:
            yield from read(body.text)


def _targets_of_markdown(text: str) -> Iterator[str]:
    for token in typed.parser().parse(text):
        for child in token.children or ():
            yield str(child.attrs.get("href") or child.attrs.get("src") or "")
