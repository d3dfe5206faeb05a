"""A reader's own values: how each slot is spelled out of them, and what they are for one copy."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import chain
from typing import NamedTuple, TypeAlias

from newsletter.tokens import OPEN_LINK, VIEW_LINK, ReaderPurpose, Signer, base36

from . import merge
from .content import (
    ConfirmSlot,
    LetterSlot,
    LinkSlot,
    MergeSlot,
    OpenSlot,
    PersonalSlot,
    Pieces,
    PreferencesSlot,
    Slot,
    SubmitSlot,
    UnsubscribeSlot,
    ViewSlot,
)
from .readers import Identity, Reader

_TAG_LENGTH = 8


class Copy(NamedTuple):
    """One attempt of one delivery: the mail of one reader. `date` is as RFC 5322 writes it."""

    campaign_id: int
    seq: int
    attempt: int
    reader: Reader
    date: str


@dataclass(frozen=True, slots=True)
class Tag:
    """The signature of one link of the mail."""

    link_no: int


class Token(Enum):
    """What a URL slot is made of beside constants and tags."""

    HEAD = "head"
    """What all links of a delivery share."""
    UNSUBSCRIBE = "unsubscribe"
    PREFERENCES = "preferences"
    CONFIRM = "confirm"


@dataclass(frozen=True, slots=True)
class PersonalToken:
    """The reader's token for what is held about them, until an hour."""

    ends: int


@dataclass(frozen=True, slots=True)
class SubmitToken:
    """The token of a submission; the same for every reader."""

    public_id: str


Variable: TypeAlias = Tag | Token | PersonalToken | SubmitToken | MergeSlot
Spelled: TypeAlias = tuple[str | Variable, ...]

_READER_PURPOSES = {
    Token.UNSUBSCRIBE: ReaderPurpose.UNSUBSCRIBE,
    Token.PREFERENCES: ReaderPurpose.PREFERENCES,
    Token.CONFIRM: ReaderPurpose.CONFIRM,
}
_READER_PAGES: Mapping[type[Slot], tuple[str, Token]] = {
    UnsubscribeSlot: ("unsubscribe", Token.UNSUBSCRIBE),
    PreferencesSlot: ("preferences", Token.PREFERENCES),
    ConfirmSlot: ("confirm", Token.CONFIRM),
}


def unsubscribe_url(base_url: str, token: str) -> str:
    """Where RFC 8058 posts to; a token of the reader and the list follows."""
    return f"{base_url}/unsubscribe/{token}"


def spelled(pieces: Pieces, base_url: str) -> Spelled:
    """The pieces with each URL slot spelled out of constants and variables."""
    return tuple(
        chain.from_iterable((piece,) if isinstance(piece, str) else _spell(piece, base_url) for piece in pieces)
    )


class ReaderValues:
    """The values of a mail's variables, for one copy after another."""

    def __init__(
        self,
        pieces: Iterable[str | Variable],
        facts: Mapping[str, Mapping[str, str]],
        identity: Identity,
        signer: Signer,
    ) -> None:
        found = dict.fromkeys(piece for piece in pieces if not isinstance(piece, str))
        tags = [variable for variable in found if isinstance(variable, Tag)]
        others = [variable for variable in found if not isinstance(variable, Tag)]
        self.variables: tuple[Variable, ...] = (*tags, *others)
        self._signer, self._facts, self._list_id = signer, facts, identity.list_id
        self._last = max((tag.link_no for tag in tags), default=0)
        self._slices = [slice(tag.link_no * _TAG_LENGTH, (tag.link_no + 1) * _TAG_LENGTH) for tag in tags]
        self._makers = [self._maker(variable) for variable in others]

    def of(self, copy: Copy) -> list[str]:
        """One value a variable, in the order of `variables`; merge values are plain text of one line."""
        values = []
        if self._slices:
            tags = self._signer.mail_tags(copy.campaign_id, copy.seq, self._last)
            values = [tags[part] for part in self._slices]
        values += [make(copy) for make in self._makers]
        return values

    def _maker(self, variable: Token | PersonalToken | SubmitToken | MergeSlot) -> Callable[[Copy], str]:
        if isinstance(variable, MergeSlot):
            evaluate, facts = merge.evaluator(variable.expression), dict(self._facts)
            return lambda copy: evaluate({**facts, "reader": _reader_facts(copy.reader)})
        if variable is Token.HEAD:
            return lambda copy: self._signer.mail_head(copy.campaign_id, copy.seq)
        if isinstance(variable, PersonalToken):
            ends = variable.ends
            return lambda copy: self._signer.reader_token(ReaderPurpose.PERSONAL, copy.reader.public_id, ends)
        if isinstance(variable, SubmitToken):
            token = self._signer.reader_token(ReaderPurpose.SUBMIT, variable.public_id)
            return lambda copy: token  # noqa: ARG005 - whoever reads it
        purpose = _READER_PURPOSES[variable]
        list_id = 0 if variable is Token.PREFERENCES else self._list_id
        return lambda copy: self._signer.reader_token(purpose, copy.reader.public_id, list_id)


def _spell(slot: Slot, base_url: str) -> Spelled:
    match slot:
        case MergeSlot():
            return (slot,)
        case LinkSlot(no):
            return _mail_link(f"{base_url}/c/", no)
        case OpenSlot():
            return (*_mail_link(f"{base_url}/o/", OPEN_LINK), ".gif")
        case ViewSlot():
            return _mail_link(f"{base_url}/view/", VIEW_LINK)
        case PersonalSlot() | SubmitSlot():
            return _letter_link(slot, base_url)
        case _:
            page, token = _READER_PAGES[type(slot)]
            return (f"{base_url}/{page}/", token)


def _letter_link(slot: LetterSlot, base_url: str) -> Spelled:
    if isinstance(slot, SubmitSlot):
        return (f"{base_url}/submit/", SubmitToken(slot.public_id))
    return (f"{base_url}/personal/", PersonalToken(slot.ends))


def _mail_link(prefix: str, link_no: int) -> Spelled:
    return (prefix, Token.HEAD, f".{base36(link_no)}.", Tag(link_no))


def _reader_facts(reader: Reader) -> Mapping[str, str]:
    return {"first_name": reader.first_name, "name": reader.name}
