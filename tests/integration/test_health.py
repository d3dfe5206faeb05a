from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from newsletter.events import reach
from newsletter.events.reach import Reach
from newsletter.events.tables import Actor, Event, EventKind
from newsletter.feedback.verdicts import Reason
from newsletter.ledger.tables import Delivery, DeliveryState
from newsletter.reports import refused as refused_module
from newsletter.reports.findings import Level, findings, summary
from newsletter.reports.health import HealthReport, health_report
from newsletter.reports.mailings import CameBack
from newsletter.reports.providers import provider_of
from newsletter.reports.refused import Refused
from newsletter.settings import Tracking
from subscribers.db import Database
from subscribers.tables import Subscription, Suppression, SuppressionReason
from tests.support.counting import rollups
from tests.support.people import LONG_AGO, a_subscriber
from tests.support.returns import SENT_AT, Returns

GONE = "550 5.1.1 <{0}>: Recipient address rejected: User unknown"
BLOCKED = "554 5.7.1 Service unavailable; Client host [203.0.113.9] blocked using zen.spamhaus.org"
NOW = SENT_AT + timedelta(days=5)


class Told(Returns):
    """What a provider tells of copies, as `events.notices` writes it down."""

    def told(self, kind: EventKind, seq: int, *, permanent: bool = False, reason: Reason = Reason.OTHER) -> None:
        self.event(kind, seq)
        event = self.session.get_one(Event, self.events)
        event.detail = {"permanent": permanent, "reason": reason}
        reach.count(self.session, [Reach(self.campaign_id, seq, kind, Actor.HUMAN)])

    def refused(self, words: str, count: int = 1) -> None:
        for _ in range(count):
            copy = self.delivery(self.copy(DeliveryState.REJECTED))
            copy.error = words.format(copy.to_address) or None

    def report(self, *, minimum: int = 5, tracking: Tracking = Tracking.CONSENT) -> HealthReport:
        self.session.flush()
        return health_report(
            self.session, self.list_.organization_id, self.list_.id, NOW, minimum, rollups(tracking=tracking)
        )

    def level(self, about: str) -> tuple[Level, str]:
        (found,) = [finding for finding in findings(self.report()) if finding.about == about]
        return found.level, found.sentence


@pytest.fixture
def told(database: Database) -> Iterator[Told]:
    with database.writing() as session:
        yield Told(session)


def test_each_copy_is_counted_once_however_often_it_came_back(told: Told) -> None:
    told.copies(10)
    told.told(EventKind.BOUNCE, 1, reason=Reason.MAILBOX_FULL)
    told.told(EventKind.BOUNCE, 1, reason=Reason.MAILBOX_FULL)
    told.told(EventKind.BOUNCE, 1, permanent=True, reason=Reason.NO_SUCH_USER)
    told.told(EventKind.COMPLAINT, 2)
    recent = told.report().recent
    assert (recent.accepted, recent.hard, recent.soft, recent.complained) == (10, 1, 1, 1)
    assert recent.hard_reasons == {Reason.NO_SUCH_USER: 1}
    assert recent.soft_reasons == {Reason.MAILBOX_FULL: 1}
    assert recent.complaint_share == 0.1


def test_silence_is_no_zero(told: Told) -> None:
    told.copies(10)
    assert told.report().recent.complaint_share is None
    assert told.level("complaints") == (
        Level.UNKNOWN,
        "Nobody has told us of any copy of the last 30 days, so nothing is known of complaints.",
    )


def test_where_nothing_was_sent_there_is_nothing_to_say(told: Told) -> None:
    told.campaign.started_at = NOW - timedelta(days=40)
    assert told.level("bounces") == (
        Level.UNKNOWN,
        "Nothing was sent in 30 days, so there is nothing to say of bounces.",
    )
    assert len(told.report().last) == 1


@pytest.mark.parametrize(
    ("complained", "level", "words"),
    [
        (0, Level.GOOD, "Complaints are 0.00 % (0 of 2,000 copies in 30 days): below the 0.1 %"),
        (2, Level.WATCH, "Complaints are 0.10 % (2 of 2,000 copies in 30 days): above the 0.1 %"),
        (6, Level.ACT, "Complaints are 0.30 % (6 of 2,000 copies in 30 days): above 0.3 %"),
    ],
)
def test_complaints_are_held_against_the_lines_of_gmail_and_yahoo(complained: int, level: Level, words: str) -> None:
    report = _with(CameBack(2_000, complained=complained, is_told=True))
    found = next(finding for finding in findings(report) if finding.about == "complaints")
    assert (found.level, found.sentence[: len(words)]) == (level, words)


def test_one_complaint_of_few_copies_is_no_catastrophe() -> None:
    report = _with(CameBack(200, complained=1, is_told=True))
    found = findings(report)
    assert found[0].level is Level.WATCH
    assert "With fewer than 1,000 copies one complaint alone does that." in found[0].sentence
    assert summary(found) == "This list is well; keep an eye on complaints."


