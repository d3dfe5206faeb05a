"""Requests are judged beside what the same copy was asked for just before: in memory, a little of it, by copy.

Of readers who did not agree nothing is kept, so this memory is all that tells their scanners from them.
"""

from collections import OrderedDict, defaultdict, deque
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.ledger.tables import Link
from newsletter.rendering import hidden_links

from .classify import BESIDE, Verdict, judge
from .networks import NetworkLists
from .visits import Visit

MOST_COPIES = 10_000
MOST_VISITS = 64
"""Of one copy: who asks more often within seconds is told by less."""
_MOST_CAMPAIGNS = 1000
CopyKey = tuple[int, int]
"""A campaign and a seq."""


class Judge:
    """Judges requests as they come, one thread at a time."""

    def __init__(self, lists: NetworkLists | None = None) -> None:
        self.lists = lists or NetworkLists()
        self._recent: OrderedDict[CopyKey, deque[Visit]] = OrderedDict()
        self._hidden: OrderedDict[int, int | None] = OrderedDict()

    def hidden_no(self, session: Session, campaign_id: int) -> int | None:
        """The number of a campaign's hidden link; looked up once, for links are fixed before any mail goes out."""
        if campaign_id not in self._hidden:
            self._hidden[campaign_id] = hidden_no(session, campaign_id)
            _keep(self._hidden, _MOST_CAMPAIGNS)
        return self._hidden[campaign_id]

    def verdicts(self, visits: Sequence[tuple[CopyKey, Visit]]) -> list[Verdict]:
        """A verdict for each, in the light of all of them and of what came before."""
        networks = self.lists.now()
        places: dict[CopyKey, list[int]] = defaultdict(list)
        for at, (key, _) in enumerate(visits):
            places[key].append(at)
        found: dict[int, Verdict] = {}
        for key, of_copy in places.items():
            new = [visits[at][1] for at in of_copy]
            before = self._remembered(key, new)
            found |= zip(of_copy, judge([*new, *before], networks), strict=False)
        return [found[at] for at in range(len(visits))]

    def _remembered(self, key: CopyKey, new: Sequence[Visit]) -> list[Visit]:
        """What came to a copy before; the new ones are remembered in turn."""
        recent = self._recent.setdefault(key, deque(maxlen=MOST_VISITS))
        self._recent.move_to_end(key)
        _keep(self._recent, MOST_COPIES)
        before = [visit for visit in recent if any(visit.is_near(other, BESIDE) for other in (new[0], new[-1]))]
        recent.extend(new)
        return before


def hidden_no(session: Session, campaign_id: int) -> int | None:
    """The number of a campaign's hidden link; None where it has none."""
    of_campaign = Link.campaign_id == campaign_id, Link.target == hidden_links.TARGET
    return session.scalar(select(Link.no).where(*of_campaign))


def _keep(kept: OrderedDict, most: int) -> None:  # type: ignore[type-arg]  # of whatever
    while len(kept) > most:
        kept.popitem(last=False)
