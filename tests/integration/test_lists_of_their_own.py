from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from newsletter.app import App
from newsletter.campaigns import lifecycle, streams
from newsletter.issues.skeletons import skeleton
from newsletter.ledger.tables import Link
from newsletter.rendering.compile import compile_letter
from newsletter.rendering.editions import Edition
from newsletter.rendering.variants import Variant
from newsletter.sending.sender import Sender
from subscribers import lists, subscribers, subscriptions
from subscribers.addresses import EmailAddress
from subscribers.lists import ListFacts
from subscribers.tables import List, SubscriptionState
from tests.support import mails
from tests.support.commands import CommandLine
from tests.support.inboxes import mails_of, text_of
from tests.support.school import EVIDENCE, a_school, send, step_until_nothing
from tests.support.smtp_server import SmtpServer

FAMILIES = ListFacts(
    names={"es": "Carta para familias"},
    from_address="Our families <families@maple.example>",
    reply_to="office@maple.example",
    utm={"utm_source": "families"},
)
TEACHERS = ListFacts(
    names={"es": "Carta para docentes"},
    from_address="Our teachers <teachers@lincoln.example>",
    reply_to="Staff room <staff@lincoln.example>",
    postal_address="Lincoln School, 9 Side Street",
    utm={"utm_source": "teachers", "utm_medium": "email"},
)


def two_lists(app: App) -> tuple[List, List]:
    """The families' list, and one of teachers with one reader of each language."""
    now = app.clock.now()
    with app.database.writing() as session:
        families = lists.get(session, app.organization.id, "families")
        lists.edit(session, families, FAMILIES)
        teachers = lists.create(session, app.organization.id, "teachers", "Teachers' letter", now=now)
        lists.edit(session, teachers, TEACHERS)
        for address, language in (("tom@x.example", "en"), ("tina@x.example", "es-MX")):
            to = EmailAddress.parse(address)
            reader = subscribers.add(session, app.organization, to, language=language, now=now)
            subscriptions.subscribe(session, reader, teachers, SubscriptionState.CONFIRMED, now, evidence=EVIDENCE)
        return families, teachers


def a_campaign(app: App, slug: str) -> int:
    with app.database.writing() as session:
        aim = lifecycle.Aim(lists.get(session, app.organization.id, slug), "")
        campaign = lifecycle.create(session, app.clock, 1, aim)
        lifecycle.schedule(session, campaign.id, app.clock.now(), "UTC", app.gate(), needs_approval=False)
        return campaign.id


def test_two_lists_mail_in_two_names_and_each_reader_knows_the_list_in_their_language(
    database_url: str, tmp_path: Path
) -> None:
    with SmtpServer() as server, a_school(database_url, server.url, tmp_path) as app:
        two_lists(app)
        for slug in ("families", "teachers"):
            send(app, a_campaign(app, slug))
        with app.database.reading() as session:
            targets = {link.campaign_id: link.target for link in session.scalars(select(Link)) if "a=b" in link.target}
    received = mails_of(server.record)
    family, spanish = received["ninth@families.example"], received["spanish@families.example"]
    teacher, maestra = received["tom@x.example"], received["tina@x.example"]
    assert family["From"] == "Our families <families@maple.example>"
    assert teacher["From"] == "Our teachers <teachers@lincoln.example>"
    assert (family["Reply-To"], teacher["Reply-To"]) == ("office@maple.example", "Staff room <staff@lincoln.example>")
    assert family["List-Id"] == '"Family newsletter" <families.maple.example>'
    assert spanish["List-Id"] == '"Carta para familias" <families.maple.example>'
    assert maestra["List-Id"] == '"Carta para docentes" <teachers.lincoln.example>'
    assert "you signed up for Family newsletter from" in text_of(family)
    assert "se suscribió a Carta para familias de" in text_of(spanish)
    assert "se suscribió a Carta para docentes de" in text_of(maestra)
    assert "Maple School, 1 Main Street" in text_of(family)  # the settings': the list has none of its own
    assert "Lincoln School, 9 Side Street" in text_of(teacher)
    assert list(targets.values()) == [
        "https://guide.example/start?a=b&c=1&utm_source=families#top",
        "https://guide.example/start?a=b&c=1&utm_source=teachers&utm_medium=email#top",
    ]


def test_a_confirmation_names_the_list_in_the_readers_language(database_url: str, tmp_path: Path) -> None:
    with SmtpServer() as server, a_school(database_url, server.url, tmp_path) as app:
        _, teachers = two_lists(app)
        with app.database.writing() as session:
            reader = subscribers.get(session, app.organization.id, EmailAddress.parse("tina@x.example"))
            streams.ask_confirmation(session, app.clock, reader, teachers, language="es-MX", window=timedelta(hours=1))
        sender = Sender(app.sending())
        step_until_nothing(sender)
        sender.close()
    (letter,) = mails_of(server.record).values()
    assert letter["Subject"] == "Por favor, confirme: Carta para docentes"
    assert letter["From"] == "Our teachers <teachers@lincoln.example>"
    assert "Lincoln School, 9 Side Street" in text_of(letter)


GREY = "#F3F4F6"
"""The paper of the theme announcement, and of no other."""


