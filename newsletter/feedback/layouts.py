"""How servers that keep to no standard name recipients, as a table: the first layout that finds one is taken."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

_A = r"<?[\"']?(?P<address>[^\s<>()\[\],;:\"'@=|]{1,128}@[^\s<>()\[\],;:\"'@=|]{1,255})[\"']?>?"
_MOST = 50


@dataclass(frozen=True, slots=True)
class Told:
    """One recipient, and what is said of it."""

    recipient: str
    words: str


def _layout(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern.replace("ADDRESS", _A), re.IGNORECASE | re.MULTILINE)


_LABELS = (
    r"(?:original |final |failed )?recipients?(?: address)?|rcpt to|undeliverable to|delivered to|mailing list"
    r"|unknown(?: local)? user|no such user|user mailbox exceeds allowed size|delivery failed \d{1,4} attempts"
    r"|(?:e-?mail )?address|failed address(?:es)?|invalid (?:user|recipient|address)|送信先|宛先"
)
_MAIL = r"(?:message|mail|e-?mail|deliver\w*|sent|send|nachricht|mensaje|courrier)"
LAYOUTS = {
    "qmail, Postfix, Yahoo: <address>: words": _layout(r"^[ \t>]{0,6}(?=<)ADDRESS[^:\n]{0,100}:(?![^\s])"),
    "OpenSMTPD, GMX: address: words": _layout(r"^[ \t]{0,8}ADDRESS[ \t]{0,4}:(?![^\s])"),
    "Exim, sendmail, Gmail: the address alone": _layout(r"^[ \t>]{0,12}ADDRESS[ \t]{0,80}$"),
    "old sendmail: 550 <address>... words": _layout(r"^[ \t>]{0,8}(?:[45]\d\d[ -])?ADDRESS\.\.\. "),
    "many: a label, then the address": _layout(rf"\b(?:{_LABELS})[ \t]{{0,8}}[:\uff1a]?[ \t]{{0,8}}ADDRESS"),
    "many: a sentence": _layout(rf"\b{_MAIL}\b[^\n<>@]{{0,100}}\b(?:to|an|a|à|para)[: \t]{{1,4}}ADDRESS"),
    "Exchange, Zoho, Active!hunter: the address, then words": _layout(r"^[ \t]{0,8}(?:>>> )?ADDRESS[ \t]"),
    "any address": _layout("ADDRESS"),
}
_NAMED = list(LAYOUTS.values())[:4]
"""Where the address stands so that it cannot be another's."""


def told_of(words: str, not_of: Sequence[str]) -> list[Told]:
    """Each recipient that a server names and what it says of it; `not_of` are addresses that are none."""
    shunned = {address.lower() for address in not_of}
    tries = [*((layout, shunned) for layout in LAYOUTS.values()), *((layout, set[str]()) for layout in _NAMED)]
    for layout, without in tries:
        found = [one for one in islice(layout.finditer(words), _MOST) if _address(one).lower() not in without]
        if found:
            return _blocks(words, found)
    return []


def labelled(words: str) -> list[str]:
    """The addresses that stand after a label such as `RCPT TO:`."""
    return [_address(one) for one in islice(LAYOUTS["many: a label, then the address"].finditer(words), _MOST)]


def about(recipient: str, words: str) -> str:
    """What is said after a line that names this recipient; nothing where none does."""
    start = words.lower().find(recipient.lower())
    if start < 0 or not recipient:
        return ""
    start = words.rfind("\n", 0, start) + 1
    named = (one for layout in _NAMED for one in layout.finditer(words, start))
    others = (one.start() for one in named if _address(one).lower() != recipient.lower())
    return words[start : min(others, default=len(words))]


def _blocks(words: str, found: list[re.Match[str]]) -> list[Told]:
    starts = [words.rfind("\n", 0, one.start("address")) + 1 for one in found]
    ends = [*starts[1:], len(words)]
    blocks: dict[str, str] = {}
    for one, start, end in zip(found, starts, ends, strict=True):
        address = _address(one)
        key = next((known for known in blocks if known.lower() == address.lower()), address)
        blocks[key] = f"{blocks.get(key, '')}\n{words[start:end]}"
    return [Told(address, block) for address, block in blocks.items()]


def _address(found: re.Match[str]) -> str:
    return found["address"].rstrip(".!?*_`")
