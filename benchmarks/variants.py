"""Compiling every variant of an issue beside the reference compiler on one of them, and how soon a preview is there."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import chain, combinations

from newsletter.confinement.children import confined
from newsletter.issues.document import Document, SectionKind
from newsletter.rendering import mjml
from newsletter.rendering.editions import Edition
from newsletter.rendering.links import LinkTable
from newsletter.rendering.variants import Profile, Variant, variant_of
from newsletter.sending.previews import family_with, preview
from newsletter.tokens import Signer
from subscribers.grades import Bands, RollOver
from subscribers.segments.rules import Person, RuleContext
from tests.support import reference_mjml
from tests.support.kinds import KINDS, LANGUAGES
from tests.support.mails import identity

from .bench import Bench
from .pairs import MANY, Bar, Row, seconds_of

_SECTIONS = 20
_VARIANTS = 42
"""Seven sets of three bands, in six languages."""
_CONTEXT = RuleContext(1, date(2026, 12, 1), RollOver(7, 1), Bands.parse("elementary=PK-5 middle=6-8 high=9-12"))
_WARM = 3
"""Rounds before the measured ones: the reference takes as many to compile what it runs."""


def rows(bench: Bench) -> Iterator[Row]:
    """One row for the variants, one for a preview."""
    document = _issue()
    variants = _variants(document)
    rounds = bench.sizes.rounds or MANY
    bench.say(f"{len(variants)} variants of an issue of {len(document.sections)} sections: {rounds} rounds")
    _milliseconds(document, variants)
    ours = [_milliseconds(document, variants) for _ in range(rounds)]
    theirs = _reference(document, variants[0], rounds)
    yield Row(
        f"{_VARIANTS} variants of {_SECTIONS} sections, read and compiled",
        "ms",
        "the reference mjml on one of them",
        Bar(200, "measured", is_ceiling=True),
        tuple(zip(ours, theirs, strict=True)),
        (reference_mjml.MISSING,) if reference_mjml.MISSING else (),
        () if len(variants) == _VARIANTS else (f"{len(variants)} variants",),
    )
    bench.say("a preview, made apart")
    yield Row(
        "a preview of one family, made in the child process",
        "ms",
        "nothing",
        Bar(150, "measured", is_ceiling=True),
        tuple((milliseconds, 0) for milliseconds in _previews(document, rounds)),
    )


def _issue() -> Document:
    """The example of all kinds with some sections twice, and some for each of the bands."""
    bands = ("elementary", "middle", "high")
    more = [section for section in KINDS.sections if section.kind is not SectionKind.MJML]
    doubled = [replace(section, key=f"{section.key}-again") for section in more[: _SECTIONS - len(KINDS.sections)]]
    sections = [
        replace(section, bands=(bands[at % 3],) if at % 2 else ())
        for at, section in enumerate((*KINDS.sections, *doubled))
    ]
    return replace(KINDS, sections=tuple(sections))


def _variants(document: Document) -> list[Variant]:
    names = _CONTEXT.bands.names
    sets = chain.from_iterable(combinations(names, count) for count in range(1, len(names) + 1))
    people = [Person(language=language, bands=frozenset(some)) for some in sets for language in LANGUAGES]
    return list(dict.fromkeys(variant_of(document, Profile(person, True), _CONTEXT) for person in people))


def _milliseconds(document: Document, variants: list[Variant]) -> float:
    def compile_all() -> None:
        edition = Edition(document, identity(), LinkTable.of(document, hidden=True))
        for variant in variants:
            edition.content(variant)

    return 1000 * seconds_of(compile_all)


def _reference(document: Document, variant: Variant, rounds: int) -> list[float]:
    """What the reference takes for the same MJML, in milliseconds; 0 where it is not installed."""
    if reference_mjml.MISSING:
        return [0.0] * rounds
    texts: list[str] = []

    def keeping(text: str) -> str:
        texts.append(text)
        return mjml.to_html(text)

    Edition(document, identity(), LinkTable.of(document), to_html=keeping).content(variant)
    compiled = reference_mjml.compiled(texts * (_WARM + rounds))
    return [one.milliseconds for one in compiled[_WARM:]]


def _previews(document: Document, rounds: int) -> list[float]:
    edition, now = Edition(document, identity()), datetime(2026, 12, 1, tzinfo=UTC)
    family = family_with(document, [2, 9], "es", (), _CONTEXT)
    made = [
        1000 * seconds_of(lambda: confined()(preview, edition, family, Signer.unknown(), now))
        for _ in range(_WARM + rounds)
    ]
    return made[_WARM:]
