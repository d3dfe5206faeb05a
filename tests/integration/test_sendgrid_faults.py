"""Each trouble of SendGrid's has its own meaning; the contract server's record is the oracle."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from newsletter.rendering.content import Content, MergeSlot
from newsletter.rendering.prepared import Copy, MessageSettings, prepare
from newsletter.rendering.readers import Reader
from newsletter.sending.outcomes import Outcome
from newsletter.sending.sendgrid import SendGridConnection, SendGridTransport
from newsletter.sending.sendgrid_answers import LONGEST_WAIT
from newsletter.sending.transports import (
    AccountRefused,
    Outgoing,
    ServiceTrouble,
    SlowDown,
    TransportUnavailable,
)
from tests.support import mails
from tests.support.outgoing import Notes, a_group, a_prepared_message
from tests.support.sendgrid.faults import Fault, Hangup
from tests.support.sendgrid.server import KEY, SendGridServer

FIFTY = [f"r{n}@x.example" for n in range(50)]


def connection(url: str, key: str = KEY, reply_seconds: float = 10, group_seconds: float = 60) -> SendGridConnection:
    return SendGridTransport(key, url, reply_seconds=reply_seconds, group_seconds=group_seconds).connect()


def send(server: SendGridServer, *addresses: str) -> dict[int, Outcome]:
    notes = Notes()
    outcomes = dict(connection(server.url).send(a_group(a_prepared_message(), *addresses), notes))
    assert notes.answers == outcomes
    assert set(notes.begun_seqs) == set(outcomes)
    return outcomes


def fail(url: str, error: type[Exception], *addresses: str) -> tuple[Exception, Notes]:
    """Send what must raise; the error and what the journal knows then."""
    notes = Notes()
    with pytest.raises(error) as failure:
        connection(url).send(a_group(a_prepared_message(), *addresses), notes)
    return failure.value, notes


def states(outcomes: dict[int, Outcome]) -> set[str]:
    return {outcome.state.value for outcome in outcomes.values()}


def test_one_bad_reader_of_a_thousand_is_found_and_the_others_are_sent_once() -> None:  # F11
    addresses = [f"r{n}@x.example" for n in range(1_000)]
    with SendGridServer(Fault(status=400, address="r617@x.example")) as server:
        outcomes = send(server, *addresses)
    assert [seq for seq, outcome in outcomes.items() if outcome.state == "rejected"] == [618]
    assert "400" in (outcomes[618].error or "")
    assert sorted(server.recipients()) == sorted(set(addresses) - {"r617@x.example"})


@pytest.mark.parametrize("named", ["personalizations.0.to.0.email", None])
def test_a_refusal_that_may_be_a_readers_is_looked_into(named: str | None) -> None:  # F11
    with SendGridServer(Fault(status=400, named=named, address="b@x.example")) as server:
        outcomes = send(server, "a@x.example", "b@x.example", "c@x.example")
    assert [outcomes[seq].state.value for seq in (1, 2, 3)] == ["accepted", "rejected", "accepted"]
    assert server.recipients() == ["a@x.example", "c@x.example"]


@pytest.mark.parametrize("text", ["", "<html>", "[]", '{"errors": ["no"]}'])
def test_a_refusal_that_cannot_be_read_may_be_a_readers(text: str) -> None:
    with SendGridServer(Fault(status=400, text=text, address="b@x.example")) as server:
        outcomes = send(server, "a@x.example", "b@x.example")
    assert [outcomes[seq].state.value for seq in (1, 2)] == ["accepted", "rejected"]


def test_what_all_readers_share_is_not_blamed_on_them() -> None:  # F12
    with SendGridServer(Fault(status=400, named="from.email")) as server:
        error, notes = fail(server.url, AccountRefused, *FIFTY)
    assert "from.email" in str(error)
    assert states(notes.answers) == {"pending"}
    assert len(notes.begun_seqs) == 50


def test_where_each_reader_of_many_is_refused_nobody_is_rejected() -> None:  # F12
    with SendGridServer(Fault(status=400)) as server:
        error, notes = fail(server.url, AccountRefused, *FIFTY)
    assert "takes none of these readers" in str(error)
    assert states(notes.answers) == {"pending"}


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("takes", [False, True])
def test_after_its_own_trouble_nobody_knows_and_nothing_is_sent_again(status: int, takes: bool) -> None:  # F9
    with SendGridServer(Fault(status=status, takes=takes)) as server:
        error, notes = fail(server.url, ServiceTrouble, *FIFTY)
    assert str(status) in str(error)
    assert states(notes.answers) == {"unknown"}
    assert len(server.sizes) == 1


def test_trouble_in_the_middle_leaves_the_calls_before_it_settled_and_those_after_it_alone() -> None:  # F9
    with SendGridServer(Fault(status=500, skips=1)) as server:
        _, notes = fail(server.url, ServiceTrouble, "a@x.example", "a@x.example", "a@x.example")
    assert {seq: outcome.state.value for seq, outcome in notes.answers.items()} == {1: "accepted", 2: "unknown"}
    assert notes.begun_seqs == [1, 2]


def waits(**headers: str) -> timedelta | None:
    """What the transport understands of a 429 with these headers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with SendGridServer(Fault(status=429, headers=named)) as server:
        error, notes = fail(server.url, SlowDown, "a@x.example")
    assert isinstance(error, SlowDown)
    assert states(notes.answers) == {"pending"}
    return error.wait