@pytest.mark.parametrize(
    ("of_list", "of_issue", "grey"),
    [("", "", False), ("announcement", "", True), ("announcement", "monthly", False), ("", "announcement", True)],
)
def test_a_lists_theme_holds_where_the_issue_names_none(of_list: str, of_issue: str, grey: bool) -> None:
    issue = mails.document(mails.section(en="## Hello\n\n[A link](https://x.example)"), theme=of_issue)
    content = Edition(issue, mails.identity(theme=of_list)).content(Variant("en", 1))
    assert (GREY in str(content.html)) == grey


def test_letters_have_the_lists_theme() -> None:
    content = compile_letter("confirm", "en", mails.identity(theme="announcement"))
    assert GREY in str(content.html)


def test_a_sent_issue_has_the_theme_of_its_list(sqlite_url: str, tmp_path: Path) -> None:
    with SmtpServer() as server, a_school(sqlite_url, server.url, tmp_path) as app:
        with app.database.writing() as session:
            lists.edit(session, lists.get(session, app.organization.id, "families"), ListFacts(theme="announcement"))
        send(app, a_campaign(app, "families"))
    part = mails_of(server.record)["ninth@families.example"].get_body(("html",))
    assert part is not None
    assert GREY in str(part.get_content())


def test_a_new_issue_names_no_theme_so_that_the_lists_holds() -> None:
    assert not skeleton("2027-01", ("en",), "UTC").theme


@pytest.fixture
def newsletter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    command = CommandLine(tmp_path, monkeypatch, capsys)
    command.do("init")
    command.do(
        "lists", "create", "families", "--name", "Family newsletter", "--name-in", "es=Carta", "--utm", "source=n"
    )
    return command


def test_what_is_not_named_stays_and_an_empty_text_takes_away(newsletter: CommandLine) -> None:
    before = newsletter.do("lists", "show", "families", "--json").json()
    assert (before["name"], before["names"], before["utm"]) == (
        "Family newsletter",
        {"es": "Carta"},
        {"utm_source": "n"},
    )
    assert (before["double_opt_in"], before["welcome"], before["confirmed"]) == (True, True, 0)
    changes = (
        "--name-in",
        "SO=Warqad",
        "--description-in",
        "es=Cada mes",
        "--utm",
        "utm_medium=email",
        "--no-welcome",
        "--reply-to",
        "a@x.example",
    )
    after = newsletter.do("lists", "edit", "families", *changes, "--json").json()
    assert after["names"] == {"es": "Carta", "so": "Warqad"}
    assert after["utm"] == {"utm_source": "n", "utm_medium": "email"}
    assert (after["welcome"], after["reply_to"], after["double_opt_in"]) == (False, "a@x.example", True)
    assert after["descriptions"] == {"es": "Cada mes"}
    taken = ("--name-in", "es=", "--description-in", "es= ", "--utm", "source=", "--reply-to", "")
    last = newsletter.do("lists", "edit", "families", *taken, "--json").json()
    assert (last["names"], last["descriptions"]) == ({"so": "Warqad"}, {})
    assert (last["utm"], last["reply_to"]) == ({"utm_medium": "email"}, "")


def test_a_list_is_shown_with_what_it_has_from_the_settings(newsletter: CommandLine) -> None:
    newsletter.set("from", "Maple <news@maple.example>")
    lines = [line.split() for line in newsletter.do("lists", "show", "families").out.splitlines()]
    assert ["from", "Maple", "<news@maple.example>", "(from", "the", "settings)"] in lines
    assert ["name,", "es", "Carta"] in lines
    assert ["in", "links", "utm_source=n"] in lines


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("--from", "Our school <news@x.example>\r\nBcc: all@evil.example"), "has a line break"),
        (("--from", "Our school\u2028 <news@x.example>"), "has a line break"),
        (("--from", "news"), "Write a name and an address in ASCII"),
        (("--reply-to", "news"), "Error: Write a name and an address in ASCII"),
        (("--from", "a@x.example,b@y.example"), "."),
        (("--reply-to", "a@x.example\nb@x.example"), "has a line break"),
        (("--postal-address", "1 Main Street\x00"), "has a line break or a control character"),
        (("--name", "x" * 201), "longer than 200 characters"),
        (("--name", " "), "A list has a name that readers see"),
        (("--name-in", "es=a\nb"), "has a line break"),
        (("--name-in", "Carta"), "names no language"),
        (("--description-in", "spanish!=Carta"), "is not a language"),
        (("--name-in", "zz=Carta"), "There is no language 'zz': use a code like en"),
        (("--description-in", "zz="), "There is no language 'zz': use a code like en"),
        (("--theme", "nix"), "There is no theme 'nix'"),
        (("--utm", "ref=x"), "is no UTM value"),
        (("--utm", "source"), "is no UTM value"),
        (("--utm", "source=a\nb"), "has a line break"),
        ((), "Say what to change"),
    ],
)
def test_what_a_list_cannot_be_is_one_sentence_and_changes_nothing(  # F23
    newsletter: CommandLine, change: tuple[str, ...], sentence: str
) -> None:
    before = newsletter.do("lists", "show", "families", "--json").json()
    said = newsletter("lists", "edit", "families", *change)
    assert said.code
    assert sentence in said.err
    assert newsletter.do("lists", "show", "families", "--json").json() == before


def test_a_list_is_not_made_without_a_name(newsletter: CommandLine) -> None:
    assert "--name NAME" in newsletter("lists", "create", "other").err
    assert "no list 'other'" in newsletter("lists", "show", "other").err
