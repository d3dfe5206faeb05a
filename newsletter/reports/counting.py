"""What must be counted among the copies themselves: their states, and the groups of their readers."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import ColumnElement, String, case, func
from sqlalchemy.orm import Session

from newsletter.ledger import balance
from newsletter.ledger.tables import Campaign, CampaignKind, Delivery, DeliveryState, Exclusion
from newsletter.settings import Tracking
from subscribers.db import dialect_of
from subscribers.segments.rules import Rule, RuleContext
from subscribers.tables import Role, Subscriber

from .figures import NOBODY, Figures, figures_of
from .groups import largest


@dataclass(frozen=True, slots=True)
class Counted:
    """One campaign's copies, before anything is hidden. The groups overlap by band and role."""

    states: Mapping[DeliveryState, int]
    excluded_reasons: Mapping[Exclusion, int]
    tracked: int
    languages: Mapping[str, Figures]
    bands: Mapping[str, Figures]
    roles: Mapping[str, Figures]
    domains: Mapping[str, Figures]

    def as_facts(self) -> dict[str, Any]:
        """For keeping as JSON."""
        return asdict(self)

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> "Counted":
        """What was kept."""
        groups = {name: _figures(facts[name]) for name in ("languages", "bands", "roles", "domains")}
        return cls(
            states={DeliveryState(state): count for state, count in facts["states"].items()},
            excluded_reasons={Exclusion(reason): count for reason, count in facts["excluded_reasons"].items()},
            tracked=facts["tracked"],
            **groups,
        )


def count(session: Session, campaign: Campaign, tracking: Tracking, context: RuleContext) -> Counted:
    """Count one campaign's copies as they stand now; grades are read on the context's day."""
    states = balance.balance(session, campaign.id).counts
    reasons = balance.exclusions(session, campaign.id)
    traits = _traits(session, campaign, tracking, context)
    tracked = sum(figures.tracked for figures, _ in traits)
    if campaign.kind is not CampaignKind.BROADCAST:
        return Counted(states, reasons, tracked, {}, _fold(traits, _bands(context)), _fold(traits, _ROLES), {})
    return Counted(
        states=states,
        excluded_reasons=reasons,
        tracked=tracked,
        languages=_by_language(traits),
        bands=_fold(traits, _bands(context)),
        roles=_fold(traits, _ROLES),
        domains=_by_domain(session, campaign.id, tracking),
    )


_ROLES = {role.value: f"role = {role.value}" for role in Role}
_Traits = list[tuple[Figures, Mapping[str, Any]]]
_VARIANT, _IS_KNOWN = "variant", "is_known"


def _traits(session: Session, campaign: Campaign, tracking: Tracking, context: RuleContext) -> _Traits:
    """Copies by everything that their readers have in common: one pass, and as many rows as there are mixtures.

    Who is erased is of no band and no role: what was known of them is gone.
    """
    rules = {**_bands(context), **_ROLES}
    flags = {name: case((Rule.parse(rule).where(context), 1), else_=0) for name, rule in rules.items()}
    columns: dict[str, ColumnElement[Any]] = {
        _VARIANT: Delivery.variant.expression,
        _IS_KNOWN: Subscriber.id.is_not(None),
        **flags,
    }
    labelled = [column.label(f"trait_{no}") for no, column in enumerate(columns.values())]
    found = figures_of(campaign.id, tracking).add_columns(*labelled).group_by(*labelled)
    return [(Figures(*row[:_WIDTH]), dict(zip(columns, row[_WIDTH:], strict=True))) for row in session.execute(found)]


_MOST_DOMAINS = 100
"""Kept; a report shows fewer."""
_WIDTH = len(Figures.__dataclass_fields__)


def _bands(context: RuleContext) -> Mapping[str, str]:
    return {band: f"band = {band}" for band in context.bands.names}


def _fold(traits: _Traits, rules: Mapping[str, str]) -> Mapping[str, Figures]:
    """By each of some rules; a reader whom two choose is in both, and one whom none chooses is nameless."""
    found = {name: _sum(figures for figures, of in traits if of[name]) for name in rules}
    nameless = (figures for figures, of in traits if of[_IS_KNOWN] and not any(of[name] for name in rules))
    return {**found, "": _sum(nameless)}


def _by_language(traits: _Traits) -> Mapping[str, Figures]:
    found: dict[str, Figures] = {}
    for figures, of in traits:
        language = of[_VARIANT].rpartition("-")[0]
        found[language] = found.get(language, NOBODY) + figures
    return dict(sorted(found.items()))


def _by_domain(session: Session, campaign_id: int, tracking: Tracking) -> Mapping[str, Figures]:
    domain = domain_of_copy(session).label("domain")
    found = figures_of(campaign_id, tracking).add_columns(domain).group_by(domain)
    by_name = {name or "": Figures(*counts) for *counts, name in session.execute(found)}
    return largest(by_name, _MOST_DOMAINS)


def domain_of_copy(session: Session) -> ColumnElement[str]:
    """The receiving domain of a copy; empty where the address is forgotten."""
    address = Delivery.to_address
    if dialect_of(session) == "sqlite":
        return func.substr(address, func.nullif(func.instr(address, "@"), 0) + 1, type_=String)
    return func.split_part(address, "@", 2, type_=String)


def _sum(parts: Iterable[Figures]) -> Figures:
    return sum(parts, NOBODY)


def _figures(facts: Mapping[str, Mapping[str, int]]) -> dict[str, Figures]:
    return {name: Figures(**figures) for name, figures in facts.items()}
