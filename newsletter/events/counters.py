"""The counters of a campaign. They grow for every request and hold nothing about a reader."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import Executable
from sqlalchemy.orm import Session

from subscribers.db import dialect_of, insert_for

from .tables import Actor, CampaignStat, EventKind


class Counter(NamedTuple):
    """Which counter: a kind of request in one hour, of one link where a link is meant (else 0)."""

    campaign_id: int
    kind: EventKind
    link_no: int
    hour: datetime
    actor: Actor
    arm: str = ""

    @classmethod
    def at(
        cls, campaign_id: int, kind: EventKind, at: datetime, actor: Actor, link_no: int = 0, arm: str = ""
    ) -> "Counter":
        """The counter of the hour that holds `at`."""
        return cls(campaign_id, kind, link_no, at.replace(minute=0, second=0, microsecond=0), actor, arm)


def grow(session: Session, growth: Mapping[Counter, int]) -> None:
    """Add to counters, making those that are new. `growth` is not empty."""
    # Always in the same order, so that two processes that grow the same counters never wait for each other.
    rows = [
        {
            "campaign_id": counter.campaign_id,
            "arm": counter.arm,
            "kind": counter.kind,
            "link_no": counter.link_no,
            "hour": counter.hour,
            "actor": counter.actor,
            "count": growth[counter],
        }
        for counter in sorted(growth)
    ]
    session.connection().execute(_grow(dialect_of(session)), rows)


@lru_cache
def _grow(dialect: str) -> Executable:
    new = insert_for(dialect, CampaignStat)
    return new.on_conflict_do_update(
        index_elements=["campaign_id", "arm", "kind", "link_no", "hour", "actor"],
        set_={"count": CampaignStat.count + new.excluded["count"]},
    )
