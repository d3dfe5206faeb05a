"""A refusal comes back to an address that names the delivery, whoever passes it on."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.rendering.prepared import MessageSettings, prepare
from newsletter.rendering.readers import Postmark
from newsletter.return_paths import ReturnPath, ReturnPathInvalid, key_in
from newsletter.tokens import DeliveryKey, Signer, TokenInvalid
from tests.support.mails import CAMPAIGN, SIGNER, content_of, copy, identity

_HIGHEST = 2**31 - 1
"""The highest campaign and copy that a column of the store can hold."""
_NUMBERS = st.integers(0, _HIGHEST)


def bounces(text: str = "bounce@school.example") -> ReturnPath:
    made = ReturnPath.parse(text)
    assert made is not None
    return made


@given(_NUMBERS, _NUMBERS, st.integers(0, 36**3 - 1), st.sampled_from([str.lower, str.upper, str]))
def test_what_comes_back_names_the_delivery(  # M57
    campaign_id: int, seq: int, attempt: int, relayed: Callable[[str], str]
) -> None:
    key = DeliveryKey(campaign_id, seq, attempt)
    address = bounces().of(SIGNER.delivery_key(key))
    assert SIGNER.read_return_path(relayed(address)) == key


def test_the_longest_address_is_one_that_mail_servers_take() -> None:
    base = "b" * 21
    secrets = (f"secret number {number}" for number in range(50))
    for secret in secrets:
        key = Signer([secret]).delivery_key(DeliveryKey(_HIGHEST, _HIGHEST, 36**3 - 1))
        local, _, domain = bounces(f"{base}@school.example").of(key).partition("@")
        assert len(local) <= 64
        assert domain == "school.example"
    with pytest.raises(ReturnPathInvalid, match="has 22 characters; with a key there is room for 21"):
        ReturnPath.parse(f"{base}b@school.example")


@pytest.mark.parametrize("address", ["bounce+1.2.3@school.example", "bounce@school.example", "", "+@", "a+b"])
def test_an_address_that_is_not_ours_is_refused(address: str) -> None:
    with pytest.raises(TokenInvalid):
        SIGNER.read_return_path(address)


def test_an_altered_address_is_refused() -> None:
    address = bounces().of(SIGNER.delivery_key(DeliveryKey(CAMPAIGN, 7, 1)))
    with pytest.raises(TokenInvalid):
        SIGNER.read_return_path(address.replace(".7.", ".8."))


@pytest.mark.parametrize(
    "text", ["bounce", "@school.example", "bounce@", "bounce@school..example", "a b@school.example"]
)
def test_what_is_no_address_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ReturnPathInvalid, match=r"like bounce@school\.example"):
        ReturnPath.parse(text)


@pytest.mark.parametrize("text", ["bounce+x@school.example", "señal@school.example", '"b o"@school.example'])
def test_a_part_before_the_at_that_leaves_no_room_for_keys_is_refused(text: str) -> None:
    with pytest.raises(ReturnPathInvalid, match=r"without a \+|like bounce@school\.example"):
        ReturnPath.parse(text)


def test_no_address_means_that_refusals_go_to_the_sender() -> None:
    assert ReturnPath.parse("") is None
    ready = prepare(content_of(), MessageSettings(identity(), CAMPAIGN), SIGNER)
    assert ready.return_path(copy()) == "letters@school.example"


def test_each_copy_has_a_return_path_of_its_own_with_the_key_of_its_message() -> None:
    postmark = Postmark(return_path=bounces("bounce@bücher.example"))
    ready = prepare(content_of(), MessageSettings(identity(), CAMPAIGN, postmark=postmark), SIGNER)
    first, second = copy(seq=7), copy(seq=8, attempt=2)
    raw = ready.message(first)
    paths = [ready.return_path(one) for one in (first, second, first)]
    assert paths[0] == paths[2] == f"bounce+{ready.key(first)}@xn--bcher-kva.example"
    assert f"Message-ID: <{key_in(paths[0])}@".encode() in raw
    assert SIGNER.read_return_path(paths[1]) == DeliveryKey(CAMPAIGN, 8, 2)
