from collections.abc import Iterator
from dataclasses import astuple
from datetime import date

import pytest

from newsletter.clock import Clock
from newsletter.events.tables import Actor, EventKind
from newsletter.ledger.states import CampaignNotFound
from newsletter.ledger.tables import CampaignKind, DeliveryState, Exclusion
from newsletter.reports.campaigns import CampaignReport, campaign_report
from newsletter.reports.exports import report_facts, report_rows
from newsletter.reports.links import link_figures
from newsletter.reports.rollups import Rollups
from newsletter.reports.spreadsheets import cell
from newsletter.reports.status import status
from newsletter.settings import Tracking
from subscribers.db import Database
from subscribers.grades import Bands, RollOver
from subscribers.segments.rules import RuleContext
from tests.support.returns import DAY, Returns

SECOND_GRADER, NINTH_GRADER = 2037, 2030  # in the school year that ends in 2027


@pytest.fixture
def sent(database: Database) -> Iterator[Returns]:
    with database.writing() as session:
        yield Returns(session)


def report_on(sent: Returns, *, minimum: int = 5, tracking: Tracking = Tracking.CONSENT) -> CampaignReport:
    def context(day: date | None) -> RuleContext:
        assert day == DAY
        bands = Bands.parse("elementary=PK-5 middle=6-8 high=9-12")
        return RuleContext(sent.list_.organization_id, day, RollOver.parse("07-01"), bands)

    return campaign_report(sent.session, sent.campaign_id, minimum, Rollups(Clock(), tracking, context))


def test_status_of_an_unsent_campaign_has_every_key_and_nothing_in_it(sent: Returns) -> None:
    sent.campaign.started_at = sent.campaign.finished_at = None
    assert status(sent.session, sent.campaign_id) == {
        "id": sent.campaign_id,
        "state": "sent",
        "issue": None,
        "audience": 0,
        "pending": 0,
        "attempting": 0,
        "accepted": 0,
        "rejected": 0,
        "deferred": 0,
        "unknown": 0,
        "excluded": 0,
        "cancelled": 0,
        "excluded_reasons": {},
        "delivered": 0,
        "bounced": 0,
        "complained": 0,
        "unsubscribed": 0,
        "opened": {"human": 0, "machine": 0, "unknown": 0, "total": 0},
        "clicked": {"human": 0, "machine": 0, "unknown": 0, "total": 0},
        "tracked": 0,
        "test": None,
        "started_at": None,
        "finished_at": None,
    }


def test_status_sums_every_state_to_the_audience(sent: Returns) -> None:
    for state in DeliveryState:
        sent.copy(state, reason=Exclusion.SUPPRESSED if state is DeliveryState.EXCLUDED else None)
    sent.copy(DeliveryState.EXCLUDED, reason=Exclusion.UNCONFIRMED)
    found = status(sent.session, sent.campaign_id)
    assert sum(found[state.value] for state in DeliveryState) == found["audience"] == 9
    assert found["excluded_reasons"] == {"suppressed": 1, "unconfirmed": 1}
    assert found["started_at"] == "2026-12-02T12:00:00+00:00"


def test_why_copies_were_rejected_is_said_for_programs(sent: Returns) -> None:
    said = ("550 5.1.1 <{}>: no such user", "550 5.1.1 <{}>: no such user", "554 5.7.1 rejected by zen.spamhaus.org")
    for words in said:
        copy = sent.delivery(sent.copy(DeliveryState.REJECTED))
        copy.error = words.format(copy.to_address)
    sent.session.flush()
    report = report_on(sent)
    assert report_facts(report)["rejected_reasons"] == {"no-such-user": 2, "blocked": 1}
    assert ("totals", "rejected_reasons", "no-such-user", 2) in list(report_rows(report))


def test_people_and_machines_are_counted_by_copy_and_requests_by_number(sent: Returns) -> None:
    reader, scanner, both = (sent.copy(agreed=True) for _ in range(3))
    sent.copy()
    for _ in range(3):
        sent.event(EventKind.OPEN, reader)
    sent.event(EventKind.OPEN, scanner, actor=Actor.MACHINE)
    sent.event(EventKind.OPEN, both)
    sent.event(EventKind.OPEN, both, actor=Actor.MACHINE)
    sent.requests(EventKind.OPEN, 5)
    sent.event(EventKind.CLICK, reader, link_no=2)
    found = status(sent.session, sent.campaign_id)
    assert found["opened"] == {"human": 2, "machine": 2, "unknown": 0, "total": 11}
    assert found["clicked"] == {"human": 1, "machine": 0, "unknown": 0, "total": 1}
    assert found["tracked"] == 3