def test_a_429_waits_for_the_reset_it_names() -> None:  # F8 M49
    wait = waits(X_RateLimit_Reset=str(int(time.time()) + 30))
    assert wait is not None
    assert 25 <= wait.total_seconds() <= 31


def test_a_reset_is_read_by_the_services_own_clock() -> None:  # F8 F16
    date = format_datetime(datetime(2020, 1, 1, tzinfo=UTC), usegmt=True)
    reset = str(int(datetime(2020, 1, 1, 0, 0, 40, tzinfo=UTC).timestamp()))
    with SendGridServer(Fault(status=429, headers={"Date": date, "X-RateLimit-Reset": reset})) as server:
        error, _ = fail(server.url, SlowDown, "a@x.example")
    assert isinstance(error, SlowDown)
    assert error.wait == timedelta(seconds=40)


def test_a_429_waits_as_long_as_retry_after_says() -> None:  # F8 M49
    assert waits(Retry_After="17") == timedelta(seconds=17)
    later = waits(Retry_After=format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True))
    assert later is not None
    assert 55 <= later.total_seconds() <= 61


@pytest.mark.parametrize(
    "given", ["", "soon", "-5", "1e9", "٣٠", "nan", "9" * 400, "12:30", "Wed, 99 Foo 2026 25:61:00"]
)
def test_a_429_with_garbage_or_nothing_names_no_time(given: str) -> None:  # F8
    garbage = given.encode().decode("latin-1")
    assert waits(X_RateLimit_Reset=garbage, Retry_After=garbage) is None
    assert waits() is None


def test_a_wait_is_never_too_long_or_in_the_past() -> None:  # F8
    assert waits(X_RateLimit_Reset=str(int(time.time()) + 50_000)) == LONGEST_WAIT
    assert waits(X_RateLimit_Reset=str(int(time.time()) - 60)) == timedelta(seconds=1)
    assert waits(X_RateLimit_Reset="0", Retry_After="5") == timedelta(seconds=5)


def test_a_refused_connection_leaves_everything_pending() -> None:  # F10
    with SendGridServer() as server:
        pass
    error, notes = fail(server.url, TransportUnavailable, "a@x.example")
    assert "cannot be reached: Connection refused" in str(error)
    assert notes.answers[1].state == "pending"


@pytest.mark.parametrize(
    "url", ["http://nobody.invalid", "http://a..b", "http://127.0.0.1:port", "https://127.0.0.1:1"]
)
def test_an_address_that_leads_nowhere_leaves_everything_pending(url: str) -> None:  # F10
    _, notes = fail(url, TransportUnavailable, "a@x.example")
    assert notes.answers[1].state == "pending"


def test_a_reset_before_the_body_leaves_everything_pending() -> None:  # F10
    message = prepare(
        Content(("Hi",), (MergeSlot("{{ reader.name }}"),), ("Hello.",)),
        MessageSettings(mails.identity(), 7),
        mails.SIGNER,
    )
    group = [  # more than sockets hold, so that the reset comes while we write
        Outgoing(n, f"r{n}@x.example", message, Copy(7, n, 1, Reader("a@x.example", "A" * 9_000, "", "en", "x"), ""))
        for n in range(1, 1_001)
    ]
    notes = Notes()
    with SendGridServer(Fault(hangup=Hangup.BEFORE_BODY)) as server:
        with pytest.raises(TransportUnavailable):
            connection(server.url).send(group, notes)
        assert server.sizes == []
    assert states(notes.answers) == {"pending"}
    assert len(notes.begun_seqs) == 1_000


