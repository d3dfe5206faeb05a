"""How a test of two subjects went, and how sure one can be of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from newsletter.campaigns import arms
from newsletter.campaigns.lanes import ARM_A, ARM_B
from newsletter.campaigns.trials import Counts
from newsletter.ledger.tables import Campaign
from newsletter.settings import Tracking

from .uncertainty import Interval, difference, share


@dataclass(frozen=True, slots=True)
class ArmFigures:
    """One subject. `share` is None where requests were counted: one reader may make many, so they are no share."""

    arm: str
    accepted: int
    of: int
    clicked: int
    share: Interval | None


@dataclass(frozen=True, slots=True)
class TrialFigures:
    """Two subjects beside each other, as they stand, or as they stood when the winner was chosen.

    `lead` is how much larger B's share is than A's; None where that cannot be said.
    """

    subjects_b: Mapping[str, str]
    arms: tuple[ArmFigures, ArmFigures]
    lead: Interval | None
    winner: str | None
    counts_readers: bool


def trial_figures(session: Session, campaign: Campaign, tracking: Tracking) -> TrialFigures | None:
    """The test of a campaign; None where it has none."""
    facts = arms.facts(session, campaign, tracking)
    if facts is None:
        return None
    counts_readers = facts["counts"] == Counts.READERS
    first, second = (_figures(arm, facts["arms"][arm], is_share=counts_readers) for arm in (ARM_A, ARM_B))
    lead = difference(first.share, second.share) if first.share and second.share else None
    return TrialFigures(facts["subject_b"], (first, second), lead, facts["winner"], counts_readers)


def verdict(test: TrialFigures) -> str:
    """What the figures of a test come to, in one sentence."""
    if not test.counts_readers:
        return "Only requests were counted, and one reader may make many: nobody can say how far chance goes."
    if test.lead is None:
        return "No copy of one of the arms was accepted for a reader who agreed: there is nothing to compare."
    ahead = ARM_B if test.lead.value > 0 else ARM_A
    points = sorted(100 * abs(bound) for bound in (test.lead.low, test.lead.high))
    if not test.lead.is_beyond_chance:
        return (
            f"Too close to tell: B's share is between {100 * test.lead.low:+.1f} and {100 * test.lead.high:+.1f} "
            "points from A's, and chance alone explains that."
        )
    lead = 100 * abs(test.lead.value)
    return f"{ahead} is ahead by {lead:.1f} points (between {points[0]:.1f} and {points[1]:.1f}): more than chance."


def _figures(arm: str, facts: Mapping[str, int], *, is_share: bool) -> ArmFigures:
    interval = share(facts["clicked"], facts["of"]) if is_share and facts["of"] else None
    return ArmFigures(arm, facts["accepted"], facts["of"], facts["clicked"], interval)
