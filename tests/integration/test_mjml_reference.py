"""Mails come out of our compiler as out of the reference: the same words, links and pictures in the same order."""

import pytest

from newsletter.rendering import mjml
from tests.support import reference_mjml
from tests.support.mail_parts import MailParts
from tests.support.our_mails import our_mails
from tests.support.reference_mjml import MISSING

pytestmark = pytest.mark.skipif(MISSING is not None, reason=MISSING or "")
OURS = our_mails()
EXAMPLES = {} if MISSING else reference_mjml.examples()
PARTIAL = {"mjml-social 2": "mj-social"}
"""Examples that are not a whole mail, and where they stand."""
UNSUPPORTED = {
    "mjml-accordion 1": "mj-accordion-element cannot stand directly in mj-attributes.",
    "mjml-head-html-attributes 1": "mj-html-attributes is not supported here.",
    "mjml-hero 2": "mj-hero mode=fluid-height is not supported here.",
    "mjml-raw 2": "A < begins a tag here, and none follows.",  # a condition of Jinja, `{% if foo < 5 %}`
    "mjml-raw 3": "mj-raw cannot stand directly in mjml.",  # with position="file-start"
}
"""Examples that use what the compiler here does not do, with what is said of them."""


@pytest.fixture(scope="module")
def reference() -> dict[str, str]:
    """What the reference makes of everything here, in one process."""
    texts = {name: one.mjml for name, one in OURS.items()} | whole_examples()
    return {name: one.html for name, one in zip(texts, reference_mjml.compiled(list(texts.values())), strict=True)}


def whole_examples() -> dict[str, str]:
    around = "<mjml><mj-body><mj-section><mj-column><mj-social>{}</mj-social></mj-column></mj-section></mj-body></mjml>"
    return {name: around.format(text) if name in PARTIAL else text for name, text in EXAMPLES.items()}


def parts(html: str) -> tuple[list[str], list[str], list[str]]:
    read = MailParts(html)
    return read.words, read.links, read.pictures


@pytest.mark.parametrize("name", OURS)
def test_our_mails_say_the_same_by_both_compilers(name: str, reference: dict[str, str]) -> None:
    assert mjml.problems(OURS[name].mjml) == []
    ours = parts(OURS[name].html)
    assert ours[0]
    assert ours == parts(reference[name])


@pytest.mark.parametrize("name", sorted(set(EXAMPLES) - set(UNSUPPORTED)))
def test_the_examples_of_the_reference_have_no_problem_and_say_the_same(name: str, reference: dict[str, str]) -> None:
    assert mjml.problems(EXAMPLES[name], PARTIAL.get(name, "")) == []
    assert parts(mjml.to_html(whole_examples()[name])) == parts(reference[name])


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_the_examples_of_what_is_not_supported_are_said_so(name: str) -> None:
    assert UNSUPPORTED[name] in [problem.sentence for problem in mjml.problems(EXAMPLES[name])]


def test_there_are_examples_of_every_package() -> None:
    assert len(EXAMPLES) >= 25