@pytest.mark.parametrize("takes", [False, True])
@pytest.mark.parametrize("hangup", [Hangup.AFTER_BODY, Hangup.IN_ANSWER])
def test_a_reset_after_the_body_is_unknown_and_not_sent_again(hangup: Hangup, takes: bool) -> None:  # F2 F10
    with SendGridServer(Fault(hangup=hangup, takes=takes)) as server:
        outcomes = send(server, "a@x.example", "b@x.example")
    assert states(outcomes) == {"unknown"}
    assert len(server.sizes) == 1


def test_a_reset_inside_a_refusal_is_unknown() -> None:  # F10
    with SendGridServer(Fault(status=429, hangup=Hangup.IN_ANSWER)) as server:
        outcomes = send(server, "a@x.example")
    assert states(outcomes) == {"unknown"}


def test_a_call_without_an_answer_in_time_is_unknown_and_not_sent_again() -> None:  # F10 M48
    notes = Notes()
    with SendGridServer(Fault(wait=3_600)) as server:
        group = a_group(a_prepared_message(), "a@x.example", "b@x.example")
        outcomes = connection(server.url, reply_seconds=0.3).send(group, notes)
    assert states(dict(outcomes)) == {"unknown"}
    assert len(server.sizes) == 1


def test_silence_that_goes_on_is_its_own_trouble_and_no_more_is_sent_into_it() -> None:  # F9 F10
    lost, group = Fault(hangup=Hangup.AFTER_BODY), a_group(a_prepared_message(), "a@x.example")
    with SendGridServer(lost) as server:
        transport = SendGridTransport(KEY, server.url)
        for _ in range(2):
            assert states(dict(transport.connect().send(group, Notes()))) == {"unknown"}
        for calls in ("3", "4"):
            notes = Notes()
            with pytest.raises(ServiceTrouble, match=f"{calls} calls in a row"):
                transport.connect().send(group, notes)
            assert states(notes.answers) == {"unknown"}
        server.faults.plan(Fault(times=1), lost)
        transport.connect().send(group, Notes())
        assert states(dict(transport.connect().send(group, Notes()))) == {"unknown"}


def test_a_slow_answer_is_waited_for() -> None:
    with SendGridServer(Fault(wait=0.2)) as server:
        assert states(send(server, "a@x.example")) == {"accepted"}


def test_an_answer_that_is_not_the_documented_one_is_unknown() -> None:
    with SendGridServer(Fault(status=200)) as server:
        assert states(send(server, "a@x.example")) == {"unknown"}


def test_a_call_that_cannot_begin_in_time_leaves_its_readers_pending() -> None:
    notes = Notes()
    with SendGridServer() as server:
        late = connection(server.url, group_seconds=-1)
        outcomes = late.send(a_group(a_prepared_message(), "a@x.example"), notes)
    assert states(dict(outcomes)) == {"pending"}
    assert notes.begun_seqs == []


@pytest.mark.parametrize("status", [401, 403, 404, 308])
def test_a_refused_account_stops_everything_and_its_key_is_not_shown(status: int) -> None:  # F12 M54
    with SendGridServer(Fault(status=status)) as server:
        error, notes = fail(server.url, AccountRefused, "a@x.example")
    assert notes.answers[1].state == "pending"
    assert str(status) in str(error)
    assert "API_KEY" in str(error)
    assert KEY not in str(error)


def test_a_mail_that_is_too_large_for_it_is_no_readers_fault() -> None:  # F12
    with SendGridServer(Fault(status=413)) as server:
        error, notes = fail(server.url, AccountRefused, *FIFTY)
    assert "413" in str(error)
    assert "Shorten the issue" in str(error)
    assert states(notes.answers) == {"pending"}
    assert len(server.sizes) == 1


def test_a_wrong_key_is_the_accounts_trouble() -> None:  # F12
    notes = Notes()
    with SendGridServer() as server, pytest.raises(AccountRefused, match="401"):
        connection(server.url, key="SG.wrong").send(a_group(a_prepared_message(), "a@x.example"), notes)
    assert server.accepted == []
