"""What a reader gets of a mail's HTML: its words, where its links lead, and its pictures."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

_UNSEEN = frozenset(["head", "style", "script"])


@dataclass
class MailParts(HTMLParser):
    """Read from HTML as a mail program other than Outlook sees it: what is in comments is not there."""

    html: str
    links: list[str] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)
    _words: list[str] = field(default_factory=list)
    _unseen: int = 0

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.html)
        self.close()

    @property
    def words(self) -> list[str]:
        return " ".join(self._words).split()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._unseen += tag in _UNSEEN
        if tag == "a" and given.get("href"):
            self.links.append(str(given["href"]))
        if tag == "img":
            self.pictures.append(str(given.get("src")))

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in _UNSEEN

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self._words.append(data)
