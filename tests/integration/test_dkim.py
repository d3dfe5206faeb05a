"""What we sign, `dkimpy` verifies: for every message we make, with either kind of key; and nothing altered passes."""

import re

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.campaigns.streams import CONFIRM
from newsletter.dkim import DkimInvalid, Seal
from newsletter.rendering.compile import compile_letter
from newsletter.rendering.content import Content, MergeSlot, Pieces
from newsletter.rendering.readers import Postmark
from tests.support.mails import identity, mail, reader
from tests.support.signatures import DOMAIN, KINDS, SELECTOR, SENDER, Key, a_key

_TEXT = st.text(
    st.sampled_from("ab  \t\n.=:;ñ🎈<&\"'%") | st.characters(exclude_categories=["Cs"], exclude_characters="\r"),
    max_size=60,
)


@pytest.fixture(params=KINDS)
def key(request: pytest.FixtureRequest) -> Key:
    return a_key(request.param)


def signature_of(raw: bytes) -> str:
    """The signature field, with its folds."""
    found = re.match(rb"DKIM-Signature:.*?\r\n(?! )", raw, re.DOTALL)
    assert found is not None
    return found[0].decode("ascii")


def signed_fields(raw: bytes) -> list[str]:
    found = re.search(r"\bh=([^;]*);", signature_of(raw))
    assert found is not None
    return re.sub(r"\s", "", found[1]).split(":")


def test_a_campaigns_mail_verifies_and_covers_both_ways_to_leave(key: Key) -> None:  # M8
    raw = mail(postmark=Postmark(seal=key.seal())).raw
    assert key.vouches_for(raw)
    fields = signed_fields(raw)
    assert {"List-Unsubscribe", "List-Unsubscribe-Post"} < set(fields)
    written = [line.partition(":")[0] for line in mail().head.split("\r\n") if line[0] != " "]
    assert sorted(fields) == sorted([*written, "From"])


def test_the_signature_stands_in_front_on_short_lines_and_changes_nothing_else(key: Key) -> None:
    signed, bare = mail(postmark=Postmark(seal=key.seal())).raw, mail().raw
    signature = signature_of(signed)
    assert signed == signature.encode() + bare
    assert all(len(line) <= 76 for line in signature.split("\r\n"))
    assert "c=relaxed/relaxed" in signature


def test_a_second_sender_cannot_be_added(key: Key) -> None:  # RFC 6376, section 8.15
    raw = mail(postmark=Postmark(seal=key.seal())).raw
    assert signed_fields(raw).count("From") == 2
    assert not key.vouches_for(b"From: Principal <principal@school.example>\r\n" + raw)
    assert not key.vouches_for(raw.replace(b"\r\nTo:", b"\r\nFrom: Principal <principal@school.example>\r\nTo:", 1))


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (b"Subject: Five small", b"Subject: Six small"),
        (b"To: ", b"To: X"),
        (b"/unsubscribe/u", b"/unsubscribe/v"),
        (b"One-Click", b"Two-Click"),
        (b"Springfield", b"Springfeld"),
        (b"multipart/alternative", b"multipart/mixed"),
    ],
)
def test_a_mail_altered_on_its_way_does_not_verify(key: Key, was: bytes, becomes: bytes) -> None:
    raw = mail(postmark=Postmark(seal=key.seal())).raw
    assert was in raw
    assert not key.vouches_for(raw.replace(was, becomes, 1))


def test_a_relay_may_fold_lines_and_squeeze_blanks(key: Key) -> None:
    raw = mail(postmark=Postmark(seal=key.seal())).raw
    head, _, body = raw.partition(b"\r\n\r\n")
    folded = head.replace(b"Feedback-ID: ", b"feedback-id:\r\n\t ").replace(
        b"MIME-Version: 1.0", b"MIME-Version:1.0 \t"
    )
    assert folded != head
    assert key.vouches_for(folded + b"\r\n\r\n" + body + b"\r\n\r\n")


def test_a_letter_of_confirmation_verifies_without_list_headers(key: Key) -> None:
    content = compile_letter(CONFIRM, "en", identity())
    raw = mail(content, postmark=Postmark(seal=key.seal()), auto_submitted=True, list_headers=False).raw
    assert key.vouches_for(raw)
    assert "Auto-Submitted" in signed_fields(raw)
    assert "List-Unsubscribe" not in signed_fields(raw)


@pytest.mark.parametrize(
    "body", [b"", b"\r\n\r\n", b" \t\r\n", b"no line end", b"a \t b\t\r\n\r\n\r\n", b"a\r\n \r\n b\r\n"]
)
@pytest.mark.parametrize("head", [b"From: a@school.example", b"from:a@school.example \r\nSubject:\r\n  a\r\n\tb"])
def test_bodies_and_heads_are_read_as_the_standard_says(key: Key, head: bytes, body: bytes) -> None:
    assert key.vouches_for(key.seal()(head + b"\r\n\r\n" + body))


