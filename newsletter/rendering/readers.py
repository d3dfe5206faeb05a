"""Who a mail is for, and in whose name it goes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from newsletter.return_paths import ReturnPath
from subscribers.lists import in_language


class Reader(NamedTuple):
    """What a mail needs of its reader. `address` is as it is mailed: its domain in ASCII."""

    address: str
    name: str
    first_name: str
    language: str
    public_id: str
    time_zone: str = ""


@dataclass(frozen=True, slots=True)
class Brand:
    """How an organization shows itself. What is empty, the theme decides."""

    logo: str = ""
    """An https address, or `media:` and the name of what is stored."""
    colour: str = ""
    """`#rrggbb`, told well from white."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a list's mails have in common: the sender, the list, where links lead."""

    organization: str
    list_id: int
    list_slug: str
    list_name: str
    from_header: str
    """A name and an address, as people write them: `Our school <letters@school.example>`."""
    reply_to: str
    postal_address: str
    base_url: str
    """Without a slash at its end."""
    tracking_pixel: bool = True
    hidden_link: bool = False
    """Whether its issues carry the link that no reader sees."""
    theme: str = ""
    """A folder of `templates/mail`, for what names none itself; empty for the usual one."""
    brand: Brand = Brand()
    list_names: Mapping[str, str] = field(default_factory=dict, hash=False)
    """The list's name in other languages, by code."""

    def in_language(self, language: str) -> "Identity":
        """The same, with the list's name as readers of that language know it."""
        return replace(self, list_name=in_language(self.list_names, language) or self.list_name)


@dataclass(frozen=True, slots=True)
class Postmark:
    """What the mail of an installation bears beside its content."""

    return_path: ReturnPath | None = None
    """Where refusals go; to the sender if None."""
    seal: Callable[[bytes], bytes] | None = None
    """Signs a whole message; None where the way it leaves does that."""


@dataclass(frozen=True, slots=True)
class MessageSettings:
    """What a campaign's mails have in common beside their content."""

    identity: Identity
    campaign_id: int
    auto_submitted: bool = False
    """For answers to something the reader did, such as a confirmation (RFC 3834)."""
    list_headers: bool = True
    """Whether the mail belongs to a list that can be left."""
    postmark: Postmark = Postmark()


def first_name_of(name: str) -> str:
    """The word a letter addresses a person by; empty where there is no name."""
    return name.split(maxsplit=1)[0] if name.strip() else ""