def test_what_providers_and_readers_said_is_counted_once_a_copy(sent: Returns) -> None:
    seq = sent.copy()
    for kind in (EventKind.DELIVERED, EventKind.BOUNCE, EventKind.COMPLAINT):
        sent.event(kind, seq)
        sent.event(kind, seq)
    sent.requests(EventKind.UNSUBSCRIBE, 1)
    found = status(sent.session, sent.campaign_id)
    assert [found[name] for name in ("delivered", "bounced", "complained", "unsubscribed")] == [1, 1, 1, 1]


def test_a_yes_taken_back_leaves_no_copy_opened_but_not_tracked(sent: Returns) -> None:
    sent.event(EventKind.OPEN, sent.copy(agreed=False))
    assert status(sent.session, sent.campaign_id)["tracked"] == 1


@pytest.mark.parametrize(("tracking", "tracked"), [("consent", 1), ("personal", 2), ("counts", 0), ("off", 0)])
def test_who_is_tracked_follows_the_setting(sent: Returns, tracking: str, tracked: int) -> None:
    sent.copy(agreed=True)
    sent.copy()
    sent.copy(DeliveryState.REJECTED, agreed=True)
    assert status(sent.session, sent.campaign_id, Tracking(tracking))["tracked"] == tracked


def test_a_campaign_that_is_not_there_is_a_sentence(sent: Returns) -> None:
    with pytest.raises(CampaignNotFound, match="campaigns list"):
        status(sent.session, 999)
    with pytest.raises(CampaignNotFound):
        link_figures(sent.session, 999)


def test_links_stand_in_the_order_of_how_many_people_followed_them(sent: Returns) -> None:
    sent.link(2, "https://a.example")
    sent.link(3, "https://b.example", "Read more")
    sent.link(4, "https://c.example")
    reader = sent.copy(agreed=True)
    sent.event(EventKind.CLICK, reader, link_no=3)
    sent.event(EventKind.CLICK, reader, link_no=3)
    sent.event(EventKind.CLICK, reader, link_no=4, actor=Actor.MACHINE)
    sent.requests(EventKind.CLICK, 9, link_no=2)
    found = [(link.no, link.label, *astuple(link.clicked)) for link in link_figures(sent.session, sent.campaign_id)]
    assert found == [(3, "Read more", 1, 0, 0, 2), (2, "", 0, 0, 0, 9), (4, "", 0, 1, 0, 1)]


def test_rates_are_shares_of_what_they_can_be_shares_of(sent: Returns) -> None:
    for agreed in (True, True, False):
        sent.copy(agreed=agreed)
    sent.copy(DeliveryState.REJECTED)
    sent.copy(DeliveryState.EXCLUDED, reason=Exclusion.SUPPRESSED)
    sent.event(EventKind.OPEN, 1)
    sent.event(EventKind.DELIVERED, 1)
    sent.requests(EventKind.UNSUBSCRIBE, 3)
    rates = report_on(sent).rates
    assert astuple(rates) == (0.75, pytest.approx(1 / 3), 0.0, 0.0, 1.0, 0.5, 0.0)


def test_while_no_provider_has_told_of_a_copy_silence_is_no_zero(sent: Returns) -> None:
    sent.copies(2)
    rates = report_on(sent).rates
    assert (rates.accepted, rates.delivered, rates.bounced, rates.complained) == (1.0, None, None, None)
    sent.event(EventKind.BOUNCE, 1)
    rates = report_on(sent).rates
    assert (rates.delivered, rates.bounced, rates.complained) == (None, 0.5, 0.0)


def test_rates_that_nobody_can_tell_are_empty(sent: Returns) -> None:
    assert set(astuple(report_on(sent).rates)) == {None}


def test_languages_are_those_of_the_copies(sent: Returns) -> None:
    sent.copies(5, variant="en-1", agreed=True)
    sent.copies(3, variant="en-3")
    first = sent.copies(6, variant="pt-BR-3", agreed=True)
    sent.event(EventKind.OPEN, first)
    sent.event(EventKind.CLICK, first)
    found = [astuple(group) for group in report_on(sent).languages]
    assert found == [("en", 8, 5, 0, 0, 0), ("pt-BR", 6, 6, 1, 1, 0)]


