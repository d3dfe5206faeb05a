"""Small real messages to hand to a transport."""

from collections.abc import Sequence

from newsletter.rendering.content import Content
from newsletter.rendering.prepared import Copy, MessageSettings, PreparedMessage, prepare
from newsletter.rendering.readers import Identity, Reader
from newsletter.sending.outcomes import Outcome
from newsletter.sending.transports import Outgoing
from newsletter.tokens import Signer

SECRET = "a secret of the tests, long enough"


def a_prepared_message(body: str = "Hello.") -> PreparedMessage:
    """A message of one constant."""
    identity = Identity(
        organization="Maple Families",
        list_id=1,
        list_slug="families",
        list_name="Families",
        from_header="Maple Families <news@maple.example>",
        reply_to="",
        postal_address="1 Main Street",
        base_url="https://maple.example",
    )
    content = Content(("Five small bridges",), (f"<p>{body}</p>",), (body,))
    return prepare(content, MessageSettings(identity, 7), Signer([SECRET]))


def a_group(prepared: PreparedMessage, *addresses: str) -> list[Outgoing]:
    """One copy for each address, `seq` from 1."""
    return [
        Outgoing(
            seq,
            address,
            prepared,
            Copy(7, seq, 1, Reader(address, "Ana Ruiz", "Ana", "en", "x" * 16), "Wed, 02 Dec 2026 12:00:00 +0000"),
        )
        for seq, address in enumerate(addresses, 1)
    ]


class Notes:
    """A journal that keeps what it is told."""

    def __init__(self) -> None:
        self.begun_seqs: list[int] = []
        self.answers: dict[int, Outcome] = {}
        self.states_of_1: list[str] = []

    def begun(self, seqs: Sequence[int]) -> None:
        self.begun_seqs += seqs

    def replied(self, seq: int, outcome: Outcome) -> None:
        self.answers[seq] = outcome
        if seq == 1:
            self.states_of_1.append(outcome.state.value)