def test_many_hard_bounces_and_refusals_are_said_with_what_to_do() -> None:
    back = CameBack(1_000, hard=30, soft=9, is_told=True)
    back.soft_reasons[Reason.BLOCKED] = 8
    found = {finding.about: finding for finding in findings(_with(back))}
    assert found["bounces"].level is Level.ACT
    assert "3.0 % of the copies" in found["bounces"].sentence
    assert found["refusals"].level is Level.WATCH
    assert "8 copies came back" in found["refusals"].sentence
    assert summary(tuple(found.values())) == "Something is wrong with this list: bounces."


def test_what_is_usual_is_called_good() -> None:
    back = CameBack(1_000, soft=1, is_told=True)
    back.soft_reasons[Reason.RATE] = 1
    found = {finding.about: finding for finding in findings(_with(back, waiting=1, role_addresses=1))}
    assert {finding.level for finding in found.values()} == {Level.GOOD}
    assert "1 copy came back" in found["refusals"].sentence
    assert "1 sign-up has waited" in found["sign-ups that wait"].sentence
    assert "1 reader is at an address" in found["addresses of offices"].sentence
    assert summary(tuple(found.values())) == "This list is well."


def test_many_who_wait_and_who_do_not_open_are_said() -> None:
    found = {v.about: v for v in findings(_with(CameBack(), waiting=90, agreed=100, unopened=40, role_addresses=50))}
    waiting = "90 sign-ups have waited for their confirmation for 7 days: that is many."
    assert found["sign-ups that wait"].sentence.startswith(waiting)
    assert "40 of the 100 readers who agreed to it (40.0 %) did not open any of the last 6 issues" in (
        found["readers who do not open"].sentence
    )
    assert found["addresses of offices"].level is Level.WATCH
    assert summary(tuple(found.values())) == (
        "This list is well; keep an eye on sign-ups that wait, readers who do not open and addresses of offices."
    )


def test_who_opened_none_of_the_issues_they_got_is_counted_of_who_agreed(told: Told) -> None:
    told.copies(20, agreed=True)
    told.copies(20)
    for seq in range(1, 13):
        reach.count(told.session, [Reach(told.campaign_id, seq, EventKind.OPEN, Actor.HUMAN)])
    reach.count(told.session, [Reach(told.campaign_id, 13, EventKind.OPEN, Actor.MACHINE)])
    report = told.report()
    assert (report.issues, report.agreed, report.unopened) == (1, 20, 8)
    assert "did not open the last issue" in told.level("readers who do not open")[1]


@pytest.mark.parametrize("read", [1, 4, 16, 19])
def test_so_few_that_they_would_be_persons_are_hidden(told: Told, read: int) -> None:
    told.copies(20, agreed=True)
    for seq in range(1, read + 1):
        reach.count(told.session, [Reach(told.campaign_id, seq, EventKind.CLICK, Actor.HUMAN)])
    assert (told.report().agreed, told.report().unopened) == (None, None)
    assert told.level("readers who do not open")[0] is Level.UNKNOWN


def test_where_nothing_is_kept_of_readers_nobody_is_called_unopened(told: Told) -> None:
    told.copies(20, agreed=True)
    assert told.report(tracking=Tracking.COUNTS).unopened is None
    assert told.report(tracking=Tracking.PERSONAL).unopened == 20


def test_providers_are_told_apart_and_small_ones_hidden(told: Told) -> None:
    for domain, count in (("gmail.com", 12), ("yahoo.co.uk", 7), ("hotmail.fr", 2), ("school.example", 3)):
        for _ in range(count):
            seq = told.copy()
            delivery = told.session.get_one(Delivery, (told.campaign_id, seq))
            delivery.to_address = f"reader{seq}@{domain}"
    told.told(EventKind.COMPLAINT, 1)
    told.told(EventKind.BOUNCE, 13, permanent=True)
    found = {domain.name: (domain.accepted, domain.hard, domain.complained) for domain in told.report().domains}
    assert found == {
        "Gmail": (12, 0, 1),
        "Yahoo and AOL": (7, 1, 0),
        "Outlook and Hotmail": (None, None, None),
        "others": (None, None, None),
    }


def test_a_domain_belongs_to_its_provider_and_not_to_one_that_is_spelled_alike() -> None:
    assert provider_of("googlemail.com") == "Gmail"
    assert provider_of("notgmail.com") == "others"
    assert provider_of("live.example") == "Outlook and Hotmail"
    assert provider_of("") == "forgotten"


