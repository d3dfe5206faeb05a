"""What a message that came back says of whom: one sample of each layout, and messages that nothing can be made of."""

import random
from pathlib import Path

import pytest

from newsletter.feedback.messages import DEEPEST, MOST_BYTES, MOST_PARTS, read
from newsletter.feedback.parsing import parse
from newsletter.feedback.verdicts import Feedback, Kind, Reason, Verdict
from tests.support.broken_mails import broken

SAMPLES = Path(__file__).parents[1] / "support" / "returned_mails"
ANA, BEN = "ana@birch.example", "ben@birch.example"
BOUNCE, DELAYED, COMPLAINT, AUTO, NONE = Kind.BOUNCE, Kind.DELAYED, Kind.COMPLAINT, Kind.AUTO_REPLY, Kind.NONE
NO_SUCH_USER, OTHER = Reason.NO_SUCH_USER, Reason.OTHER

# name -> what is said of each recipient: kind, recipient, permanent, status, reason
SAID: dict[str, list[tuple[Kind, str, bool | None, str, Reason]]] = {
    "postfix-unknown": [(BOUNCE, ANA, True, "5.1.1", NO_SUCH_USER)],
    "postfix-after-data": [(BOUNCE, ANA, False, "5.0.0", Reason.BLOCKED)],
    "postfix-delayed": [(DELAYED, ANA, None, "4.4.1", Reason.EXPIRED)],
    "postfix-delivered": [(NONE, ANA, None, "2.0.0", OTHER)],
    "two-recipients": [(BOUNCE, ANA, True, "5.1.1", NO_SUCH_USER), (BOUNCE, BEN, False, "5.2.2", Reason.MAILBOX_FULL)],
    "forwarded-address": [(BOUNCE, ANA, False, "5.2.1", Reason.SUSPENDED)],
    "wrong-content-type": [(BOUNCE, ANA, True, "5.1.2", NO_SUCH_USER)],
    "code-in-the-words-alone": [(BOUNCE, ANA, False, "5.7.26", Reason.POLICY)],
    "words-know-better": [(BOUNCE, ANA, False, "5.1.1", Reason.SUSPENDED)],
    "amazon-rule": [(BOUNCE, ANA, False, "5.1.1", Reason.BLOCKED)],
    "no-recipient": [(BOUNCE, ANA, False, "", OTHER)],
    "action-left-out": [(DELAYED, ANA, None, "4.4.1", Reason.EXPIRED)],
    "reader-opened": [(NONE, ANA, None, "", OTHER)],
    "qmail": [(BOUNCE, ANA, True, "5.1.1", NO_SUCH_USER), (BOUNCE, BEN, True, "5.1.2", NO_SUCH_USER)],
    "exim": [(BOUNCE, ANA, True, "5.1.1", NO_SUCH_USER), (BOUNCE, BEN, False, "", Reason.MAILBOX_FULL)],
    "exim-delayed": [(DELAYED, ANA, None, "", Reason.EXPIRED)],
    "filter-notice": [(BOUNCE, ANA, False, "", Reason.CONTENT)],
    "untitled-with-a-copy": [(BOUNCE, ANA, False, "", Reason.MAILBOX_FULL)],
    "by-nobody-with-a-code": [(BOUNCE, ANA, True, "5.1.1", NO_SUCH_USER)],
    "vacation-with-a-title-of-bounces": [(AUTO, ANA, None, "", OTHER)],
    "gmail": [(BOUNCE, ANA, False, "5.2.2", Reason.MAILBOX_FULL)],
    "gmail-delay": [(DELAYED, ANA, None, "", Reason.EXPIRED)],
    "google-groups": [(BOUNCE, "parents@googlegroups.com", False, "", Reason.BLOCKED)],
    "sendmail-old": [(BOUNCE, ANA, True, "", NO_SUCH_USER)],
    "yahoo": [(BOUNCE, ANA, False, "", Reason.EXPIRED)],
    "opensmtpd": [(BOUNCE, ANA, False, "5.7.1", Reason.BLOCKED), (BOUNCE, BEN, True, "5.1.1", NO_SUCH_USER)],
    "dragonfly": [(BOUNCE, ANA, True, "5.1.1", NO_SUCH_USER)],
    "gmx": [(BOUNCE, ANA, True, "5.1.1", NO_SUCH_USER)],
    "exchange-old": [(BOUNCE, ANA, True, "", NO_SUCH_USER)],
    "imail": [(BOUNCE, ANA, False, "", Reason.MAILBOX_FULL)],
    "zoho": [(BOUNCE, ANA, True, "5.1.1", NO_SUCH_USER)],
    "kddi": [(BOUNCE, ANA, False, "", Reason.MAILBOX_FULL)],
    "mailing-list": [(BOUNCE, "parents@birch.example", False, "", Reason.BLOCKED)],
    "apple": [(BOUNCE, ANA, True, "", OTHER)],
    "no-address-in-the-words": [(BOUNCE, ANA, False, "", Reason.EXPIRED)],
    "forwarded-by-a-person": [(BOUNCE, ANA, True, "5.1.1", NO_SUCH_USER)],
    "html-alone": [(BOUNCE, ANA, True, "5.1.10", NO_SUCH_USER)],
    "amazon-notification": [(BOUNCE, ANA, True, "5.1.1", NO_SUCH_USER)],
    "amazon-complaint": [(COMPLAINT, ANA, None, "", OTHER)],
    "vacation": [(AUTO, ANA, None, "", OTHER)],
    "vacation-by-subject": [(AUTO, ANA, None, "", OTHER)],
    "vacation-by-precedence": [(AUTO, ANA, None, "", OTHER)],
    "person": [(NONE, "", None, "", OTHER)],
    "complaint": [(COMPLAINT, ANA, None, "", OTHER), (COMPLAINT, BEN, None, "", OTHER)],
    "complaint-redacted": [(COMPLAINT, "", None, "", OTHER)],
    "complaint-by-the-copy": [(COMPLAINT, ANA, None, "", OTHER)],
    "complaint-outlook": [(COMPLAINT, "ana@hotmail.example", None, "", OTHER)],
    "opt-out": [(COMPLAINT, ANA, None, "", OTHER)],
    "not-spam": [(NONE, ANA, None, "", OTHER)],
    "signature-failed": [(COMPLAINT, "", None, "", Reason.POLICY)],
}
WITHOUT_A_COPY = {
    "signature-failed", "gmail-delay", "google-groups", "exchange-old", "kddi", "mailing-list", "forwarded-by-a-person",
    "html-alone", "amazon-notification", "exim-delayed", "filter-notice", "by-nobody-with-a-code",
    "vacation-with-a-title-of-bounces", "amazon-complaint", "vacation-by-subject", "vacation-by-precedence",
}  # fmt: skip