def test_a_stream_of_single_mails_has_no_languages(sent: Returns) -> None:
    sent.campaign.kind = CampaignKind.STREAM
    sent.copies(6, variant="confirm:1:en")
    report = report_on(sent)
    assert report.languages == ()
    assert report.totals.audience == 6


def test_a_family_of_two_bands_is_in_both_and_families_without_grades_are_named(sent: Returns) -> None:
    sent.copies(5, graduating=(SECOND_GRADER,))
    sent.copies(5, graduating=(SECOND_GRADER, NINTH_GRADER))
    sent.copies(6)
    found = [(group.name, group.readers) for group in report_on(sent).bands]
    assert found == [("elementary", 10), ("high", 5), ("", 6)]


def test_a_small_group_is_hidden_and_so_is_the_one_that_a_sum_would_tell_it_by(sent: Returns) -> None:
    sent.copies(20, variant="en-1")
    sent.copies(6, variant="es-1")
    sent.copies(1, variant="so-1")
    found = {group.name: group.readers for group in report_on(sent).languages}
    assert found == {"en": 20, "es": None, "so": None}


def test_small_groups_that_hide_one_another_cost_no_other_group(sent: Returns) -> None:
    sent.copies(20, variant="en-1")
    sent.copies(3, variant="es-1")
    sent.copies(2, variant="so-1")
    found = {group.name: group.readers for group in report_on(sent).languages}
    assert found == {"en": 20, "es": None, "so": None}


def test_few_tracked_readers_in_a_large_group_are_hidden_too(sent: Returns) -> None:
    sent.copies(20, variant="en-1", agreed=True)
    sent.copies(8, variant="es-1", agreed=True)
    sent.copies(8, variant="fr-1")
    sent.copies(20, variant="fr-1")
    sent.event(EventKind.OPEN, sent.copies(1, variant="fr-1", agreed=True))
    found = [astuple(group) for group in report_on(sent).languages]
    assert found == [("en", 20, 20, 0, 0, 0), ("es", 8, None, None, None, 0), ("fr", 29, None, None, None, 0)]


def test_the_minimum_is_a_setting(sent: Returns) -> None:
    sent.copies(2, variant="en-1")
    assert [group.readers for group in report_on(sent, minimum=2).languages] == [2]


def test_facts_say_hidden_and_unknown_as_null(sent: Returns) -> None:
    sent.copies(2)
    facts = report_facts(report_on(sent))
    assert facts["languages"] == [
        {"name": "en", "readers": None, "tracked": None, "opened": None, "clicked": None, "bounced": None}
    ]
    assert facts["rates"]["delivered"] is None
    assert facts["totals"]["accepted"] == 2


def test_what_nobody_told_of_is_null_and_empty_and_no_zero(sent: Returns) -> None:
    first = sent.copies(2)
    told = ("delivered", "bounced", "complained")
    facts = report_facts(report_on(sent))
    assert [facts["totals"][name] for name in told] == [None] * 3
    assert (facts["returned"]["hard"]["copies"], facts["returned"]["soft"]["copies"]) == (None, None)
    rows = [tuple(map(cell, row)) for row in report_rows(report_on(sent))]
    assert [("totals", "", name, "") in rows for name in told] == [True] * 3
    assert [status(sent.session, sent.campaign_id)[name] for name in told] == [0] * 3
    sent.event(EventKind.BOUNCE, first)
    facts = report_facts(report_on(sent))
    assert [facts["totals"][name] for name in told] == [None, 1, 0]
    sent.event(EventKind.DELIVERED, first + 1)
    assert [report_facts(report_on(sent))["totals"][name] for name in told] == [1, 1, 0]


def test_a_spreadsheet_computes_nothing_of_what_an_editor_wrote(sent: Returns) -> None:
    sent.link(2, "https://a.example", "=HYPERLINK(1)")
    sent.copies(2)
    rows = [tuple(map(cell, row)) for row in report_rows(report_on(sent))]
    assert ("link", "'=HYPERLINK(1)", "human", 0) in rows
    assert ("totals", "", "accepted", 2) in rows
    assert ("totals", "opened", "human", 0) in rows
    assert ("language", "en", "readers", "") in rows
    assert ("band", "not known", "readers", "") in rows
