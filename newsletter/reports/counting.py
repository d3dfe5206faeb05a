"""What must be counted among the copies themselves: their states, and the groups of their readers."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import ColumnElement, case
from sqlalchemy.orm import Session

from newsletter.feedback.verdicts import Reason
from newsletter.ledger import balance
from newsletter.ledger.tables import Campaign, CampaignKind, Delivery, DeliveryState, Exclusion
from newsletter.settings import Tracking
from subscribers.segments.rules import Rule, RuleContext
from subscribers.tables import Role, Subscriber

from .figures import NOBODY, Figures, domain_of_copy, figures_of
from .groups import largest
from .mailings import CameBack, came_back, returned_by_domain
from .providers import by_provider
from .refused import refusal_reasons


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
    providers: Mapping[str, CameBack]
    """Accepted copies, complaints and bounces for good."""
    returned: CameBack
    refused: Mapping[Reason, int]
    """Why copies were rejected, of those of which that is known."""

    def as_facts(self) -> dict[str, Any]:
        """For keeping as JSON."""
        return {
            "states": dict(self.states),
            "excluded_reasons": dict(self.excluded_reasons),
            "tracked": self.tracked,
            **{part: {name: asdict(figures) for name, figures in getattr(self, part).items()} for part in _GROUPINGS},
            "providers": {name: back.as_facts() for name, back in self.providers.items()},
            "returned": self.returned.as_facts(),
            "refused": dict(self.refused),
        }

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> "Counted":
        """What was kept."""
        groups = {part: _figures(facts[part]) for part in _GROUPINGS}
        return cls(
            states={DeliveryState(state): count for state, count in facts["states"].items()},
            excluded_reasons={Exclusion(reason): count for reason, count in facts["excluded_reasons"].items()},
            tracked=facts["tracked"],
            providers={name: CameBack.of(back) for name, back in facts["providers"].items()},
            returned=CameBack.of(facts["returned"]),
            # What was kept by an earlier version says nothing of it.
            refused={Reason(word): copies for word, copies in facts.get("refused", {}).items()},
            **groups,
        )


def count(session: Session, campaign: Campaign, tracking: Tracking, context: RuleContext) -> Counted:
    """Count one campaign's copies as they stand now; grades are read on the context's day."""
    states = balance.balance(session, campaign.id).counts
    reasons = balance.exclusions(session, campaign.id)
    traits = _traits(session, campaign, tracking, context)
    tracked = sum(figures.tracked for figures, _ in traits)
    is_of_an_issue = campaign.kind is CampaignKind.BROADCAST
    by_domain = _by_domain(session, campaign.id, tracking) if is_of_an_issue else {}
    return Counted(
        states=states,
        excluded_reasons=reasons,
        tracked=tracked,
        languages=_by_language(traits) if is_of_an_issue else {},
        bands=_fold(traits, _bands(context)),
        roles=_fold(traits, _ROLES),
        domains=largest(by_domain, _MOST_DOMAINS, _FEWEST_OF_DOMAIN) if by_domain else {},
        providers=_by_provider(session, campaign.id, by_domain),
        returned=came_back(session, campaign.id, states[DeliveryState.ACCEPTED]),
        refused=refusal_reasons(session, campaign.id) if states[DeliveryState.REJECTED] else {},
    )


_GROUPINGS = ("languages", "bands", "roles", "domains")
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
_FEWEST_OF_DOMAIN = 5
"""A family may have a domain of its own: what is kept for ever names none of so few copies."""
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
    return {name or "": Figures(*counts) for *counts, name in session.execute(found)}


def _by_provider(session: Session, campaign_id: int, by_domain: Mapping[str, Figures]) -> Mapping[str, CameBack]:
    accepted = {name: figures.accepted for name, figures in by_domain.items()}
    return by_provider(accepted, returned_by_domain(session, campaign_id)) if by_domain else {}


def _sum(parts: Iterable[Figures]) -> Figures:
    return sum(parts, NOBODY)


def _figures(facts: Mapping[str, Mapping[str, int]]) -> dict[str, Figures]:
    return {name: Figures(**figures) for name, figures in facts.items()}
