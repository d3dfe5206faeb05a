"""Rules of every shape, for property tests."""

from hypothesis import strategies as st

from subscribers.segments.rules import Rule

_VALUES = {
    "band": ["elementary", "middle", "high"],
    "grade": ["PK", "K", "1", "2", "5", "9", "12"],
    "language": ["en", "es", "es-mx", "zh"],
    "role": ["family", "educator", "organization"],
    "tag": ["volunteers", '"fair 2026"', '"and"', '"a ""quoted"" one"'],
    "list": ["families", "teachers"],
}


@st.composite
def _comparisons(draw: st.DrawFn) -> str:
    name = draw(st.sampled_from(sorted(_VALUES)))
    if draw(st.booleans()):
        return f"{name} {draw(st.sampled_from(['=', '!=']))} {draw(st.sampled_from(_VALUES[name]))}"
    chosen = draw(st.lists(st.sampled_from(_VALUES[name]), min_size=1, max_size=3))
    return f"{name} {draw(st.sampled_from(['in', 'not in']))} ({', '.join(chosen)})"


def rules() -> st.SearchStrategy[Rule]:
    """Rules over every field, nested."""
    texts = st.recursive(
        _comparisons(),
        lambda inner: st.one_of(
            inner.map("not ({})".format),
            st.tuples(inner, inner).map(lambda pair: f"({pair[0]}) and ({pair[1]})"),
            st.tuples(inner, inner).map(lambda pair: f"({pair[0]}) or ({pair[1]})"),
        ),
        max_leaves=6,
    )
    return texts.map(Rule.parse)
