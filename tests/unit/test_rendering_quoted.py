"""Quoted-printable with holes: whatever is written and fills the holes, it reads back and its lines are short."""

import quopri

from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.rendering import quoted
from newsletter.rendering.merge import clean

_TEXT = st.text(st.sampled_from("ab =.\t\nñ🎈_-F?") | st.characters(exclude_categories=["Cs"], exclude_characters="\r"))
_WIDTH = 32


def written(constants: list[str], values: list[str]) -> bytes:
    """The constants with a value between each two, encoded as a part is."""
    pieces: list[str | int] = [constants[0]]
    for at, constant in enumerate(constants[1:]):
        pieces += [at, constant]
    laid_out = quoted.lay_out(pieces, lambda _: _WIDTH)
    filled = (piece if isinstance(piece, str) else quoted.value(values[piece], _WIDTH) for piece in laid_out)
    return "".join(filled).encode()


@given(st.data())
@example(None)
def test_it_decodes_to_the_text_with_its_values(data: st.DataObject | None) -> None:  # M3 M4
    constants, values = ["", ".a "], [""]
    if data is not None:
        constants = data.draw(st.lists(_TEXT, min_size=1, max_size=5))
        values = [clean(value) for value in data.draw(st.lists(_TEXT, min_size=4, max_size=4))]
    encoded = written(constants, values)
    expected = constants[0] + "".join(value + rest for value, rest in zip(values, constants[1:], strict=False))
    assert quopri.decodestring(encoded) == expected.replace("\n", "\r\n").encode()
    lines = encoded.split(b"\r\n")
    assert all(len(line) <= 76 for line in lines)
    assert not any(line.startswith(b".") for line in lines)
    assert not any(line.endswith((b" ", b"\t")) for line in lines)


def test_a_long_value_brings_its_own_breaks() -> None:
    long = "." * 200 + "ñ" * 100 + " "
    assert quopri.decodestring(written(["x" * 70, ". y"], [long])).decode() == "x" * 70 + long + ". y"


def test_a_short_plain_value_stays_as_it_is() -> None:
    assert quoted.value("Ana O'Neil", _WIDTH) == "Ana O'Neil"
    assert quoted.value("Añ ", _WIDTH) == "A=C3=B1=20"
