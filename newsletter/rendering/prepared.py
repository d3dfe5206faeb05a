"""Prepared messages: a variant's constants are encoded once; a reader's mail is then a join of strings.

A message for SMTP is `message(copy)`. A provider that fills in the values itself gets `personalized()` once a call and
`values(copy)` for each reader.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from newsletter.tokens import Signer

from . import headers
from .content import Content, MergeSlot
from .faces import Face, Faced, Faces, Hole
from .readers import Identity, MessageSettings
from .values import Copy, Token, unsubscribe_url
from .wire import Wire

__all__ = ["Copy", "MessageSettings", "Personalized", "PreparedMessage", "Rendered", "prepare", "rendered"]


@dataclass(frozen=True, slots=True)
class Rendered:
    """A mail with a reader's values in it."""

    subject: str
    html: str
    text: str


@dataclass(frozen=True, slots=True)
class Personalized:
    """A mail whose values stand as substitution tags, and the header fields that are the same for all readers."""

    subject: str
    html: str
    text: str
    from_mailbox: headers.Mailbox
    reply_to: headers.Mailbox | None
    headers: Mapping[str, str]
    own_headers: Mapping[str, str]
    """The header fields by which each reader leaves the list in one click (RFC 8058), with tags."""
    tags: Sequence[str]
    worded: Sequence[int]
    """Which tags stand for what people wrote; all others stand for letters, digits, `-`, `_` and `.`."""


def prepare(content: Content, envelope: MessageSettings, signer: Signer) -> "PreparedMessage":
    """Encode a variant's constants. Raises `headers.SenderInvalid`."""
    return PreparedMessage(content, envelope, signer)


def rendered(content: Content, identity: Identity, signer: Signer, copy: Copy) -> Rendered:
    """One reader's mail as text: for previews and web copies."""
    faces = Faces(content, identity, signer)
    values = faces.values(copy)
    return Rendered(*(faces.filled(face, values) for face in (faces.subject, faces.html, faces.text)))


class PreparedMessage:
    """One variant of a campaign, ready to be written for one reader after another. Threads may share it."""

    def __init__(self, content: Content, envelope: MessageSettings, signer: Signer) -> None:
        self._envelope = envelope
        self._faces = Faces(content, envelope.identity, signer)
        self._wire = Wire(self._faces, envelope, signer)
        self._sender = headers.sender(envelope.identity).address
        self._return_path, self._seal = envelope.postmark.return_path, envelope.postmark.seal
        stem = _stem(content)
        self._tags = [f"-{stem}.{at}-" for at in range(len(self._faces.holes))]
        self._escaping = [(at, hole) for at, hole in enumerate(self._faces.holes) if hole.face is Face.HTML]

    def message(self, copy: Copy) -> bytes:
        """The whole message (RFC 5322) with CRLF line ends. No line begins with a dot."""
        written = self._wire.message(copy)
        return written if self._seal is None else self._seal(written)

    def return_path(self, copy: Copy) -> str:
        """The address of the envelope's sender, where refusals of this copy go (RFC 5321, MAIL FROM)."""
        return self._sender if self._return_path is None else self._return_path.of(self._wire.key(copy))

    def key(self, copy: Copy) -> str:
        """What names this copy to the outside; the left side of its Message-ID too."""
        return self._wire.key(copy)

    def personalized(self) -> Personalized:
        """The mail with a substitution tag in each hole."""
        identity = self._envelope.identity
        shared = headers.shared(identity, self._envelope.campaign_id, list_headers=self._envelope.list_headers)
        mailboxes = ("From", "Reply-To")
        return Personalized(
            subject=self._tagged(self._faces.subject),
            html=self._tagged(self._faces.html),
            text=self._tagged(self._faces.text),
            from_mailbox=headers.sender(identity),
            reply_to=headers.Mailbox.parse(identity.reply_to) if identity.reply_to else None,
            headers={name: value.replace("\r\n", "") for name, value in shared.items() if name not in mailboxes},
            own_headers=self._own_headers(),
            tags=self._tags,
            worded=[at for at, hole in enumerate(self._faces.holes) if isinstance(hole.variable, MergeSlot)],
        )

    def values(self, copy: Copy) -> list[str]:
        """One reader's value for each of the tags: escaped where it stands in HTML, plain elsewhere."""
        values = self._faces.values(copy)
        for at, hole in self._escaping:
            values[at] = hole.plain(values[at])
        return values

    def substitutions(self, copy: Copy) -> dict[str, str]:
        """The values of one reader by substitution tag."""
        return dict(zip(self._tags, self.values(copy), strict=True))

    def _own_headers(self) -> dict[str, str]:
        if not self._envelope.list_headers:
            return {}
        token = self._tags[self._faces.place[Hole(Token.UNSUBSCRIBE, Face.URL)]]
        url = unsubscribe_url(self._envelope.identity.base_url, token)
        return {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": headers.ONE_CLICK}

    def _tagged(self, face: Faced) -> str:
        return "".join(piece if isinstance(piece, str) else self._tags[self._faces.place[piece]] for piece in face)


def _stem(content: Content) -> str:
    """Letters that no reader can guess from outside, so that no name holds a substitution tag."""
    return blake2b(repr(content).encode("utf-8", "replace"), digest_size=6).hexdigest()
