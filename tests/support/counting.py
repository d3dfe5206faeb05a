"""How campaigns are counted where no installation is at hand."""

from datetime import date, timedelta

from newsletter.clock import Clock
from newsletter.reports.rollups import Rollups
from newsletter.settings import Tracking
from subscribers.grades import Bands, RollOver
from subscribers.segments.rules import RuleContext


def rollups(clock: Clock | None = None, tracking: Tracking = Tracking.CONSENT) -> Rollups:
    """Of the first organization, with the bands of a school of three houses."""

    def context(day: date | None) -> RuleContext:
        bands = Bands.parse("elementary=PK-5 middle=6-8 high=9-12")
        return RuleContext(1, day or date.min, RollOver.parse("07-01"), bands)

    return Rollups(clock or Clock(timedelta()), tracking, context)
