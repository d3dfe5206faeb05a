import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.addresses import AddressInvalid, EmailAddress, address_hash


def test_an_address_is_mailed_as_typed_and_compared_without_case() -> None:
    address = EmailAddress.parse("  Maria.Perez+pta@School.EXAMPLE\t")
    assert address.mailed == "Maria.Perez+pta@school.example"
    assert address.key == "maria.perez+pta@school.example"
    assert address.needs_smtputf8 is False


def test_a_domain_in_any_script_is_mailed_in_ascii() -> None:  # F44
    address = EmailAddress.parse("info@Bücher.example")
    assert address.mailed == "info@xn--bcher-kva.example"
    assert address.key == EmailAddress.parse("info@xn--bcher-kva.example").key


def test_a_local_part_beyond_ascii_needs_smtputf8() -> None:  # F44
    composed, decomposed = "jos\u00e9@school.example", "jose\u0301@school.example"
    assert EmailAddress.parse(composed).needs_smtputf8
    assert EmailAddress.parse(composed).key == EmailAddress.parse(decomposed).key


def test_letters_that_look_alike_are_different_readers() -> None:  # F44
    latin, cyrillic = EmailAddress.parse("paypal@school.example"), EmailAddress.parse("p\u0430ypal@school.example")
    assert latin.key != cyrillic.key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "maria",
        "maria@",
        "@school.example",
        "a b@school.example",
        "maria@school.example\r\nBcc: all@school.example",
        "maria@school.example\n",
        "ma\x00ria@school.example",
        "maria@school.example\u2028",
        "\ud800@school.example",
        "x" * 65 + "@school.example",
        "x" * 400 + "@school.example",
        "maria@school..example",
        "maria@localhost",
        "Maria <maria@school.example>",
    ],
)
def test_what_is_no_address_is_refused_in_one_sentence(text: str) -> None:  # F23 F44
    with pytest.raises(AddressInvalid, match="is not an email address") as refused:
        EmailAddress.parse(text)
    assert "\n" not in str(refused.value)


def test_a_local_part_of_64_octets_is_taken() -> None:  # F44
    assert EmailAddress.parse("x" * 64 + "@school.example").key.startswith("xxxx")


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    try:
        address = EmailAddress.parse(text)
    except AddressInvalid:
        return
    assert EmailAddress.parse(address.mailed).key == address.key


@given(st.emails(domains=st.sampled_from(["school.example", "Maple.School.Example"])))
def test_parsing_what_is_mailed_changes_nothing_more(text: str) -> None:
    try:
        address = EmailAddress.parse(text)
    except AddressInvalid:
        return
    assert EmailAddress.parse(address.mailed) == address


def test_a_hash_depends_on_the_salt_and_names_nobody() -> None:
    key = EmailAddress.parse("maria@school.example").key
    assert address_hash(key, "one") == address_hash(key, "one")
    assert address_hash(key, "one") != address_hash(key, "two")
    assert "maria" not in address_hash(key, "one")


@pytest.mark.parametrize("other", ["straße@school.example", "ﬁn@school.example", "\u017fam@school.example"])
def test_letters_that_fold_to_the_same_are_other_mailboxes(other: str) -> None:  # T44
    alike = other.casefold()
    assert EmailAddress.parse(other).key != EmailAddress.parse(alike).key
