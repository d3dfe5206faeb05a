"""From a chunk's variant to the message that its copies are made from, compiled once and kept."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from sqlalchemy.orm import Session

from newsletter.campaigns.arms import with_subject_b
from newsletter.campaigns.lanes import ARM_B
from newsletter.campaigns.streams import TEST, TestIssue
from newsletter.issues import issues
from newsletter.issues.document import Document
from newsletter.issues.tables import Revision
from newsletter.ledger.attempts import Due
from newsletter.ledger.states import get
from newsletter.ledger.tables import Campaign
from newsletter.rendering.compile import compile_letter
from newsletter.rendering.editions import Edition
from newsletter.rendering.links import LinkTable
from newsletter.rendering.pictures import Pictures
from newsletter.rendering.prepared import Copy, MessageSettings, PreparedMessage, prepare
from newsletter.rendering.readers import Identity, Postmark, Reader, first_name_of
from newsletter.rendering.variants import Variant
from newsletter.tokens import Signer
from subscribers.db import Database
from subscribers.tables import List

from .letters import LETTERS, listed

IdentityOf: TypeAlias = Callable[[List], Identity]
EditionOf: TypeAlias = Callable[[Session, Document, List, LinkTable | None], Edition]
PicturesOf: TypeAlias = Callable[[Session], Pictures]
"""What is stored of what every letter shows, such as the logo."""
NOBODY = "nobody"
"""The public id in a test mail's links: they verify, and find no reader."""
_KEPT = 64


class Composer:
    """Compiles each (campaign, variant, arm) once; safe for many threads."""

    def __init__(
        self,
        database: Database,
        signer: Signer,
        identity_of: IdentityOf,
        edition_of: EditionOf,
        pictures_of: PicturesOf,
        postmark: Postmark,
    ) -> None:
        self._database = database
        self._signer = signer
        self._identity_of = identity_of
        self._edition_of = edition_of
        self._pictures_of = pictures_of
        self._postmark = postmark
        self._kept: OrderedDict[tuple[int, str, str], PreparedMessage] = OrderedDict()
        self._last_edition: dict[tuple[int, str], Edition] = {}
        self._lock = threading.Lock()

    def prepared(self, campaign_id: int, variant: str, arm: str = "") -> PreparedMessage:
        """The prepared message of a variant and arm: from what was kept, or compiled now."""
        key = (campaign_id, variant, arm)
        with self._lock:
            if key not in self._kept:
                with self._database.reading() as session:
                    self._kept[key] = self._compile(session, get(session, campaign_id), variant, arm)
                if len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            return self._kept[key]

    def _compile(self, session: Session, campaign: Campaign, variant: str, arm: str) -> PreparedMessage:
        stream = (campaign.stream or "").partition(":")[0]  # a list may have a stream of its own: still-right:LIST
        if stream in LETTERS:
            return self._letter(session, campaign.id, stream, variant)
        if stream == TEST:
            return self._test_issue(session, campaign.id, TestIssue.parse(variant))
        return self._issue(session, campaign, Variant.parse(variant), arm)

    def _issue(self, session: Session, campaign: Campaign, variant: Variant, arm: str) -> PreparedMessage:
        list_ = session.get_one(List, campaign.list_id)
        edition = self._edition(session, campaign, list_, arm)
        return self._of_edition(edition, variant, campaign.id)

    def _edition(self, session: Session, campaign: Campaign, list_: List, arm: str) -> Edition:
        """What all variants of a campaign's arm have in common; the last one's is kept."""
        key = (campaign.id, arm)
        if key not in self._last_edition:
            document = issues.document_of(session.get_one(Revision, campaign.revision_id))
            table = LinkTable.of(document, list_.utm, hidden=self._identity_of(list_).hidden_link)
            if arm == ARM_B:
                document = with_subject_b(document, campaign.subject_b)
            self._last_edition = {key: self._edition_of(session, document, list_, table)}
        return self._last_edition[key]

    def _test_issue(self, session: Session, campaign_id: int, shown: TestIssue) -> PreparedMessage:
        document = issues.document_of(session.get_one(Revision, shown.revision_id))
        edition = self._edition_of(session, document, session.get_one(List, shown.list_id), LinkTable())
        return self._of_edition(edition, shown.variant, campaign_id)

    def _of_edition(self, edition: Edition, variant: Variant, campaign_id: int) -> PreparedMessage:
        settings = MessageSettings(edition.identity.in_language(variant.language), campaign_id, postmark=self._postmark)
        return prepare(edition.content(variant), settings, self._signer)

    def _letter(self, session: Session, campaign_id: int, stream: str, variant: str) -> PreparedMessage:
        kind = LETTERS[stream]
        letter = kind.parse(variant)
        named = [session.get_one(List, list_id) for list_id in letter.list_ids]
        language = letter.language
        identity = self._identity_of(named[0]).in_language(language)
        spoken_of = replace(identity, list_name=listed(named, language))
        said = kind.values_of(session, letter, named)
        identity = replace(identity, reply_to=kind.answers_to(session, letter) or identity.reply_to)
        content = compile_letter(stream, language, spoken_of, said, pictures=self._pictures_of(session))
        settings = MessageSettings(
            identity, campaign_id, auto_submitted=True, list_headers=kind.can_be_left, postmark=self._postmark
        )
        return prepare(content, settings, self._signer)


def copy_of(campaign_id: int, due: Due, date: str) -> Copy:
    """One reader's copy of a prepared message; `date` is its Date header."""
    name = due.name or (due.payload or {}).get("name", "")
    reader = Reader(
        address=due.to_address,
        name=name,
        first_name=first_name_of(name),
        language=due.language,
        public_id=due.public_id or NOBODY,
    )
    return Copy(campaign_id, due.seq, due.attempt, reader, date)
