"""Addresses as servers write them."""

import re

_MADE_OF = r"[^\s<>()\[\],;:\"'@=|]"
_ADDRESS = re.compile(rf"(?<!{_MADE_OF})({_MADE_OF}{{1,250}}@{_MADE_OF}{{1,250}})")
"""Begins only where a word does, so that each letter is looked at once."""


def addresses_in(text: str) -> list[str]:
    """Every address in a text, as it is written, without a name, brackets or the full stop of a sentence."""
    return [found.rstrip(".!?*_-").strip("`") for found in _ADDRESS.findall(text)]
