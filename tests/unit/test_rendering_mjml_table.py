"""The table of components says what the reference package says, but for what the compiler here does not do."""

import re
from collections.abc import Iterator

import pytest

from newsletter.rendering.mjml.components import Component, Inside, table
from tests.support import reference_mjml
from tests.support.reference_mjml import MISSING, ReferenceComponent

pytestmark = pytest.mark.skipif(MISSING is not None, reason=MISSING or "")
TABLE = table()
OURS_ALONE = {"mjml", "mj-all", "mj-class"}
"""The reference checks these not at all."""


@pytest.fixture(scope="module")
def reference() -> dict[str, ReferenceComponent]:
    return reference_mjml.table()


def in_our_words(written: str) -> str:
    """A type of the reference, such as `unit(px,%){1,4}`, as our table writes it."""
    if written == "color":
        return "colour"
    name, _, rest = written.partition("(")
    words = rest.partition(")")[0].split(",")
    if name == "enum":
        return " ".join(["one-of", *(word for word in words if word)])
    if name in ("unit", "unitWithNegative"):
        kind = "lengths" if written.endswith("{1,4}") else "signed" if name == "unitWithNegative" else "length"
        return " ".join([kind, *(word or "plain" for word in words)])
    return {"string": "text", "integer": "whole", "boolean": "boolean"}[written]


def unlike(component: Component, reference: ReferenceComponent) -> Iterator[str]:
    """The attributes about which the two do not agree, as [unsupported] names them."""
    for name, written in reference.attributes.items():
        ours = component.attributes.get(name)
        if ours is None:
            yield f"{component.name} {name}"
            continue
        theirs, mine = in_our_words(written).split(), ours[0].written.split()
        if mine == ["address"] and theirs == ["text"]:
            continue
        if mine[0] != theirs[0] and (mine[0], theirs[0]) != ("one-of", "text"):
            yield f"{component.name} {name} is {theirs}, not {mine}"
        elif set(mine[1:]) != set(theirs[1:]):
            missing = sorted(set(theirs[1:]) - set(mine[1:]))
            yield from (f"{component.name} {name}={word}" for word in missing or ["?"])
    known = {*reference.attributes, "css-class", "mj-class"}
    yield from (f"{component.name} {name} is ours alone" for name in component.attributes if name not in known)


NARROWER = {"mj-hero mode=?": "mj-hero mode=fluid-height", "mj-style inline=?": None}
"""Where the reference takes any text and does one thing for one word."""


def test_there_are_the_components_of_the_reference(reference: dict[str, ReferenceComponent]) -> None:
    assert set(TABLE.components) - OURS_ALONE == {name for name in reference if name not in TABLE.unsupported}


def test_attributes_and_their_types_are_those_of_the_reference(reference: dict[str, ReferenceComponent]) -> None:
    said = [
        NARROWER.get(difference, difference)
        for name, component in TABLE.components.items()
        if name not in OURS_ALONE
        for difference in unlike(component, reference[name])
    ]
    assert [difference for difference in said if difference and difference not in TABLE.unsupported] == []


def test_children_are_those_of_the_reference(reference: dict[str, ReferenceComponent]) -> None:
    for name, component in TABLE.components.items():
        if name in OURS_ALONE or name == "mj-attributes":
            continue
        missing = set(reference[name].children) - set(component.children)
        assert set(component.children) <= set(reference[name].children), name
        assert {child for child in missing if child not in TABLE.unsupported} == {
            child for child in missing if f"{name} > {child}" in TABLE.unsupported
        }, name


def test_what_holds_html_text_or_styles_is_an_ending_tag_of_the_reference(
    reference: dict[str, ReferenceComponent],
) -> None:
    held = {name for name, one in TABLE.components.items() if one.inside in (Inside.HTML, Inside.TEXT, Inside.CSS)}
    ending = {name for name, one in reference.items() if one.ending}
    assert held == ending - {"mj-breakpoint", "mj-carousel-image"}  # in which nothing has a meaning


def test_whatever_is_unsupported_is_something_of_the_reference(reference: dict[str, ReferenceComponent]) -> None:
    for key in TABLE.unsupported:
        names = re.findall(r"\bmj[a-z-]*\b", key)
        assert all(name in reference or name in {"mjml", "mj-selector", "mj-html-attribute"} for name in names), key
