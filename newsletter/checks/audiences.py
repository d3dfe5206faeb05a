"""Who would get nothing to read: one child's band, one role and one language at a time, for more of them see more."""

from collections.abc import Iterable, Iterator

from newsletter.issues.document import Document, Section, SectionKind
from subscribers.tables import Role

from .catalog import Check
from .findings import Finding, warning

_NO_BAND = "none of the bands"
_NOTHING_TO_READ = (SectionKind.DIVIDER, SectionKind.BUTTON)


def findings(document: Document, bands: Iterable[str]) -> Iterator[Finding]:
    """One finding for each language in which some families would get an empty letter."""
    shown = [section for section in document.sections if section.kind not in _NOTHING_TO_READ and not section.rule]
    for language in document.languages if shown else ():
        of_language = [section for section in shown if _speaks(section, language)]
        left_out: dict[tuple[Role, ...], list[str]] = {}
        for band in (*bands, _NO_BAND):
            roles = tuple(role for role in Role if not any(_is_for(section, band, role) for section in of_language))
            if roles:
                left_out.setdefault(roles, []).append(band)
        for roles, names in left_out.items():
            yield _empty(language, names, roles)


def _speaks(section: Section, language: str) -> bool:
    return not section.languages or not {language, language.partition("-")[0]}.isdisjoint(section.languages)


def _is_for(section: Section, band: str, role: str) -> bool:
    return (not section.bands or band in section.bands) and (not section.roles or role in section.roles)


def _empty(language: str, bands: list[str], roles: tuple[Role, ...]) -> Finding:
    told = "" if len(roles) == len(Role) else f" who are {' or '.join(roles)} only,"
    sentence = f"Readers in {language}{told} get nothing to read when their children are in {' or '.join(bands)} alone."
    return warning(Check.EMPTY, 1, f"letter, {language}", sentence, "Add a section for them, or for everybody.")
