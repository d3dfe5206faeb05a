import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.segments.texts import alike
from subscribers.segments.trees import Operator

IS, CONTAINS, STARTS = Operator.IS, Operator.CONTAINS, Operator.STARTS


@pytest.mark.parametrize(
    ("found", "operator", "wanted", "is_alike"),
    [
        ("SAN JOSÉ", IS, "san josé", True),
        ("San José del Cabo", STARTS, "SAN JOSÉ", True),
        ("San Jose", IS, "san josé", False),
        ("Old San José", STARTS, "san", False),
        ("Old San José", CONTAINS, "sé", True),
        ("ΣΟΦΙΑ", CONTAINS, "σοφ", True),
        ("Straße", IS, "STRASSE", False),
        ("50% [off]*", CONTAINS, "% [OFF]*", True),
        ("50 off", CONTAINS, "5_", False),
    ],
)
def test_capitals_do_not_matter_and_accents_do(found: str, operator: Operator, wanted: str, *, is_alike: bool) -> None:
    assert alike(found, operator, wanted) is is_alike


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_text_contains_and_starts_with_itself_however_it_is_written(text: str, more: str) -> None:
    assert alike(text, IS, text)
    assert alike(text + more, STARTS, text)
    assert alike(more + text + more, CONTAINS, text)