@settings(max_examples=50)
@given(_TEXT, _TEXT, st.lists(_TEXT, max_size=4), st.sampled_from(KINDS), st.integers(0, 400))
def test_every_mail_verifies_whatever_stands_in_it(
    subject: str, name: str, paragraphs: list[str], kind: str, length: int
) -> None:
    key = a_key(kind)
    pieces: Pieces = (*paragraphs, MergeSlot("{{ reader.name }}"))
    content = Content((subject, MergeSlot("{{ reader.first_name }}")), pieces, pieces, {})
    to = reader(name, address="señora@home.example", public_id="x" * (length % 40 + 1))
    who = identity(base_url=f"https://school.example/{'long' * length}", organization=name)
    assert key.vouches_for(mail(content, to=to, who=who, postmark=Postmark(seal=key.seal())).raw)


def test_a_signature_tells_when_it_was_made() -> None:
    key = load_pem_private_key(a_key("ed25519").pem.encode(), None)
    seal = Seal(DOMAIN, SELECTOR, key, now=lambda: 1_780_000_000.7)  # type: ignore[arg-type]  # it is Ed25519
    assert "; t=1780000001;" in signature_of(seal(mail().raw))


def test_a_domain_as_long_as_domains_get_still_verifies() -> None:
    domain = ".".join(["a" * 60] * 3 + ["school.example"])
    seal = Seal.parse(domain, SELECTOR, a_key("ed25519").pem, SENDER)
    assert f" d={domain};\r\n" in signature_of(seal(mail().raw))


def a_pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, password: bytes = b"") -> str:
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption).decode()


def of_bits(bits: int) -> str:
    return a_pem(rsa.generate_private_key(public_exponent=65537, key_size=bits))


def of_512_bits() -> str:
    """What libraries of today no longer make."""
    p = 110768011299019778696814634062718836672455622029011515971429439410250630398561
    q = 99190069916100748599840359582900474284884757919083862539192273773411900113017
    d = pow(65537, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(65537, p * q)
    return a_pem(rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public).private_key())


KEYS_REFUSED = {
    "a name of a file": (
        "/run/secrets/dkim.pem",
        "not a private key in PEM; name its file by NEWSLETTER_DKIM_KEY_FILE",
    ),
    "a public key": (a_key("rsa").public, "not a private key in PEM"),
    "half a key": (a_key("rsa").pem[:900], "not a private key in PEM"),
    "letters of other scripts": ("ключ", "not a private key in PEM"),
    "another kind": (a_pem(ec.generate_private_key(ec.SECP256R1())), "neither RSA nor Ed25519"),
    "a weak key": (of_512_bits(), "has 512 bits; receivers verify 1024 to 4096, best 2048"),
}


@pytest.mark.parametrize("case", KEYS_REFUSED)
def test_a_key_that_cannot_sign_is_refused_without_showing_it(case: str) -> None:
    pem, sentence = KEYS_REFUSED[case]
    with pytest.raises(DkimInvalid, match=rf"^NEWSLETTER_DKIM_KEY .*{sentence}.*\.$") as refusal:
        Seal.parse(DOMAIN, SELECTOR, pem, SENDER)
    assert pem not in str(refusal.value)


def test_a_key_locked_by_a_password_is_refused() -> None:
    with pytest.raises(DkimInvalid, match="locked by a password"):
        Seal.parse(DOMAIN, SELECTOR, a_pem(ec.generate_private_key(ec.SECP256R1()), b"secret"), SENDER)


def test_the_shortest_key_that_receivers_verify_is_taken() -> None:
    assert Seal.parse(DOMAIN, SELECTOR, of_bits(1024), SENDER)(mail().raw).startswith(b"DKIM-Signature: ")


@pytest.mark.parametrize(
    "domain", ["school", "school..example", "-school.example", "schöol.example", "a" * 250 + ".org", "a b.org"]
)
def test_a_domain_that_cannot_be_one_is_refused(domain: str) -> None:
    with pytest.raises(DkimInvalid, match=r"NEWSLETTER_DKIM_DOMAIN: .* is not a domain in ASCII"):
        Seal.parse(domain, SELECTOR, a_key("ed25519").pem, SENDER)


@pytest.mark.parametrize("selector", ["news 2026", "news;", "-news", "news.", "ñ", "a" * 64])
def test_a_selector_that_cannot_be_one_is_refused(selector: str) -> None:
    with pytest.raises(DkimInvalid, match=r"NEWSLETTER_DKIM_SELECTOR: .* is no selector"):
        Seal.parse(DOMAIN, selector, a_key("ed25519").pem, SENDER)


@pytest.mark.parametrize(
    ("domain", "sender"),
    [
        ("school.example", "Our School <letters@news.school.example>"),
        ("news.school.example", "letters@School.example"),
        ("xn--bcher-kva.example", "letters@bücher.example"),
    ],
)
def test_a_domain_signs_for_all_below_it(domain: str, sender: str) -> None:
    assert Seal.parse(domain, SELECTOR, a_key("ed25519").pem, sender).domain == domain


@pytest.mark.parametrize(
    "sender", ["Our School <letters@localhost>", "letters@school.test", "letters@a..example", "no"]
)
def test_a_domain_does_not_sign_for_others(sender: str) -> None:
    with pytest.raises(DkimInvalid, match=r"school\.example cannot sign for NEWSLETTER_FROM"):
        Seal.parse(DOMAIN, SELECTOR, a_key("ed25519").pem, sender)
