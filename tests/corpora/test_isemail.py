"""Address parsing, judged by Dominic Sayers' addresses."""

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from subscribers.addresses import AddressInvalid, EmailAddress

CORPUS = Path(__file__).parents[3] / "shared" / "corpora" / "isemail" / "tests.xml"
GOOD = {
    "ISEMAIL_VALID_CATEGORY": "plain and good",
    "ISEMAIL_DNSWARN": "the syntax is good; what the DNS says of the domain is not asked here",
}
REFUSED = {
    "ISEMAIL_ERR": "no address at all",
    "ISEMAIL_RFC5321": "a quoted local part or a number for a domain: good for SMTP, but nobody types one on purpose",
    "ISEMAIL_CFWS": "comments and folded blanks belong to a header, not to a list of readers",
    "ISEMAIL_DEPREC": "RFC 5322 forbids to write these; they are only for reading old mail",
    "ISEMAIL_RFC5322": "good in a header, but no SMTP server may be asked for them",
}
"""Where we differ on purpose: to the corpus all but the first are addresses, with a warning."""
NO_DOT = {"test@io"}
"""Good syntax that nobody can be reached at: the domain has no dot."""
TRIMMED = {" test@iana.org", "test@iana.org "}
"""Bad syntax that a paste leaves: the blanks are taken off."""
SYMBOLS = {0x2400 + code: code for code in range(0x20)}
"""The corpus writes control characters as their symbols."""


pytestmark = pytest.mark.skipif(not CORPUS.exists(), reason=f"the corpus is not here: {CORPUS}")


def addresses() -> Iterator[tuple[str, bool]]:
    if CORPUS.exists():
        for test in ET.parse(CORPUS).getroot().iter("test"):  # noqa: S314 - a file of ours, not of a stranger
            text = (test.findtext("address") or "").translate(SYMBOLS)
            is_good = test.findtext("category") in GOOD and text not in NO_DOT
            yield text, is_good or text in TRIMMED


def test_the_corpus_is_read() -> None:
    assert len(list(addresses())) == 164
    categories = {test.findtext("category") for test in ET.parse(CORPUS).getroot().iter("test")}  # noqa: S314 - as above
    assert categories == GOOD.keys() | REFUSED.keys()


@pytest.mark.parametrize(("text", "is_good"), [pytest.param(*case, id=repr(case[0])) for case in addresses()])
def test_an_address_is_taken_exactly_where_it_is_good_and_plain(text: str, is_good: bool) -> None:
    if is_good:
        assert EmailAddress.parse(text).mailed.rpartition("@")[2].isascii()
    else:
        with pytest.raises(AddressInvalid):
            EmailAddress.parse(text)
