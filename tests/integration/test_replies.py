"""A letter that a person writes to the address of SendGrid's Inbound Parse reaches people, once."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import select, update

from newsletter.campaigns import replies
from newsletter.campaigns.replies import (
    MOST_AN_HOUR,
    NobodyReadsReplies,
    NoListToPassOnBy,
    RepliesComeBack,
    RepliesSuppressed,
    TooManyReplies,
)
from newsletter.clock import Clock
from newsletter.events import persons, retention
from newsletter.events.replies import STREAM
from newsletter.events.tables import Reply
from newsletter.feedback.letters import MOST_FILES, MOST_TEXT
from newsletter.ledger.tables import Campaign, Delivery, DeliveryState, Exclusion
from newsletter.return_paths import ReturnPath
from newsletter.sending.sender import Sender, Step
from newsletter.tokens import DeliveryKey
from subscribers import subscribers, suppressions
from subscribers.addresses import EmailAddress
from subscribers.db import Database
from subscribers.tables import SuppressionReason
from tests.support.mails import Mail
from tests.support.returned_mail import returned
from tests.support.web_server import visiting
from tests.support.web_world import World, new_world

PATH, KEY = "/hooks/sendgrid/inbound", "a key that only SendGrid has"
OFFICE = "office@school.example"
ANA = EmailAddress.parse("ana@families.example")


@pytest.fixture
def world(database_url: str, clock: Clock, tmp_path: Path) -> Iterator[World]:
    database = Database(database_url)
    yield new_world(database, clock, ("monthly", "workshops"), **settings(tmp_path))
    database.close()


@pytest.fixture
def client(world: World) -> Iterator[httpx.Client]:
    with visiting(world.app) as client:
        yield client


def settings(tmp_path: Path, **more: Any) -> dict[str, Any]:
    usual = {
        "inbound_key": SecretStr(KEY),
        "replies_to": OFFICE,
        "from_": "Five Bridges <news@school.example>",
        "transport": f"file:{tmp_path}/outbox",
        "state_folder": tmp_path / "state",
    }
    return usual | more


def letter(words: str = "May I bring <b>Sam</b>?\n\nAna", **headers: str) -> bytes:
    message = EmailMessage(policy=SMTP)
    usual = {"From": f"Ana Ruiz <{ANA.mailed}>", "To": "news@school.example", "Subject": "The workshop"}
    for name, value in (usual | {name.replace("_", "-"): value for name, value in headers.items()}).items():
        message[name] = value
    message.set_content(words)
    return message.as_bytes()


def came(client: httpx.Client, raw: bytes) -> httpx.Response:
    return client.post(PATH, files={"email": (None, raw)}, auth=("sendgrid", KEY))


def kept(world: World) -> list[Reply]:
    with world.database.reading() as session:
        return list(session.scalars(select(Reply).order_by(Reply.id)))


def sent(world: World, tmp_path: Path) -> list[Mail]:
    sender = Sender(world.app.sending())
    while sender.step() is Step.WORKED:
        pass
    sender.close()
    return [Mail(file.read_bytes()) for file in sorted((tmp_path / "outbox").rglob("*.eml"))]


def test_a_letter_is_passed_on_once_and_answers_go_to_its_writer(
    world: World, client: httpx.Client, tmp_path: Path
) -> None:
    for _ in range(2):
        assert came(client, letter(Message_ID="<1@families.example>")).status_code == 204
    (mail,) = sent(world, tmp_path)
    assert (mail.parsed["To"], mail.parsed["Auto-Submitted"]) == (OFFICE, "auto-generated")
    assert mail.parsed["Reply-To"] == f"Ana Ruiz <{ANA.mailed}>"
    assert mail.parsed["From"] == "Five Bridges <news@school.example>"
    assert mail.parsed["Subject"] == "Ana Ruiz wrote to you: The workshop"
    assert "> May I bring <b>Sam</b>?\n>\n> Ana\n" in mail.text.replace("\r\n", "\n").replace("> \n", ">\n")
    assert "May I bring &lt;b&gt;Sam&lt;/b&gt;?<br" in mail.html
    assert "Answer this mail to write to Ana Ruiz." in mail.text


def test_it_goes_in_the_name_of_the_list_whose_copy_it_answers(world: World, client: httpx.Client) -> None:
    campaign_id = world.sent_to(world.reader(ANA.mailed), slug="workshops")
    with world.database.writing() as session:
        session.execute(update(Delivery).values(attempt=1))
    key = world.app.signer.delivery_key(DeliveryKey(campaign_id, 1, 1))
    path = ReturnPath("news+", "@school.example").of(key)
    assert came(client, letter(In_Reply_To=f"<{key}@school.example>")).status_code == 204
    assert came(client, letter("To the key", X_Original_To=path)).status_code == 204
    assert came(client, letter("To nobody")).status_code == 204
    slugs = {list_id: slug for slug, list_id in world.list_ids.items()}
    assert [slugs[reply.list_id] for reply in kept(world)] == ["workshops", "workshops", "monthly"]


def test_html_is_told_as_text_and_attachments_by_their_names(
    world: World, client: httpx.Client, tmp_path: Path
) -> None:
    message = EmailMessage(policy=SMTP)
    message["From"], message["Subject"] = ANA.mailed, ""
    message.set_content("<p>Hello<br>there</p><script>alert(1)</script>", subtype="html")
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="Élan\u202e <i>.pdf")
    message.add_attachment("Not a word of the letter", filename="notes.txt")
    assert came(client, message.as_bytes()).status_code == 204
    (reply,) = kept(world)
    assert reply.text == "Hello\nthere"
    assert reply.files == ["Élan <i>.pdf", "notes.txt"]
    (mail,) = sent(world, tmp_path)
    assert mail.parsed["Subject"] == f"{ANA.mailed} wrote to you"
    assert "This was attached and is not passed on: Élan <i>.pdf and notes.txt" in mail.text.replace("\r\n", " ")
    assert "&lt;i&gt;.pdf" in mail.html


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Precedence": "bulk"},
        {"Return_Path": "<>"},
        {"X_Autoreply": "yes"},
        {"From": "Five Bridges <NEWS@school.example>"},
        {"From": OFFICE},
        {"From": "Workshops <workshops@school.example>"},
        {"From": "nobody at all"},
    ],
)
def test_what_machines_or_we_ourselves_wrote_is_not_passed_on(
    world: World, client: httpx.Client, headers: dict[str, str]
) -> None:
    with world.database.writing() as session:
        world.list_(session, "workshops").from_address = "Workshops <workshops@school.example>"
    raw = letter().replace(b"From: Ana Ruiz <ana@families.example>\r\n", b"") if "From" in headers else letter()
    raw = raw.replace(b"Subject: The workshop\r\n", b"") if "Subject" in headers else raw
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    assert came(client, lines.encode() + raw).status_code == 204
    assert kept(world) == []


def test_a_letter_whose_subject_speaks_of_an_absence_is_a_letter(world: World, client: httpx.Client) -> None:
    about_a_child = letter().replace(b"Subject: The workshop\r\n", b"Subject: Ausencia de mi hijo\r\n")
    assert came(client, about_a_child).status_code == 204
    assert [reply.subject for reply in kept(world)] == ["Ausencia de mi hijo"]


def test_a_bounce_is_no_letter(world: World, client: httpx.Client) -> None:
    assert came(client, returned()).status_code == 204
    assert kept(world) == []


def test_hostile_names_and_words_are_only_text(world: World, client: httpx.Client, tmp_path: Path) -> None:
    name = "=?utf-8?q?<script>=0D=0ABcc:_all@school.example=0D=0A,_{{x}}_=E2=80=AE?="
    raw = letter("{{ reader.name }}\n<mj-raw>\n</mj-text>\n\x1b[31m\n" + "a" * 5000 + "end")
    raw = raw.replace(b"Ana Ruiz", name.encode()).replace(
        b"The workshop", b"=?utf-8?q?=0D=0ABcc:_b@x.example_<b>_=E2=80=AE?="
    )
    assert came(client, raw).status_code == 204
    (mail,) = sent(world, tmp_path)
    assert mail.parsed["Bcc"] is None
    assert mail.parsed["Reply-To"].addresses[0].addr_spec == ANA.mailed
    assert len(mail.parsed["Reply-To"].addresses) == 1
    assert mail.parsed["Subject"] == "<script> Bcc: all@school.example , {{x}} wrote to you: Bcc: b@x.example <b>"
    assert "<script>" not in mail.html
    assert "<mj-raw>" not in mail.html
    for said in ("{{ reader.name }}", "&lt;mj-raw&gt;", "&lt;/mj-text&gt;", "aend"):
        assert said in mail.html
    assert "\x1b" not in mail.html + mail.text


def test_much_is_cut_and_says_so(world: World, client: httpx.Client, tmp_path: Path) -> None:
    message = EmailMessage(policy=SMTP)
    message["From"], message["Subject"] = f'"{"n" * 500}" <{ANA.mailed}>', "s" * 900
    message.set_content("x\n" * MOST_TEXT)
    for no in range(MOST_FILES + 5):
        message.add_attachment(b"x", maintype="image", subtype="png", filename=f"{no}.png")
    assert came(client, message.as_bytes()).status_code == 204
    (reply,) = kept(world)
    assert (len(reply.text), reply.text[-3:], len(reply.files)) == (MOST_TEXT, "[…]", MOST_FILES)
    assert len(sent(world, tmp_path)) == 1


def test_nothing_is_lost_in_silence(world: World, client: httpx.Client, tmp_path: Path) -> None:
    with world.database.writing() as session:
        address = EmailAddress.parse(OFFICE)
        suppressions.suppress(
            session, world.app.organization, address, SuppressionReason.REQUEST, now=world.app.clock.now()
        )
    for raw, refusal in (
        (letter(), RepliesSuppressed),
        (f"X-Original-To: {OFFICE}\r\n".encode() + letter(), RepliesComeBack),
    ):
        answer = came(client, raw)
        assert (answer.status_code, answer.text) == (503, str(refusal()))
    app = replace(world.app, settings=world.app.settings.model_copy(update={"replies_to": ""}))
    with visiting(app) as other:
        answer = came(other, letter())
        assert (answer.status_code, answer.text) == (503, str(NobodyReadsReplies()))
        assert came(other, returned()).status_code == 204
    assert kept(world) == []
    assert sent(world, tmp_path) == []


def test_a_letter_needs_a_list_to_go_by(sqlite_url: str, clock: Clock, tmp_path: Path) -> None:
    world = new_world(Database(sqlite_url), clock, (), **settings(tmp_path))
    with visiting(world.app) as client:
        answer = came(client, letter())
    assert (answer.status_code, answer.text) == (503, str(NoListToPassOnBy()))


def test_a_flood_of_letters_is_held_back_for_an_hour(world: World, client: httpx.Client) -> None:
    now = world.app.clock.now()
    with world.database.writing() as session:
        for no in range(MOST_AN_HOUR - 1):
            session.add(a_reply(world, no, now))
    assert came(client, letter("the last")).status_code == 204
    refused = came(client, letter("one too many"))
    assert (refused.status_code, refused.text) == (503, str(TooManyReplies()))
    assert came(client, letter("the last")).status_code == 204
    assert len(kept(world)) == MOST_AN_HOUR
    world.app.clock.offset += timedelta(hours=1, seconds=1)
    assert came(client, letter("one too many")).status_code == 204


def a_reply(world: World, no: int, at: Any) -> Reply:
    return Reply(
        organization_id=world.app.organization.id,
        digest=str(no),
        list_id=world.list_ids["monthly"],
        from_name="",
        from_address="b@x.example",
        from_key="b@x.example",
        subject="",
        text="",
        files=[],
        received_at=at,
    )


@pytest.mark.parametrize("is_reader", [True, False])
def test_who_is_erased_is_not_passed_on(world: World, client: httpx.Client, tmp_path: Path, *, is_reader: bool) -> None:
    if is_reader:
        world.reader("Ana@families.example")
    came(client, letter())
    came(client, letter(From="ben@families.example"))
    organization, now = world.app.organization, world.app.clock.now()
    with world.database.writing() as session:
        reader = subscribers.find(session, organization.id, ANA)
        if reader is None:
            told = persons.held_of_stranger(session, organization, ANA)["replies"]
            persons.erase_stranger(session, organization, ANA, now=now, never_again=False)
        else:
            told = persons.held(session, reader)["replies"]
            persons.erase(session, organization, reader, now=now, never_again=False)
    assert [(one["name"], one["subject"]) for one in told] == [("Ana Ruiz", "The workshop")]
    assert [reply.from_address for reply in kept(world)] == ["ben@families.example"]
    (mail,) = sent(world, tmp_path)
    assert mail.parsed["Reply-To"] == "ben@families.example"
    with world.database.reading() as session:
        states = session.execute(
            select(Delivery.state, Delivery.reason)
            .join(Campaign, Campaign.id == Delivery.campaign_id)
            .where(Campaign.stream == STREAM)
            .order_by(Delivery.seq)
        ).all()
    assert states == [(DeliveryState.EXCLUDED, Exclusion.ERASED), (DeliveryState.ACCEPTED, None)]


def test_a_letter_whose_writer_was_erased_while_a_sender_had_it_says_nothing_of_them(world: World) -> None:
    said = replies.ReplyLetter(1, "en", 99)
    assert replies.ReplyLetter.parse(str(said)) == said
    with world.database.reading() as session:
        assert said.answers_to(session) == ""
        assert said.values(session) == {"name": "—", "address": "—", "re": "", "lines": [], "files": ""}


def test_an_address_of_other_letters_is_told_but_no_answer_goes_there(
    world: World, client: httpx.Client, tmp_path: Path
) -> None:
    raw = letter().replace(b"Ana Ruiz <ana@families.example>", "Ána <ána@families.example>".encode())
    assert came(client, raw).status_code == 204
    (mail,) = sent(world, tmp_path)
    assert mail.parsed["Reply-To"] is None
    assert "ána@families.example" in mail.text


def test_letters_go_when_their_time_is_over(world: World, client: httpx.Client) -> None:
    came(client, letter())
    clocks, now = retention.clocks(world.app.settings), world.app.clock.now()
    assert retention.purge(world.database, clocks, now + timedelta(days=29))[0]["letters by people"] == 0
    assert retention.purge(world.database, clocks, now + timedelta(days=31))[0]["letters by people"] == 1
    assert kept(world) == []
