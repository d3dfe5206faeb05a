"""`newsletter send`: the senders of one campaign, here and now."""

import sys
from datetime import datetime
from zoneinfo import ZoneInfo

import click

from newsletter.app import App
from newsletter.campaigns import arms
from newsletter.engine.embedded import Ending, send_campaign
from newsletter.errors import NewsletterError
from newsletter.ledger import balance, claims
from newsletter.ledger.states import get
from newsletter.ledger.tables import CampaignState, DeliveryState
from newsletter.reports.sums import sum_of

from .output import console, opened, progress
from .signals import told_to_stop

NOT_FINISHED = 3


class CampaignNotSendable(NewsletterError):
    """This campaign is not being sent."""


@click.command()
@click.argument("campaign_id", type=int, metavar="ID")
def send(campaign_id: int) -> None:
    """Send campaign ID from here until it ends.

    Exit code 0: sent, and every copy is accounted for. 3: the rest was put off by the receiving side, or waits for the
    winner of a test; run it again at the time it names.
    """
    with opened() as app:
        ending = _send(app, campaign_id)
        console().print(_sentence(app, campaign_id, ending), soft_wrap=True)
        if ending.state != CampaignState.SENT:
            goes_on = ending.state == CampaignState.SENDING and ending.found.balances
            sys.exit(NOT_FINISHED if goes_on else 1)


def _send(app: App, campaign_id: int) -> Ending:
    scheduler = app.scheduler()
    scheduler.tick()
    with app.database.reading() as session:
        left = balance.balance(session, campaign_id).open
    with progress(f"Sending campaign {campaign_id}", left) as advance, told_to_stop() as stop:
        return send_campaign(scheduler, app.sending(), campaign_id, stop=stop, on_settled=advance)


def _sentence(app: App, campaign_id: int, ending: Ending) -> str:
    with app.database.reading() as session:
        total = sum_of(session, campaign_id)
        next_at = claims.next_ready_at(session, campaign_id) or ending.found.next_try_at
        decides_at = arms.decides_at(session, get(session, campaign_id))
    match ending.state:
        case CampaignState.SENT:
            return f"Campaign {campaign_id} is sent.\n{total}\nNext: newsletter campaigns status {campaign_id}"
        case CampaignState.SENDING:
            later = _later(app, ending.found.counts[DeliveryState.DEFERRED], next_at, decides_at)
            return f"Not finished yet{later}.\n{total}\nNext: newsletter send {campaign_id}"
        case CampaignState.STOPPED:
            return f"Campaign {campaign_id} was stopped: {ending.stop_reason}\n{total}"
        case _:
            raise CampaignNotSendable(_why_not(campaign_id, ending.state))


def _later(app: App, deferred: int, next_at: datetime | None, decides_at: datetime | None) -> str:
    """What is waited for, and until when: the next try of the deferred, what the pace allows, the end of a test."""
    if next_at is not None:
        when = _when(app, next_at)
        return f": {deferred:,} deferred, next try {when}" if deferred else f": it goes on at {when}"
    if decides_at is not None:
        return f": the subject for the rest is chosen at {_when(app, decides_at)}"
    return ""


def _when(app: App, at: datetime) -> str:
    now = app.clock.now().astimezone(ZoneInfo(app.settings.timezone))
    local = at.astimezone(now.tzinfo)
    return local.strftime("%H:%M %Z" if local.date() == now.date() else "%A %-d %B, %H:%M %Z")


def _why_not(campaign_id: int, state: CampaignState) -> str:
    next_step = {
        CampaignState.DRAFT: f"newsletter campaigns schedule {campaign_id} --now",
        CampaignState.APPROVED: f"newsletter campaigns schedule {campaign_id} --now",
        CampaignState.SCHEDULED: "newsletter run, which waits for its time",
        CampaignState.HELD: f"newsletter campaigns schedule {campaign_id} --now, if it should still go",
        CampaignState.PAUSED: f"newsletter campaigns resume {campaign_id}",
    }.get(state, "newsletter campaigns list")
    return f"Campaign {campaign_id} is {state}, so nothing is sent. Next: {next_step}"
