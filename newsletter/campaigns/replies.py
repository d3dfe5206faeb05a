"""The letter that passes on what a person wrote to us; who answers it writes to that person."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b
from typing import TypeAlias

import structlog
from babel.lists import format_list
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from newsletter.clock import Clock
from newsletter.errors import NewsletterError
from newsletter.events.replies import STREAM
from newsletter.events.returned import Returned
from newsletter.events.tables import Reply
from newsletter.feedback import letters
from newsletter.feedback.letters import Letter
from newsletter.ledger import streams
from newsletter.ledger.tables import Campaign
from newsletter.rendering import dates
from newsletter.rendering.headers import Mailbox, SenderInvalid
from subscribers import lists, suppressions
from subscribers.addresses import AddressInvalid, EmailAddress
from subscribers.db import insert_into
from subscribers.tables import List, Organization

MOST_AN_HOUR = 100
_HOUR = timedelta(hours=1)
_Values: TypeAlias = Mapping[str, str | Sequence[str]]
_log = structlog.get_logger()


class ReplyRefused(NewsletterError):
    """A letter came that cannot be passed on."""


class NobodyReadsReplies(ReplyRefused):
    """A person wrote, and nobody reads it. Set NEWSLETTER_REPLIES_TO to an address where people read."""


class RepliesComeBack(ReplyRefused):
    """Mail to NEWSLETTER_REPLIES_TO comes here itself. Set it to an address whose mail goes to people."""


class RepliesSuppressed(ReplyRefused):
    """The address in NEWSLETTER_REPLIES_TO is never mailed. Lift its suppression, or set another address."""


class NoListToPassOnBy(ReplyRefused):
    """A mail goes in the name of a list, and there is none yet. Make one: newsletter lists create."""


class TooManyReplies(ReplyRefused):
    """More letters came in an hour than are passed on. Look who writes them; later ones are taken again."""


@dataclass(frozen=True, slots=True)
class ReplyLetter:
    """What tells one letter from another; what was written stands in `Reply`."""

    list_id: int
    language: str
    reply_id: int

    def __str__(self) -> str:
        return f"{STREAM}:{self.list_id}:{self.language}:{self.reply_id}"

    @classmethod
    def parse(cls, text: str) -> "ReplyLetter":
        """Read what `str` wrote."""
        _, list_id, language, reply_id = text.split(":", 3)
        return cls(int(list_id), language, int(reply_id))

    @property
    def list_ids(self) -> tuple[int]:
        """The one list in whose name it goes."""
        return (self.list_id,)

    def values(self, session: Session) -> _Values:
        """What the letter says of its own; little where its writer was erased when a sender had it in hand."""
        reply = session.get(Reply, self.reply_id) or Reply(
            from_name="", from_address="—", subject="", text="", files=[]
        )
        return {
            "name": reply.from_name or reply.from_address,
            "address": reply.from_address,
            "re": reply.subject,
            "lines": reply.text.splitlines(),
            "files": str(format_list(reply.files, locale=dates.locale_of(self.language))),
        }

    def answers_to(self, session: Session) -> str:
        """Who wrote, as a Reply-To; empty where no mail can be answered to them."""
        reply = session.get(Reply, self.reply_id)
        if reply is None:
            return ""
        name = reply.from_name.translate(str.maketrans("", "", '<>"'))
        try:
            Mailbox.parse(written := f"{name} <{reply.from_address}>")
        except SenderInvalid:
            return ""
        return written


@dataclass(frozen=True, slots=True)
class Replies:
    """Passes letters by people on."""

    clock: Clock
    organization: Organization
    to: str
    """Where people read; empty: nowhere."""
    language: str
    senders: Collection[str]
    """In whose names we write ourselves, as people write a From; lists may have their own."""

    def take(self, raw: bytes, session: Session, found: Sequence[Returned]) -> None:
        """Pass on the letter in a message, in the caller's transaction; the same again does nothing.

        What machines and we ourselves wrote is left alone. Raises `ReplyRefused`; then nothing is kept.
        """
        letter = letters.letter_in(raw, tuple(each.verdict for each in found))
        writer = _writer(letter) if letter else None
        if letter is None or writer is None or writer.key in self._own(session):
            return
        self._refuse_what_reaches_nobody(session, letter)
        reply_id = self._keep(session, letter, writer, _list_id(session, self.organization.id, found))
        if reply_id is not None:
            self._refuse_too_many(session)
            self._pass_on(session, session.get_one(Reply, reply_id))

    def _refuse_what_reaches_nobody(self, session: Session, letter: Letter) -> None:
        if not self.to:
            raise NobodyReadsReplies
        to = EmailAddress.parse(self.to)
        if any(_key(address) == to.key for address in letter.delivered_to):
            raise RepliesComeBack
        if suppressions.is_suppressed(session, self.organization, to):
            raise RepliesSuppressed

    def _refuse_too_many(self, session: Session) -> None:
        lately = select(func.count()).where(Reply.received_at > self.clock.now() - _HOUR)
        if session.scalars(lately).one() > MOST_AN_HOUR:
            raise TooManyReplies

    def _keep(self, session: Session, letter: Letter, writer: EmailAddress, list_id: int) -> int | None:
        """The number of the letter; None where it is known already."""
        row = {
            "organization_id": self.organization.id,
            "digest": _digest(letter),
            "list_id": list_id,
            "from_name": letter.from_name,
            "from_address": writer.mailed,
            "from_key": writer.key,
            "subject": letter.subject,
            "text": letter.text,
            "files": list(letter.files),
            "received_at": self.clock.now(),
        }
        kept = insert_into(session, Reply).values(**row).on_conflict_do_nothing(index_elements=["digest"])
        return session.scalar(kept.returning(Reply.id))

    def _pass_on(self, session: Session, reply: Reply) -> None:
        campaign_id = streams.ensure(session, self.clock, self.organization.id, STREAM)
        variant = str(ReplyLetter(reply.list_id, self.language, reply.id))
        streams.append(session, self.clock, campaign_id, to_address=self.to, variant=variant, dedupe=reply.digest)
        _log.info("A letter was passed on.", reply=reply.id)

    def _own(self, session: Session) -> set[str]:
        rows = session.execute(select(List.from_address, List.reply_to)).all()
        written = [*self.senders, self.to, *(one for row in rows for one in row if one)]
        return {_key(one.rpartition("<")[2].rstrip("> ")) for one in written if one}


def _writer(letter: Letter) -> EmailAddress | None:
    try:
        return EmailAddress.parse(letter.from_address)
    except AddressInvalid:
        _log.warning("A letter names no sender who can be answered, and is not passed on.")
        return None


def _key(address: str) -> str:
    try:
        return EmailAddress.parse(address).key
    except AddressInvalid:
        return ""


def _digest(letter: Letter) -> str:
    said = (letter.message_id, letter.date, letter.from_address, letter.subject, letter.text, *letter.files)
    return blake2b("\0".join(said).encode("utf-8", "replace"), digest_size=16).hexdigest()


def _list_id(session: Session, organization_id: int, found: Sequence[Returned]) -> int:
    """The list of the copy that is answered, else the foremost."""
    for each in found:
        campaign = session.get(Campaign, each.key.campaign_id) if each.key else None
        if campaign is not None and campaign.list_id is not None:
            return campaign.list_id
    foremost = lists.foremost(session, organization_id)
    if foremost is None:
        raise NoListToPassOnBy
    return foremost.id
