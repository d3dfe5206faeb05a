"""Rules of every shape, for property tests."""

import random
from collections.abc import Sequence

from hypothesis import strategies as st

from subscribers.segments.rules import Rule

SETS = {
    "band": ["elementary", "middle", "high"],
    "grade": ["PK", "K", "1", "2", "5", "9", "12"],
    "school": ['"Maple Elementary"', '"Oak High"'],
    "role": ["family", "educator", "organization"],
    "tag": ["volunteers", '"fair 2026"', '"and"', '"a ""quoted"" one"', "O'Brien", "\"'so'\""],
    "list": ["families", "teachers"],
    "consent": ["tracking", "list"],
    "interest": ["reading", '"Math at home"', "ÑANDÚ"],
    "attended": ['"Autumn talk"', "Coding"],
}
CHOICES = {
    "language": ["en", "es", "es-mx", "zh"],
    "timezone": ["America/Chicago", "Europe/Madrid"],
    "place": ["Springfield", '"san josé"', '"50% [off]*"', "Straße"],
    "joined": ["2026-03-08", "2026-11-01", "2026-11-30"],
    "received": ["1", "2"],
    "opened": ["1", "2"],
    "clicked": ["1", "2"],
    "attribute.size": [
        "5",
        "large",
        "2.5",
        "true",
        "123456789012345",
        "123456789012345.123",
        "0.3",
        "0.30000000000000004",
    ],
    "attribute.bus-route": ["north", "12", "false", "123456789012345", '"Nord-Süd"'],
}
TEXTS = ["a", "sPr", "JOSÉ", '"%"', "_", '"["', '"*"', "ß", "ñ", "and", "Math", '"\\"', "ma", "America/", "o", "?", "]"]
ORDERED = {
    "grade": ["PK", "K", "3", "12"],
    "joined": ["2026-03-08", "2026-11-01", "2026-11-02"],
    "attribute.size": ["5", "-1", "2.5", "100000000000000", "12345678901234.5"],
    "attribute.bus-route": ["0", "12"],
}
TIMED = ["joined", "attended", "received", "opened", "clicked"]
WITH_PARTS = ["school", "tag", "interest", "attended", "place", "timezone", "attribute.size", "attribute.bus-route"]


def comparison(chance: random.Random) -> str:
    """One comparison, of any field with any operator that it takes."""
    whole = SETS | CHOICES
    match chance.choice(["=", "!=", "in", "not in", "has", "contains", "starts", "<", ">", "within"]):
        case "has":
            name = chance.choice(sorted(SETS))
            return f"{name} has {chance.choice(SETS[name])}"
        case "contains" | "starts" as sign:
            return f"{chance.choice(WITH_PARTS)} {sign} {chance.choice(TEXTS)}"
        case "<" | ">" as sign:
            name = chance.choice(sorted(ORDERED))
            return f"{name} {sign} {chance.choice(ORDERED[name])}"
        case "within":
            return f"{chance.choice(TIMED)} within {chance.choice([1, 2, 30, 90, 400])} days"
        case "in" | "not in" as sign:
            name = chance.choice(sorted(whole))
            chosen = chance.choices(whole[name], k=chance.randint(1, 3))
            return f"{name} {sign} ({', '.join(chosen)})"
        case sign:
            name = chance.choice(sorted(whole))
            return f"{name} {sign} {chance.choice(whole[name])}"


def random_rule(chance: random.Random, leaves: int = 4, segments: Sequence[str] = ()) -> str:
    """A rule of so many comparisons at most, nested; some of them with the segments there are."""
    if leaves == 1 or chance.random() < 0.2:
        is_segment = segments and chance.random() < 0.1
        return f"segment {chance.choice(['=', '!='])} {chance.choice(segments)}" if is_segment else comparison(chance)
    left = chance.randint(1, leaves - 1)
    parts: Sequence[str] = [random_rule(chance, left, segments), random_rule(chance, leaves - left, segments)]
    both = f"({parts[0]}) {chance.choice(['and', 'or'])} ({parts[1]})"
    return f"not ({both})" if chance.random() < 0.3 else both


def rules() -> st.SearchStrategy[Rule]:
    """Rules over every field, nested."""
    texts = st.recursive(
        st.randoms(use_true_random=False).map(comparison),
        lambda inner: st.one_of(
            inner.map("not ({})".format),
            st.tuples(inner, inner).map(lambda pair: f"({pair[0]}) and ({pair[1]})"),
            st.tuples(inner, inner).map(lambda pair: f"({pair[0]}) or ({pair[1]})"),
        ),
        max_leaves=6,
    )
    return texts.map(Rule.parse)
