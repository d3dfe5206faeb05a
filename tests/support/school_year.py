"""A year of a made-up school's newsletter: families who come and go, an issue a month, and what came back of each.

Nobody in it exists. It is drawn by chance from a fixed seed, so that pictures and figures are the same every time.
"""

import random
from collections import Counter as Multiset
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from newsletter.events import counters, reach
from newsletter.events.counters import Counter
from newsletter.events.reach import Reach
from newsletter.events.tables import Actor, Event, EventKind
from newsletter.feedback.verdicts import Reason
from newsletter.issues import issues
from newsletter.ledger.tables import Campaign, CampaignKind, CampaignState, Delivery, DeliveryState, Exclusion, Link
from newsletter.rendering.links import LinkTable
from subscribers.tables import (
    Child,
    ConsentRecord,
    Household,
    List,
    Organization,
    Purpose,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
    Told,
)

from .people import a_list, an_organization

NOW = datetime(2026, 12, 10, 16, tzinfo=UTC)
FIRST = date(2025, 12, 1)
_EXAMPLE = Path(__file__).parents[2] / "examples" / "kinds.md"
_SENDINGS = [
    datetime(2026, month, 1 + (8 - date(2026, month, 1).weekday()) % 7, 15, tzinfo=UTC) for month in range(1, 13)
]
"""The first Tuesday of each month, at nine in the morning in Chicago."""
_DOMAINS = {
    "gmail.com": 46,
    "yahoo.com": 13,
    "outlook.com": 9,
    "hotmail.com": 8,
    "icloud.com": 9,
    "springfield.example": 15,
}
_VARIANTS = {"en-8191": 41, "es-8191": 25, "en-8183": 18, "es-8183": 13, "ar-8191": 3}
"""All sections, and those without the tip for elementary families."""
_JOINING = (60, 45, 70, 48, 52, 40, 22, 18, 95, 130, 84, 72, 20)
"""How many sign up by the form in each month."""
_STAY = 0.986


