"""Debian's own Postfix takes our mail over TLS and a login, OpenDKIM verifies it, and it lies in a mailbox."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from newsletter.ledger.tables import CampaignState, DeliveryState
from newsletter.rendering.prepared import MessageSettings, PreparedMessage, prepare
from newsletter.rendering.readers import Postmark
from newsletter.return_paths import ReturnPath
from newsletter.sending.outcomes import Outcome
from newsletter.sending.smtp import SmtpTransport
from newsletter.sending.transports import AccountRefused, TransportUnavailable
from newsletter.tokens import DeliveryKey
from tests.support.mails import CAMPAIGN, SIGNER, content_of, identity
from tests.support.outgoing import Notes, a_group
from tests.support.postfix import BUSY, GONE, PASSWORD, READERS, REFUSED, SENDER, Postfix, a_postfix, what_is_missing
from tests.support.school import FAMILIES, a_scheduled_campaign, a_school, send
from tests.support.signatures import KINDS, a_key

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(what_is_missing()), reason=what_is_missing())]

LARGEST = 200_000


@pytest.fixture(scope="module")
def postfix() -> Iterator[Postfix]:
    records = {f"{kind}._domainkey.{SENDER}": a_key(kind).record for kind in KINDS}
    with a_postfix(records, largest=LARGEST) as running:
        yield running


def a_message(seal: Callable[[bytes], bytes] | None = None, *, words: int = 0) -> PreparedMessage:
    who = identity(from_header=f"Our School <letters@{SENDER}>", organization="Año " * words or "School")
    postmark = Postmark(ReturnPath.parse(f"bounce@{SENDER}"), seal)
    return prepare(content_of(who=who), MessageSettings(who, CAMPAIGN, postmark=postmark), SIGNER)


def hand_over(postfix: Postfix, prepared: PreparedMessage, *to: str, options: str = "") -> Sequence[Outcome]:
    connection = SmtpTransport.parse(postfix.url(options)).connect()
    outcomes = dict(connection.send(a_group(prepared, *to), Notes()))
    connection.close()
    return [outcomes[seq] for seq in sorted(outcomes)]


def states(outcomes: Sequence[Outcome]) -> list[DeliveryState]:
    return [outcome.state for outcome in outcomes]


@pytest.mark.parametrize("kind", KINDS)
def test_what_we_sign_passes_and_is_delivered_as_it_was_signed(postfix: Postfix, kind: str) -> None:  # M8
    key = a_key(kind)
    to = f"{kind}@{READERS}"
    assert states(hand_over(postfix, a_message(key.seal(SENDER, kind)), to)) == [DeliveryState.ACCEPTED]
    raw, message = postfix.delivered_to(to)
    results = str(message["Authentication-Results"])
    assert "dkim=pass" in results
    assert f"header.d={SENDER}" in results
    assert key.vouches_for(raw[raw.index(b"DKIM-Signature") :], SENDER, kind)


def test_what_was_altered_after_signing_does_not_pass(postfix: Postfix) -> None:
    seal = a_key("rsa").seal(SENDER, "rsa")
    to = f"altered@{READERS}"
    hand_over(postfix, a_message(lambda message: seal(message).replace(b"bridges", b"ditches")), to)
    _, message = postfix.delivered_to(to)
    assert "dkim=fail" in str(message["Authentication-Results"])


@pytest.mark.parametrize("options", ["", "&auth=plain", "&auth=login"])
def test_a_refused_reader_and_a_busy_one_cost_the_others_nothing(postfix: Postfix, options: str) -> None:
    outcomes = hand_over(postfix, a_message(), f"a@{READERS}", REFUSED, BUSY, f"b@{READERS}", options=options)
    assert states(outcomes) == [
        DeliveryState.ACCEPTED,
        DeliveryState.REJECTED,
        DeliveryState.DEFERRED,
        DeliveryState.ACCEPTED,
    ]
    assert str(outcomes[1].error).startswith("550 5.1.1")
    assert str(outcomes[2].error).startswith("450 4.2.1")


def test_a_later_refusal_comes_back_to_an_address_that_names_the_copy(postfix: Postfix) -> None:  # M57
    prepared = a_message()
    (one,) = a_group(prepared, GONE)
    assert states(hand_over(postfix, prepared, GONE)) == [DeliveryState.ACCEPTED]
    raw, notice = postfix.delivered_to(one.return_path)
    assert b"Action: failed" in raw
    assert SIGNER.read_return_path(str(notice["Delivered-To"])) == DeliveryKey(one.copy.campaign_id, one.seq, 1)


def test_an_address_beyond_ascii_is_delivered(postfix: Postfix) -> None:  # M17
    to = f"señora@{READERS}"
    assert states(hand_over(postfix, a_message(a_key("rsa").seal(SENDER, "rsa")), to)) == [DeliveryState.ACCEPTED]
    _, message = postfix.delivered_to(to)
    assert "dkim=pass" in str(message["Authentication-Results"])


def test_a_message_larger_than_it_takes_is_refused_with_both_sizes(postfix: Postfix) -> None:
    (outcome,) = hand_over(postfix, a_message(words=20_000), f"a@{READERS}")
    assert outcome.state == DeliveryState.REJECTED
    assert f"{LARGEST:,}" in str(outcome.error)


def test_a_wrong_password_and_a_bare_connection_are_refused(postfix: Postfix) -> None:  # F12
    with pytest.raises(AccountRefused, match=r"refuses the user ana: 535 5\.7\.8"):
        SmtpTransport.parse(postfix.url().replace(PASSWORD.replace(" ", "%20"), "wrong")).connect()
    with pytest.raises(TransportUnavailable, match="AUTH extension not supported"):
        SmtpTransport.parse(postfix.url("&tls=none")).connect()


def test_a_campaign_reaches_every_familys_mailbox_signed(postfix: Postfix, database_url: str, tmp_path: Path) -> None:
    settings = a_key("ed25519").settings(SENDER, "ed25519")
    with a_school(database_url, postfix.url(), tmp_path, **settings, bounce_address=f"bounce@{SENDER}") as app:
        ending = send(app, a_scheduled_campaign(app))
    assert ending.state == CampaignState.SENT
    for address in FAMILIES:
        _, message = postfix.delivered_to(address)
        assert "dkim=pass" in str(message["Authentication-Results"])
        assert str(message["Return-Path"]).startswith("<bounce+")
