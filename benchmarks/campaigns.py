"""One campaign, sent by the command line and measured from its first claim to `sent`."""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from newsletter.ledger.tables import DeliveryState
from tests.support.installation import Installation

from .installations import due_campaign, opened
from .processes import FirstClaim, watch


@dataclass(frozen=True, slots=True)
class Sent:
    """What one campaign took."""

    seconds: float
    """From the first claim to `sent`, by the database's clock."""
    whole_seconds: float
    """Fixing the audience, and `newsletter send` from its start to its end."""
    cpu_seconds: float
    """Of the process of `newsletter send`, less that of the same command with nothing left to send."""
    status: dict[str, Any]

    def fault(self, taken: int, expected: int) -> list[str]:
        """What does not agree: the audience, the sum of all states, the accepted, and what the server took."""
        status = self.status
        total = sum(status[state.value] for state in DeliveryState)
        if status["audience"] == total == status["accepted"] == taken == expected:
            return []
        return [f"{expected:,} readers, audience {status['audience']:,}, sum {total:,}, the server took {taken:,}"]


def send(installation: Installation, database_url: str) -> Sent:
    """Send issue 1 to the whole list. The audience is fixed first, so that the command only sends."""
    with opened(database_url, installation.folder) as app:
        campaign_id = due_campaign(app)
        begin = time.perf_counter()
        app.scheduler().prepare()
        snapshot_seconds = time.perf_counter() - begin
    with FirstClaim(database_url, campaign_id) as first:
        used = watch(installation.start("send", str(campaign_id)))
    nothing = watch(installation.start("send", str(campaign_id)))
    status = installation.ask("campaigns", "status", str(campaign_id))
    assert first.at is not None  # noqa: S101 - the command says it was sent
    seconds = (datetime.fromisoformat(status["finished_at"]) - first.at).total_seconds()
    return Sent(seconds, snapshot_seconds + used.seconds, used.cpu_seconds - nothing.cpu_seconds, status)
