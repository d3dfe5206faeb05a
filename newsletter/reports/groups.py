"""The figures of groups of readers, with those hidden that are so small that they would tell of a person."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import and_, not_
from sqlalchemy.orm import Session

from newsletter.ledger.tables import Delivery
from newsletter.settings import Tracking
from subscribers.segments.rules import Rule, RuleContext
from subscribers.tables import Subscriber

from .figures import Figures, figures_of


@dataclass(frozen=True, slots=True)
class Group:
    """Readers who got a copy, by language or band. A figure that is None is hidden.

    `name` is the language or the band; empty for families of whom no grade is known. `opened` and `clicked` count
    people, of the `tracked` ones.
    """

    name: str
    readers: int | None
    tracked: int | None
    opened: int | None
    clicked: int | None


def by_language(session: Session, campaign_id: int, tracking: Tracking, minimum: int) -> tuple[Group, ...]:
    """Groups by the language of the copy."""
    by_variant = figures_of(campaign_id, tracking).add_columns(Delivery.variant).group_by(Delivery.variant)
    found: dict[str, list[Figures]] = {}
    for *counts, variant in session.execute(by_variant):
        found.setdefault(_language_of(variant), []).append(Figures(*counts))
    return _shown({language: _sum(parts) for language, parts in sorted(found.items())}, minimum)


def by_band(
    session: Session, campaign_id: int, tracking: Tracking, minimum: int, context: RuleContext
) -> tuple[Group, ...]:
    """Groups by the bands of the family's children, on the campaign's day; a family of two bands is in both.

    Who is erased is in none of them: what was known of their children is gone.
    """
    rules = {band: Rule.parse(f"band = {band}").where(context) for band in context.bands.names}
    rules[""] = and_(Subscriber.id.is_not(None), *(not_(rule) for rule in rules.values()))
    of_campaign = figures_of(campaign_id, tracking)
    found = {band: Figures(*session.execute(of_campaign.where(rule)).one()) for band, rule in rules.items()}
    return _shown(found, minimum)


def _language_of(variant: str) -> str:
    return variant.rpartition("-")[0]


def _sum(parts: Iterable[Figures]) -> Figures:
    columns = zip(*((p.accepted, p.tracked, p.opened_human, 0, p.clicked_human, 0) for p in parts), strict=True)
    return Figures(*map(sum, columns))


def _shown(found: Mapping[str, Figures], minimum: int) -> tuple[Group, ...]:
    hidden = too_small({name: group.accepted for name, group in found.items()}, minimum)
    untold = hidden | too_small({name: group.tracked for name, group in found.items()}, minimum)
    return tuple(
        Group(
            name,
            None if name in hidden else group.accepted,
            None if name in untold else group.tracked,
            None if name in untold else group.opened_human,
            None if name in untold else group.clicked_human,
        )
        for name, group in found.items()
        if group.accepted
    )


def too_small(counts: Mapping[str, int], minimum: int) -> set[str]:
    """The groups to hide: those below the minimum, and the next smallest until the hidden ones reach it together.

    Else the total less the groups shown would be the figure of the one that is hidden. Empty groups tell of nobody.
    """
    hidden: set[str] = set()
    together = 0
    for count, name in sorted((count, name) for name, count in counts.items() if count):
        if count >= minimum and (not hidden or together >= minimum):
            break
        hidden.add(name)
        together += count
    return hidden