def sample(name: str) -> bytes:
    return (SAMPLES / f"{name}.eml").read_bytes()


def facts(verdict: Verdict) -> tuple[Kind, str, bool | None, str, Reason]:
    return verdict.kind, verdict.recipient, verdict.permanent, verdict.status, verdict.reason


def test_every_sample_is_judged() -> None:
    assert set(SAID) == {file.stem for file in SAMPLES.iterdir()}


@pytest.mark.parametrize("name", SAID)
def test_a_sample_says_this_of_each_recipient(name: str) -> None:
    assert [facts(verdict) for verdict in parse(sample(name)).verdicts] == SAID[name]


@pytest.mark.parametrize("name", SAID)
def test_a_sample_leads_to_the_copy_that_it_is_about(name: str) -> None:
    feedback = parse(sample(name))
    assert feedback.sent_to == (("bounce+k1@maple.example",) if name != "signature-failed" else ())
    assert ("copy-1@maple.example" in feedback.message_ids) == (name not in WITHOUT_A_COPY)
    assert "notice-1@mx.birch.example" not in feedback.message_ids


@pytest.mark.parametrize("name", SAID)
def test_line_ends_of_the_network_change_nothing(name: str) -> None:
    assert parse(sample(name).replace(b"\n", b"\r\n")) == parse(sample(name))


@pytest.mark.parametrize("name", SAID)
def test_a_message_in_a_mailbox_file_is_the_same_message(name: str) -> None:
    assert parse(b"From MAILER-DAEMON Wed Dec  2 12:00:05 2026\n" + sample(name)) == parse(sample(name))


def test_the_servers_own_words_are_kept_and_shortened() -> None:
    assert parse(sample("dragonfly")).verdicts[0].text.startswith("There was an error delivering your mail")
    long = sample("postfix-unknown").replace(b"User unknown", b"User unknown " + b"really " * 300)
    assert len(parse(long).verdicts[0].text) == 500


def test_an_answer_names_the_copies_that_it_answers() -> None:
    assert set(parse(sample("person")).message_ids) == {"copy-1@maple.example", "older@maple.example"}


@pytest.mark.parametrize("header", ["Delivered-To", "X-Original-To", "Envelope-To"])
def test_where_it_came_to_stands_in_many_headers(header: str) -> None:
    raw = f"{header}: bounce+k2@maple.example\n".encode() + sample("qmail")
    assert "bounce+k2@maple.example" in parse(raw).sent_to


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-generated (vacation)",
        "X-Autoreply: yes",
        "Subject: =?utf-8?B?6Ieq5YuV6L+U5L+h?=",
        "Subject: Respuesta automática: hola",
        "Subject: Out of Office",
        "Subject: Réponse automatique",
    ],
)
def test_an_automatic_reply_is_known_by_many_marks(header: str) -> None:
    verdict = parse(f"From: {ANA}\n{header}\n\nThank you.\n".encode()).verdicts[0]
    assert facts(verdict) == (AUTO, ANA, None, "", OTHER)


