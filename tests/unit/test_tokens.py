import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.tokens import (
    DeliveryKey,
    MailClaim,
    ReaderClaim,
    ReaderPurpose,
    Signer,
    TokenInvalid,
    base36,
)

OLD, NEW = "o" * 32, "n" * 32
numbers = st.integers(min_value=0, max_value=2**53)


@given(number=numbers)
def test_base_36_is_read_back(number: int) -> None:
    assert int(base36(number), 36) == number


@given(campaign=numbers, seq=numbers, link=st.integers(min_value=0, max_value=10_000))
def test_a_mail_token_names_what_it_was_made_for(campaign: int, seq: int, link: int) -> None:
    signer = Signer([NEW])
    claim = MailClaim(campaign, seq, link)
    assert signer.read_mail_token(signer.mail_token(claim)) == claim


@given(data=st.data(), link=st.integers(min_value=0, max_value=40))
def test_a_mail_token_with_a_changed_character_is_refused(data: st.DataObject, link: int) -> None:  # F29 M36
    signer = Signer([NEW])
    token = signer.mail_token(MailClaim(5, 1204, link))
    at = data.draw(st.integers(min_value=0, max_value=len(token) - 1))
    other = data.draw(st.sampled_from("abcXYZ019-_.").filter(lambda c: c != token[at]))
    with pytest.raises(TokenInvalid):
        signer.read_mail_token(token[:at] + other + token[at + 1 :])


def test_the_tags_of_a_mail_are_those_of_its_tokens() -> None:
    signer = Signer([NEW])
    tags = signer.mail_tags(5, 7, 23)
    for link in range(24):
        token = signer.mail_token(MailClaim(5, 7, link))
        assert token == f"{signer.mail_head(5, 7)}.{base36(link)}.{tags[link * 8 : link * 8 + 8]}"


@given(public_id=st.from_regex(r"[A-Za-z0-9_-]{16}", fullmatch=True), subject=numbers)
def test_a_reader_token_names_reader_and_list(public_id: str, subject: int) -> None:
    signer = Signer([NEW])
    token = signer.reader_token(ReaderPurpose.UNSUBSCRIBE, public_id, subject)
    assert signer.read_reader_token(token, ReaderPurpose.UNSUBSCRIBE) == ReaderClaim(
        ReaderPurpose.UNSUBSCRIBE, public_id, subject
    )


def test_a_reader_token_serves_one_purpose_only() -> None:  # F29
    signer = Signer([NEW])
    token = signer.reader_token(ReaderPurpose.PREFERENCES, "x" * 16)
    with pytest.raises(TokenInvalid):
        signer.read_reader_token(token, ReaderPurpose.UNSUBSCRIBE)
    with pytest.raises(TokenInvalid):
        signer.read_reader_token("u" + token[1:], ReaderPurpose.UNSUBSCRIBE)


def test_an_old_secret_still_verifies_after_rotation_and_not_once_it_is_gone() -> None:
    before, rotated, after = Signer([OLD]), Signer([NEW, OLD]), Signer([NEW])
    mail, key = before.mail_token(MailClaim(1, 2, 3)), before.delivery_key(DeliveryKey(1, 2, 3))
    reader = before.reader_token(ReaderPurpose.CONFIRM, "x" * 16)
    assert rotated.read_mail_token(mail) == MailClaim(1, 2, 3)
    assert rotated.read_delivery_key(key) == DeliveryKey(1, 2, 3)
    assert rotated.read_reader_token(reader, ReaderPurpose.CONFIRM).public_id == "x" * 16
    assert rotated.mail_token(MailClaim(1, 2, 3)) == after.mail_token(MailClaim(1, 2, 3)) != mail
    with pytest.raises(TokenInvalid):
        after.read_mail_token(mail)


@given(campaign=numbers, seq=numbers, attempt=numbers)
def test_a_delivery_key_survives_a_case_folding_mail_server(campaign: int, seq: int, attempt: int) -> None:
    signer = Signer([NEW])
    key = DeliveryKey(campaign, seq, attempt)
    assert signer.read_delivery_key(signer.delivery_key(key).upper()) == key


@pytest.mark.parametrize("text", ["", "x", "a.b.c.d.e", "0.1.1.1." + "f" * 20, "\x00", "1-1-1.1.aaaaaaaa"])
def test_what_was_never_signed_is_refused(text: str) -> None:
    signer = Signer([NEW])
    with pytest.raises(TokenInvalid, match="not valid"):
        signer.read_delivery_key(text)
    with pytest.raises(TokenInvalid):
        signer.read_mail_token(text)
    with pytest.raises(TokenInvalid):
        signer.read_reader_token(text, ReaderPurpose.CONFIRM)


def test_a_delivery_key_with_another_mac_is_refused() -> None:
    signer = Signer([NEW])
    key = signer.delivery_key(DeliveryKey(1, 2, 3))
    with pytest.raises(TokenInvalid):
        signer.read_delivery_key(key[:-1] + ("0" if key[-1] != "0" else "1"))
