"""What becomes of a segment that campaigns show: its new name, its end."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from newsletter.ledger.tables import Campaign, CampaignState
from subscribers.segments import saved
from subscribers.segments.saved import SegmentInUse
from subscribers.tables import Segment

_WAITING = (CampaignState.SCHEDULED, CampaignState.HELD, CampaignState.PREPARING)


def rename(session: Session, segment: Segment, name: str, now: datetime) -> None:
    """Give a segment another name, in the rules that name it and where campaigns show it.

    Raises what `saved.rename` raises.
    """
    before = segment.name
    saved.rename(session, segment, name, now)
    of_segment = (Campaign.organization_id == segment.organization_id, Campaign.segment == before)
    session.execute(update(Campaign).where(*of_segment).values(segment=segment.name))


def delete(session: Session, segment: Segment) -> None:
    """Delete a segment. Raises `SegmentInUse` where another or a campaign that waits for its time names it."""
    of_segment = (Campaign.organization_id == segment.organization_id, Campaign.segment == segment.name)
    waiting = session.scalars(select(Campaign.id).where(*of_segment, Campaign.state.in_(_WAITING))).all()
    if waiting:
        ids = ", ".join(map(str, waiting))
        raise SegmentInUse(
            f"Segment {segment.name!r} is not deleted: campaign {ids} waits to go to it. "
            f"Cancel that first: newsletter campaigns cancel {waiting[0]}"
        )
    saved.delete(session, segment)
