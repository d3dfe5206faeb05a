"""What a browser does for the sign-up form, done here."""

import json
import re
from html import unescape

import altcha


def solved(challenge: str) -> str:
    """The solution of a challenge, as a form sends it."""
    found = altcha.solve_challenge(altcha.Challenge.from_dict(json.loads(challenge)))
    assert found is not None, "the challenge has no solution"
    return json.dumps({"counter": found.counter, "derivedKey": found.derived_key})


def challenge_in(page: str) -> str:
    """The challenge that a page's form carries."""
    field = re.search(r'name="challenge"\s+value="([^"]*)"', page)
    assert field is not None, "the page has no challenge"
    return unescape(field[1])
