"""Prepared messages say what was rendered, whatever it holds, for one reader after another; and for SendGrid."""

import email
import email.policy
import re

from hypothesis import given
from hypothesis import strategies as st

from newsletter.rendering.content import (
    ConfirmSlot,
    Content,
    LinkSlot,
    MergeSlot,
    OpenSlot,
    PersonalSlot,
    PreferencesSlot,
    UnsubscribeSlot,
    ViewSlot,
)
from newsletter.rendering.merge import clean
from newsletter.rendering.prepared import MessageSettings, PreparedMessage, Rendered, prepare, rendered
from tests.support.mails import CAMPAIGN, SIGNER, Mail, content_of, copy, identity, mail, reader

_LETTERS = st.sampled_from("ab =.\t\nñ🎈<&\"'%-{") | st.characters(exclude_categories=["Cs"], exclude_characters="\r")
_TEXT = st.text(_LETTERS, max_size=60)
_EXPRESSIONS = st.sampled_from(
    ["{{ reader.name }}", '{{ reader.first_name | default("friend") }}', "{{ reader.name | upper ~ list.name }}"]
)
_SLOTS = st.one_of(
    st.builds(MergeSlot, _EXPRESSIONS),
    st.builds(LinkSlot, st.integers(2, 60)),
    st.builds(PersonalSlot, st.integers(1, 10**6)),
    st.sampled_from([OpenSlot(), ViewSlot(), UnsubscribeSlot(), PreferencesSlot(), ConfirmSlot()]),
)
_PIECES = st.lists(_TEXT | _SLOTS, max_size=12).map(tuple)
_SUBJECTS = st.lists(_TEXT | st.builds(MergeSlot, _EXPRESSIONS), max_size=4).map(tuple)
_FACTS = {"list": {"name": "Letter"}, "organization": {"name": "School"}, "issue": {"month": "May"}}
_CONTENTS = st.builds(Content, _SUBJECTS, _PIECES, _PIECES, st.just(_FACTS))


def filled(text: str, values: dict[str, str]) -> str:
    for tag, value in values.items():
        text = text.replace(tag, value)
    return text


def prepared(content: Content) -> PreparedMessage:
    return prepare(content, MessageSettings(identity(), CAMPAIGN), SIGNER)


@given(_CONTENTS, st.text(max_size=200), _TEXT, st.integers(1, 10**12))
def test_the_decoded_message_is_the_content_with_the_values_filled_in(
    content: Content, name: str, first_name: str, seq: int
) -> None:  # M3 M4 M18 M19
    one = copy(reader(name, first_name=first_name), seq=seq)
    raw = prepared(content).message(one)
    expected = rendered(content, identity(), SIGNER, one)
    made = Mail(raw)
    assert (made.text, made.html) == (expected.text, expected.html)
    assert str(made.parsed["Subject"]).strip() == clean(expected.subject).strip()
    assert all(len(line) <= 76 for line in raw.split(b"\r\n\r\n", 1)[1].split(b"\r\n"))
    assert not any(line.startswith(b".") for line in raw.split(b"\r\n"))


@given(_CONTENTS, st.text(max_size=40))
def test_substitutions_give_the_same_mail(content: Content, name: str) -> None:
    one = copy(reader(name))
    ready = prepared(content)
    parts = ready.personalized()
    values = ready.substitutions(one)
    assert sum(len(tag) + len(value.encode()) for tag, value in values.items()) <= 10_000
    worded = {parts.tags[at] for at in parts.worded}
    assert all(re.fullmatch(r"[\w.-]+", value, re.ASCII) for tag, value in values.items() if tag not in worded)
    subject, html, text = (filled(face, values) for face in (parts.subject, parts.html, parts.text))
    assert Rendered(subject, html, text) == rendered(content, identity(), SIGNER, one)


def test_one_prepared_message_serves_many_readers() -> None:
    ready = prepared(content_of())
    ana = Mail(ready.message(copy(reader("Ana"), seq=1)))
    ben = Mail(ready.message(copy(reader("Ben"), seq=2)))
    again = ready.message(copy(reader("Ana"), seq=1))
    assert "Hello Ana" in ana.text
    assert "Hello Ben" in ben.text
    assert again == ana.raw
    assert ready.return_path(copy(seq=2)) == "letters@school.example"
    assert ana.parsed["Message-ID"] != ben.parsed["Message-ID"]
    assert ready.key(copy(seq=2)) in str(ben.parsed["Message-ID"])


def test_text_and_html_have_tags_of_their_own_and_only_html_is_escaped() -> None:
    content = Content(
        (MergeSlot("{{ reader.name }}"),), (MergeSlot("{{ reader.name }}"),), (MergeSlot("{{ reader.name }}"),)
    )
    ready = prepared(content)
    parts, values = ready.personalized(), ready.substitutions(copy(reader("<b>")))
    assert len({parts.subject, parts.html, parts.text}) == 3
    assert (values[parts.subject], values[parts.html], values[parts.text]) == ("<b>", "&lt;b&gt;", "<b>")


def test_a_provider_gets_the_fields_that_all_readers_share_and_each_readers_own() -> None:  # M6 M7 M10 M11
    ready = prepared(content_of())
    parts = ready.personalized()
    assert (parts.from_mailbox.name, parts.from_mailbox.address) == ("Our School", "letters@school.example")
    assert parts.reply_to is not None
    assert parts.reply_to.address == "office@school.example"
    assert parts.headers == {
        "List-Id": '"Letter for families" <families.school.example>',
        "Feedback-ID": "42:families:our-school-community:school-example",
    }
    values = ready.substitutions(copy())
    own = {name: filled(text, values) for name, text in parts.own_headers.items()}
    assert own["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail().header_lines("List-Unsubscribe") == [f"List-Unsubscribe: {own['List-Unsubscribe']}"]


def test_a_letter_outside_lists_has_no_way_to_leave_one() -> None:
    sender = identity(reply_to="")
    ready = prepare(content_of(), MessageSettings(sender, CAMPAIGN, list_headers=False), SIGNER)
    assert ready.personalized().own_headers == {}
    assert ready.personalized().reply_to is None
    assert "Reply-To" not in email.message_from_bytes(ready.message(copy()), policy=email.policy.default)
