"""Refusals for now: which count, how many of them in a row are enough, and what is kept of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeAlias

from newsletter.feedback.verdicts import Reason

from .tables import Event, EventKind

NOT_OF_THE_ADDRESS = frozenset({Reason.BLOCKED, Reason.POLICY, Reason.CONTENT, Reason.RATE})
"""Refusals that say nothing of the mailbox: they never silence a reader, and never count."""
SETTLED = timedelta(days=5)
"""So long servers try at most (RFC 5321, 4.5.4.1): a copy that was taken and not returned by then has arrived."""
REFUSALS = (EventKind.BOUNCE, EventKind.REFUSED)
"""Told later, or as the copy was handed over."""
ARRIVED = (EventKind.DELIVERED, EventKind.OPEN, EventKind.CLICK)
Copy: TypeAlias = tuple[int, int]
"""A campaign and the number of a copy."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How many copies in a row, over at least how many days, are refused for now before an address is silenced."""

    copies: int = 3
    days: int = 14

    def is_over(self, refused: Sequence["Refusal"]) -> bool:
        """Whether these refusals, of as many copies, are enough."""
        return len(refused) >= self.copies and refused[-1].at - refused[0].at >= timedelta(days=self.days)


class Refusal(NamedTuple):
    """A copy that was refused for now."""

    at: datetime
    campaign_id: int
    seq: int
    status: str
    reason: str
    text: str

    def ground(self) -> dict[str, Any]:
        """As a suppression keeps it."""
        return ground(self.campaign_id, self.at, self.status, self.reason, self.text, is_permanent=False)


def counts(reason: str, status: str) -> bool:
    """Whether a refusal for now is one of those that are counted. What is about security (RFC 3463, X.7) is not."""
    return reason not in NOT_OF_THE_ADDRESS and not status[1:].startswith(".7.")


def in_a_row(
    told: Iterable[Event], taken: Mapping[Copy, datetime], since: datetime | None, patience: Patience
) -> list[Refusal]:
    """The first refusals in a row that are enough, one a copy; none where there are not so many."""
    proven = [event for event in told if not event.detail.get("unproven")]
    runs = _runs(proven, _Arrivals.of(proven, taken), since)
    return next((run for run in runs if patience.is_over(run)), [])


def still_in_a_row(
    told: Iterable[Event], taken: Mapping[Copy, datetime], since: datetime | None, now: datetime
) -> list[Refusal]:
    """The refusals since the last copy that arrived, one a copy, however many are enough."""
    proven = [event for event in told if not event.detail.get("unproven")]
    arrivals = _Arrivals.of(proven, taken)
    *_, run = ([], *_runs(proven, arrivals, since))
    return [] if run and arrivals.is_one_between(run[-1].at, now) else run


class _Arrivals(NamedTuple):
    """When copies arrived: it was told so, or they were taken then and nobody has returned them."""

    told: list[datetime]
    silent: list[datetime]

    @classmethod
    def of(cls, proven: Sequence[Event], taken: Mapping[Copy, datetime]) -> "_Arrivals":
        """Of what is told of one reader's copies, and when each was taken."""
        returned = {(event.campaign_id, event.seq) for event in proven if event.kind is EventKind.BOUNCE}
        silent = sorted(at for copy, at in taken.items() if copy not in returned)
        return cls(sorted(event.occurred_at for event in proven if event.kind in ARRIVED), silent)

    def is_one_between(self, after: datetime, before: datetime) -> bool:
        """Whether a copy arrived between: it was told so, or nobody returned it in all the time there was."""
        told = any(after < at < before for at in self.told)
        return told or any(after < at <= before - SETTLED for at in self.silent)


def _runs(proven: Sequence[Event], arrivals: _Arrivals, since: datetime | None) -> Iterator[list[Refusal]]:
    """After each refusal that counts, those in a row up to it, one a copy."""
    run: list[Refusal] = []
    for refusal in sorted(_counted(proven)):
        if since is not None and refusal.at <= since:
            continue
        if run and arrivals.is_one_between(run[-1].at, refusal.at):
            run = []
        if all((refusal.campaign_id, refusal.seq) != (known.campaign_id, known.seq) for known in run):
            run.append(refusal)
        yield run


def _counted(told: Iterable[Event]) -> Iterator[Refusal]:
    for event in told:
        facts = event.detail
        status, reason = facts.get("status", ""), facts.get("reason", Reason.OTHER)
        if event.kind in REFUSALS and not facts.get("permanent") and counts(reason, status):
            text = facts.get("text", "")
            yield Refusal(event.occurred_at, event.campaign_id, event.seq, status, reason, text)


def ground(
    campaign_id: int, at: datetime, status: str, reason: str, text: str, *, is_permanent: bool
) -> dict[str, Any]:
    """What a suppression rests on, ready for JSON."""
    return {
        "campaign": campaign_id,
        "at": at.isoformat(),
        "permanent": is_permanent,
        "status": status,
        "reason": str(reason),
        "text": text,
    }