def test_a_reader_whose_machine_says_that_they_left_is_not_refused() -> None:
    head = f"Return-Path: <>\nFrom: {ANA}\nSubject: Automatic reply: December\nAuto-Submitted: auto-replied\n\n"
    words = "Ana no longer works here. The delivery of mail to this address was rejected: 550 5.1.1 user unknown.\n"
    assert [facts(verdict) for verdict in parse((head + words).encode()).verdicts] == [(AUTO, ANA, None, "", OTHER)]


def test_a_person_who_quotes_a_bounce_is_no_server() -> None:
    quoted = sample("exim").partition(b"\n\n")[2].replace(b"\n", b"\n> ")
    raw = f"From: {ANA}\nSubject: Re: December at Maple\n\nWhat is this?\n\n> ".encode() + quoted
    assert parse(raw).verdicts == (Verdict(NONE, ""),)


@pytest.mark.parametrize("header", ["Auto-Submitted: no", "X-Autoreply: no", "Subject: The auto show"])
def test_a_person_is_no_machine(header: str) -> None:
    assert parse(f"From: {ANA}\n{header}\n\nThank you.\n".encode()).verdicts[0].kind is NONE


def test_a_bounce_that_is_attached_is_read() -> None:
    attached = (
        b"From: office@maple.example\nSubject: look\nContent-Type: multipart/mixed; boundary=a\n\n--a\n\nLook.\n--a\n"
    )
    attached += b"Content-Type: message/rfc822\n\n" + sample("postfix-unknown") + b"\n--a--\n"
    assert [facts(verdict) for verdict in parse(attached).verdicts] == SAID["postfix-unknown"]


@pytest.mark.parametrize(
    ("charset", "raw"),
    [
        ("iso-8859-1", "Empfänger unbekannt".encode("latin-1")),
        ("utf-8", "Empfänger unbekannt".encode("latin-1")),  # it lies
        ("x-made-up", "Empfänger unbekannt".encode()),
        ("unicode_escape", "Empfänger unbekannt".encode()),  # a codec of Python's that is no charset
        ("us-ascii", "宛先が存在しません".encode("iso-2022-jp")),
        ("iso-2022-jp", "宛先が存在しません".encode("euc-jp")),
        ("iso-2022-jp", "宛先が存在しません".encode("shift_jis")),
    ],
)
def test_words_are_read_whatever_charset_is_claimed(charset: str, raw: bytes) -> None:
    head = f"From: MAILER-DAEMON@mx.example\nSubject: failure notice\nContent-Type: text/plain; charset={charset}\n\n"
    verdict = parse(head.encode() + b"<ana@birch.example>:\n550 5.1.1 " + raw + b"\n").verdicts[0]
    assert facts(verdict) == (BOUNCE, ANA, True, "5.1.1", NO_SUCH_USER)


def test_broken_base64_is_read_as_far_as_it_goes() -> None:
    head = b"From: MAILER-DAEMON@x.example\nSubject: failure notice\nContent-Transfer-Encoding: base64\n\n"
    assert parse(head + b"PGFuYUBiaXJjaC5leGFtcGxlPjogNTUwIFVzZXIgdW5rbm93bg!!==A").verdicts[0].recipient == ANA
    assert parse(head + b"P").verdicts[0].recipient == ""


def test_a_multipart_is_cut_by_the_delimiter_that_it_uses() -> None:
    for wrong in (b'boundary="=_other"', b"x=y"):
        raw = sample("postfix-unknown").replace(b'boundary="=_b1"', wrong)
        assert [facts(verdict) for verdict in parse(raw).verdicts] == SAID["postfix-unknown"]


def test_depth_parts_and_size_are_bounded() -> None:
    nested = b"x"
    for n in range(200):
        nested = b"Content-Type: multipart/mixed; boundary=b%d.\n\n--b%d.\n%b\n--b%d.--\n" % (n, n, nested, n)
    depth, part = 0, read(nested)
    while part.parts:
        depth, part = depth + 1, part.parts[0]
    assert depth == DEEPEST
    many = b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 5000
    assert len(read(many).parts) < MOST_PARTS
    assert len(read(b"\n\n" + b"x" * MOST_BYTES * 2).text) <= MOST_BYTES


@pytest.mark.parametrize(
    "raw", [b"", b"\n", b"\x00", b"From ", b":", b"\xff" * 100, b"Content-Type: message/rfc822\n\n"]
)
def test_nothing_is_made_of_nothing(raw: bytes) -> None:
    assert parse(raw) == Feedback((Verdict(NONE, ""),))


def test_no_message_however_broken_raises() -> None:
    originals = [file.read_bytes() for file in sorted(SAMPLES.iterdir())]
    for raw in broken(originals, seed=random.Random(55).randrange(2**32), count=1500):  # noqa: S311 - repeatable
        assert parse(raw).verdicts
