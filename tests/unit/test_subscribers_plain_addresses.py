"""The short way for plain addresses decides as `email-validator` does."""

from xml.etree import ElementTree as ET

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given
from hypothesis import strategies as st

from subscribers.addresses import AddressInvalid, EmailAddress
from tests.corpora.test_isemail import CORPUS, SYMBOLS

LOCALS = st.text("abcXYZ019._-+'!#$%&*/=?^`{|}~\"\\ (),:;<>[]@é\u00a0\t\r\n", max_size=12)
LONG_LOCALS = st.integers(60, 70).map(lambda size: "x" * size)
ROLES = st.sampled_from(["INFO", "Info", "info", "PostMaster", "ABUSE", "news", "Ftp", "mailto", "inf\u0130"])
LABELS = st.one_of(
    st.text("abZ09-_ \u00fcé", max_size=6),
    st.sampled_from(["school", "xn--bcher-kva", "xn--", "ab--cd", "XN--BCHER-KVA", "localhost", "local", "invalid"]),
    st.integers(60, 66).map(lambda size: "y" * size),
)
ENDS = st.sampled_from(["example", "EXAMPLE", "test", "org", "c", "123", "invalid", "onion", "arpa", "org.", "]", ""])
DOMAINS = st.builds(lambda labels, end: ".".join([*labels, end]), st.lists(LABELS, max_size=5), ENDS)
NEARLY = st.builds(
    lambda blank, local, at, domain, end: f"{blank}{local}{at}{domain}{end}",
    st.sampled_from(["", "", "", " ", "\t", "\u00a0", "\n"]),
    st.one_of(LOCALS, LONG_LOCALS, ROLES),
    st.sampled_from(["@", "@", "@", "", "@@", "\uff20"]),
    DOMAINS,
    st.sampled_from(["", "", "", " ", "\n", "\x00", "\u2028"]),
)


def judged(text: str) -> tuple[str, bool] | None:
    """What `email-validator` says of a text, which is trimmed as `EmailAddress` trims."""
    try:
        found = validate_email(text.strip(" \t\u00a0"), check_deliverability=False, strict=True, test_environment=True)
    except EmailNotValidError:
        return None
    return f"{found.local_part}@{found.ascii_domain}", found.smtputf8


def parsed(text: str) -> tuple[str, bool] | None:
    try:
        address = EmailAddress.parse(text)
    except AddressInvalid:
        return None
    return address.mailed, address.needs_smtputf8


@given(NEARLY)
@example("x@" + "y" * 63 + "." + "y" * 63 + "." + "y" * 63 + "." + "y" * 57 + ".org")
@example("x" * 64 + "@" + "y" * 63 + "." + "y" * 63 + "." + "y" * 57 + ".org")
@example("INFO@School.example")
def test_a_nearly_good_address_is_judged_as_the_validator_does(text: str) -> None:
    assert parsed(text) == judged(text)


@given(NEARLY)
def test_the_key_of_an_address_is_the_same_however_it_was_read(text: str) -> None:
    mailed = parsed(text)
    if mailed:
        key = EmailAddress.parse(text).key
        assert EmailAddress.parse(key).key == key == EmailAddress.parse(f" {mailed[0]}").key


@pytest.mark.skipif(not CORPUS.exists(), reason=f"the corpus is not here: {CORPUS}")
def test_every_address_of_the_corpus_is_judged_as_the_validator_does() -> None:
    tests = ET.parse(CORPUS).getroot().iter("test")  # noqa: S314 - a file of ours, not of a stranger
    for text in ((test.findtext("address") or "").translate(SYMBOLS) for test in tests):
        assert parsed(text) == judged(text), text