@dataclass
class SchoolYear:
    """Fills a new database. `list_` and `campaigns` are what it made."""

    session: Session
    scale: float = 1.0
    chance: random.Random = field(default_factory=lambda: random.Random(2026))  # noqa: S311 - a fixed seed on purpose
    organization: Organization = field(init=False)
    list_: List = field(init=False)
    campaigns: list[int] = field(default_factory=list)
    _people: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.organization = an_organization(self.session)
        self.list_ = a_list(self.session, self.organization)
        self.list_.name = "Family newsletter"
        self._join()
        self._complain(2)
        self._write_people()
        for at in _SENDINGS:
            self._send(at)
        self.session.flush()

    def _join(self) -> None:
        for _ in range(int(520 * self.scale)):
            self._person(datetime(2025, 12, 3, 17, tzinfo=UTC), "import")
        for months, count in enumerate(_JOINING):
            begin = datetime(2025 + (11 + months) // 12, (11 + months) % 12 + 1, 1, 14, tzinfo=UTC)
            days = min(29, (NOW - begin).days - 1)
            for _ in range(int(count * self.scale)):
                at = begin + timedelta(days=self.chance.uniform(0, days), minutes=self.chance.uniform(0, 500))
                self._person(at, self.chance.choices(("form", "mail", "staff"), (86, 6, 8))[0])
        for _ in range(int(140 * self.scale)):
            self._person(datetime(2026, 9, 2, 15, tzinfo=UTC), "import")

    def _complain(self, count: int) -> None:
        """So many report the last issue as spam."""
        faithful = [p for p in self._people if p["source"] == "import" and not p["left_at"]]
        for person in faithful[:count]:
            person["left_at"], person["why"] = datetime(2026, 12, 4, 18, tzinfo=UTC), "complaint"

    def _person(self, at: datetime, source: str) -> None:
        # Who never confirms is forgotten after a month, as the purge does: the record of the sign-up stays.
        confirms = source in ("import", "mail") or self.chance.random() < 0.88
        wait = (
            timedelta(minutes=min(self.chance.lognormvariate(2.6, 1.6), 9_000))
            if source in ("form", "staff")
            else timedelta()
        )
        leaves = self._leaves(at) if confirms else None
        number = len(self._people) + 1
        domain = self.chance.choices(list(_DOMAINS), list(_DOMAINS.values()))[0]
        self._people.append(
            {
                "id": number, "at": at, "source": source, "confirmed_at": at + wait if confirms else None,
                "left_at": leaves, "why": self._why() if leaves else "",
                "address": f"family{number}@{domain}" if number % 190 else f"info@school{number}.example",
                "agreed": self.chance.random() < 0.46, "keen": self.chance.betavariate(2.2, 1.7),
                "variant": self.chance.choices(list(_VARIANTS), list(_VARIANTS.values()))[0],
                "years": [self.chance.randint(2027, 2039) for _ in range(self.chance.choice((1, 1, 2, 3)))],
            }
        )  # fmt: skip

    def _leaves(self, at: datetime) -> datetime | None:
        while (at := at + timedelta(days=30)) < NOW:
            if self.chance.random() > _STAY:
                return at - timedelta(days=self.chance.uniform(0, 29))
        return None

    def _why(self) -> str:
        return self.chance.choices(("mail", "bounce", "complaint", "staff", "roster"), (66, 17, 6, 4, 7))[0]

    def _write_people(self) -> None:
        everybody, session, organization_id, list_id = self._people, self.session, self.organization.id, self.list_.id
        people = [p for p in everybody if p["confirmed_at"] or NOW - p["at"] < timedelta(days=30)]
        here = {p["id"] for p in people}
        home = {"organization_id": organization_id}
        session.execute(insert(Household), [{"id": p["id"], **home, "created_at": p["at"]} for p in people])
        session.execute(insert(Subscriber), [
            {
                "id": p["id"], **home, "address": p["address"], "address_key": p["address"],
                "address_hash": f"hash of {p['address']}", "household_id": p["id"], "tracking": p["agreed"],
                "language": p["variant"][:2], "created_at": p["at"], "updated_at": p["at"],
            }
            for p in people
        ])  # fmt: skip
        session.execute(insert(Child), [
            {"household_id": p["id"], "subscriber_id": p["id"], "told_by": Told.FAMILY, "graduation_year": year,
             "created_at": p["at"]}
            for p in people for year in p["years"]
        ])  # fmt: skip
        session.execute(insert(Subscription), [self._subscription(p, list_id) for p in people])
        session.execute(insert(ConsentRecord), [
            row | ({} if p["id"] in here else {"subscriber_id": None})
            for p in everybody for row in self._records(p, list_id)
        ])  # fmt: skip
        session.execute(insert(Suppression), [
            {**home, "address_hash": f"hash of {p['address']}", "reason": SuppressionReason(p["why"]),
             "created_at": p["left_at"]}
            for p in people if p["why"] in ("bounce", "complaint")
        ])  # fmt: skip

    def _subscription(self, p: dict[str, Any], list_id: int) -> dict[str, Any]:
        said_no = p["why"] in ("mail", "staff")
        waits = p["confirmed_at"] is None
        state = SubscriptionState.PENDING if waits else SubscriptionState.CONFIRMED
        return {
            "subscriber_id": p["id"], "list_id": list_id, "created_at": p["at"], "confirmed_at": p["confirmed_at"],
            "state": SubscriptionState.UNSUBSCRIBED if said_no else state,
            "unsubscribed_at": p["left_at"] if said_no else None,
            "off_roster_at": p["left_at"] if p["why"] == "roster" else None,
        }  # fmt: skip

    def _records(self, p: dict[str, Any], list_id: int) -> list[dict[str, Any]]:
        row = {
            "organization_id": self.organization.id, "subscriber_id": p["id"], "list_id": list_id,
            "purpose": Purpose.LIST, "given": True, "wording": "Yes, send me the newsletter.", "source": p["source"],
            "recorded_at": p["at"],
        }  # fmt: skip
        rows = [row]
        if p["confirmed_at"] and p["source"] in ("form", "staff"):
            rows.append(row | {"source": "mail", "recorded_at": p["confirmed_at"]})
        if p["why"] in ("mail", "staff"):
            rows.append(row | {"given": False, "source": p["why"], "recorded_at": p["left_at"]})
        return rows

    def _send(self, at: datetime) -> None:
        text = _EXAMPLE.read_text(encoding="utf-8").replace("month: 2026-12", f"month: {at:%Y-%m}")
        issue = issues.import_document(self.session, self.organization.id, text, "Rosa", at)
        revision = issues.latest(self.session, issue)
        links = LinkTable.of(issues.document_of(revision)).rows
        readers = [
            p
            for p in self._people
            if p["confirmed_at"] and p["confirmed_at"] < at and not (p["left_at"] and p["left_at"] < at)
        ]
        campaign = Campaign(
            organization_id=self.organization.id, kind=CampaignKind.BROADCAST, state=CampaignState.SENT,
            issue_id=issue.id, revision_id=revision.id, list_id=self.list_.id, audience=len(readers), day=at.date(),
            created_at=at - timedelta(days=2), approved_at=at - timedelta(days=1), started_at=at,
            finished_at=at + timedelta(minutes=4),
        )  # fmt: skip
        self.session.add(campaign)
        self.session.flush()
        self.campaigns.append(campaign.id)
        self.session.execute(insert(Link), [
            {"campaign_id": campaign.id, "no": row.no, "target": row.target, "label": row.label} for row in links
        ])  # fmt: skip
        back = _Back(campaign.id, at, self.chance, [row.no for row in links])
        rows = [self._copy(campaign.id, seq, p, at, back) for seq, p in enumerate(readers, 1)]
        self.session.execute(insert(Delivery), rows)
        back.write(self.session)

    def _copy(self, campaign_id: int, seq: int, p: dict[str, Any], at: datetime, back: "_Back") -> dict[str, Any]:
        state, reason = DeliveryState.ACCEPTED, None
        if p["why"] == "roster" and self.chance.random() < 0.1:
            state, reason = DeliveryState.EXCLUDED, Exclusion.PAUSED
        elif self.chance.random() < 0.0015:
            state = DeliveryState.REJECTED
        else:
            back.of(seq, p)
        return {
            "campaign_id": campaign_id, "seq": seq, "subscriber_id": p["id"], "to_address": p["address"],
            "variant": p["variant"], "state": state, "reason": reason, "attempt": 1, "updated_at": at,
            "error": f"550 5.1.1 <{p['address']}>: no such user" if state is DeliveryState.REJECTED else None,
        }  # fmt: skip


class _Back:
    """What comes back of one campaign."""

    def __init__(self, campaign_id: int, at: datetime, chance: random.Random, links: list[int]) -> None:
        self._id, self._at, self._chance, self._links = campaign_id, at, chance, links
        self._weights = [1 / (1 + place) ** 1.1 for place in range(len(links))]
        chance.shuffle(self._weights)
        self._events: list[dict[str, Any]] = []
        self._reaches: list[Reach] = []
        self._growth: Multiset[Counter] = Multiset()

    def of(self, seq: int, p: dict[str, Any]) -> None:
        chance, leaving = self._chance, p["left_at"]
        soon = leaving is not None and leaving - self._at < timedelta(days=31)
        if soon and p["why"] == "bounce":
            self._told(EventKind.BOUNCE, seq, {"permanent": True, "reason": Reason.NO_SUCH_USER})
            return
        if chance.random() < 0.007:
            reason = chance.choices((Reason.MAILBOX_FULL, Reason.BLOCKED, Reason.RATE, Reason.SYSTEM), (6, 1, 2, 2))[0]
            self._told(EventKind.BOUNCE, seq, {"permanent": False, "reason": reason})
        self._told(EventKind.DELIVERED, seq, {})
        if soon and p["why"] == "complaint":
            self._told(EventKind.COMPLAINT, seq, {})
        if soon and p["why"] == "mail":
            self._growth[Counter.at(self._id, EventKind.UNSUBSCRIBE, leaving, Actor.HUMAN)] += 1
        self._reads(seq, p)

    def _reads(self, seq: int, p: dict[str, Any]) -> None:
        chance = self._chance
        if p["address"].endswith("icloud.com") and chance.random() < 0.7:
            self._asked(EventKind.OPEN, seq, timedelta(seconds=40), Actor.MACHINE, kept=p["agreed"])
        if chance.random() > 0.2 + 0.6 * p["keen"]:
            return
        after = timedelta(hours=min(chance.lognormvariate(1.1, 1.4), 168))
        self._asked(EventKind.OPEN, seq, after, Actor.HUMAN, kept=p["agreed"])
        if chance.random() < 0.42 * p["keen"]:
            for no in set(chance.choices(self._links, self._weights, k=chance.choice((1, 1, 2, 3)))):
                self._asked(EventKind.CLICK, seq, after, Actor.HUMAN, kept=p["agreed"], link_no=no)

    def _asked(self, kind: EventKind, seq: int, after: timedelta, who: Actor, *, kept: bool, link_no: int = 0) -> None:
        at = self._at + after
        self._growth[Counter.at(self._id, kind, at, who, link_no)] += 1
        if kept:
            self._event("web", kind, seq, at, who, link_no or None, {})
            self._reaches += [Reach(self._id, seq, kind, who, no) for no in {0, link_no}]

    def _told(self, kind: EventKind, seq: int, detail: dict[str, Any]) -> None:
        self._event("provider", kind, seq, self._at + timedelta(minutes=1), Actor.HUMAN, None, detail)
        self._reaches.append(Reach(self._id, seq, kind, Actor.HUMAN))

    def _event(
        self,
        provider: str,
        kind: EventKind,
        seq: int,
        at: datetime,
        who: Actor,
        link_no: int | None,
        detail: dict[str, Any],
    ) -> None:
        self._events.append(
            {
                "provider": provider, "event_id": f"{self._id}.{len(self._events)}", "kind": kind, "actor": who,
                "campaign_id": self._id, "seq": seq, "link_no": link_no, "detail": detail, "occurred_at": at,
                "received_at": at,
            }
        )  # fmt: skip

    def write(self, session: Session) -> None:
        session.execute(insert(Event), self._events)
        reach.count(session, self._reaches)
        counters.grow(session, self._growth)