def test_waiting_sign_ups_suppressed_addresses_and_offices_are_counted(told: Told) -> None:
    organization_id = told.list_.organization_id
    a_subscriber(told.session, told.list_, "late@school.example", state="pending")
    early = a_subscriber(told.session, told.list_, "early@school.example", state="pending")
    told.session.get_one(Subscription, (early.id, told.list_.id)).created_at = NOW - timedelta(days=2)
    a_subscriber(told.session, told.list_, "office@school.example")
    gone = a_subscriber(told.session, told.list_, "gone@school.example")
    for reason, hashed in ((SuppressionReason.BOUNCE, gone.address_hash), (SuppressionReason.STAFF, "other")):
        told.session.add(
            Suppression(organization_id=organization_id, address_hash=hashed, reason=reason, created_at=LONG_AGO)
        )
    report = told.report()
    assert (report.readers, report.waiting, report.role_addresses) == (1, 1, 1)
    assert report.suppressed == {SuppressionReason.BOUNCE: 1, SuppressionReason.STAFF: 1}


def test_copies_that_were_not_accepted_are_no_measure(told: Told) -> None:
    told.copies(5)
    told.copy(DeliveryState.REJECTED)
    assert told.report().last[0].back.accepted == 5


def test_what_servers_refuse_at_hand_over_is_counted_by_what_they_say(told: Told) -> None:
    told.copies(132)
    told.refused(GONE, 20)
    told.refused(BLOCKED, 6)
    told.refused("", 2)
    refused = told.report().refused
    assert (refused.copies, refused.handed, refused.unknown) == (28, 160, 2)
    assert refused.reasons == {Reason.NO_SUCH_USER: 20, Reason.BLOCKED: 6}
    assert told.report().recent.accepted == 132
    level, sentence = told.level("copies refused at hand-over")
    assert level is Level.ACT
    assert sentence == (
        "28 of 160 copies in 30 days were refused at hand-over (17.5 %), most for: no such mailbox. 6 of them because "
        "a server refuses us or the mail, most for: our machine or domain refused. Run newsletter doctor. See whom, "
        f"and their words: newsletter campaigns deliveries {told.campaign_id} --state rejected."
    )


def test_answers_are_judged_once_whosever_address_and_connection_they_name(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refused_module, "_MOST_WORDS", 1)
    for n in range(30):
        told.refused(f"{GONE}. {'Please look at the address and try again. ' * 5}{n}-gsmtp")
    told.refused(BLOCKED, 4)
    refused = told.report().refused
    assert refused.reasons == {Reason.NO_SUCH_USER: 30}
    assert (refused.copies, refused.unknown) == (34, 4)


def test_refusals_of_before_are_no_refusals_of_now(told: Told) -> None:
    told.refused(GONE, 3)
    told.campaign.started_at = NOW - timedelta(days=31)
    assert told.report().refused == Refused()
    assert told.level("copies refused at hand-over")[0] is Level.UNKNOWN


@pytest.mark.parametrize(
    ("gone", "blocked", "level", "words"),
    [
        (0, 0, Level.GOOD, "No server refused a copy of 30 days as it was handed over."),
        (9, 0, Level.GOOD, "(0.9 %), most for: no such mailbox. So few are usual."),
        (
            5,
            4,
            Level.GOOD,
            "4 of them because a server refuses us or the mail, most for: our machine or domain",
        ),
        (10, 0, Level.WATCH, "Look where these addresses came from. See whom, and their words"),
        (0, 5, Level.WATCH, "Run newsletter doctor."),
        (50, 0, Level.ACT, "(5.0 %)"),
    ],
)
def test_refusals_at_hand_over_are_good_to_watch_or_to_act_on(
    gone: int, blocked: int, level: Level, words: str
) -> None:
    reasons = Counter({Reason.NO_SUCH_USER: gone, Reason.BLOCKED: blocked})
    refused = Refused(1_000, Counter({7: gone + blocked}), reasons)
    found = {v.about: v for v in findings(_with(CameBack(990, is_told=True), refused=refused))}
    assert found["copies refused at hand-over"].level is level
    assert words in found["copies refused at hand-over"].sentence


def test_one_refusal_of_few_copies_is_no_catastrophe() -> None:
    refused = Refused(10, Counter({7: 1}), Counter({Reason.NO_SUCH_USER: 1}))
    found = {v.about: v for v in findings(_with(CameBack(9, is_told=True), refused=refused))}
    assert found["copies refused at hand-over"].level is Level.WATCH
    assert "1 of 10 copies in 30 days was refused" in found["copies refused at hand-over"].sentence


def _with(recent: CameBack, **more: Any) -> HealthReport:
    given: dict[str, Any] = {"refused": Refused(recent.accepted)}
    given |= {"readers": 1_000, "waiting": 0, "issues": 6, "agreed": 500, "unopened": 20, "role_addresses": 0} | more
    return HealthReport(NOW, 5, last=(), recent=recent, domains=(), suppressed=Counter(), **given)
