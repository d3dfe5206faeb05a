"""`newsletter send`: the senders of one campaign, here and now."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from zoneinfo import ZoneInfo

import click

from newsletter.app import App
from newsletter.engine import Ending, send_campaign
from newsletter.errors import NewsletterError
from newsletter.ledger import balance
from newsletter.ledger.tables import CampaignState, DeliveryState

from .output import console, opened, progress

NOT_FINISHED = 3


class CampaignNotSendable(NewsletterError):
    """This campaign is not being sent."""


@click.command()
@click.argument("campaign_id", type=int, metavar="ID")
def send(campaign_id: int) -> None:
    """Send campaign ID from here until it ends.

    Exit code 0: sent, and every copy is accounted for. 3: the rest was put off by the receiving side; run it again
    at the time it names.
    """
    with opened() as app:
        ending = _send(app, campaign_id)
        console().print(_sentence(app, campaign_id, ending))
        if ending.state != CampaignState.SENT:
            sys.exit(NOT_FINISHED if ending.state == CampaignState.SENDING else 1)


def _send(app: App, campaign_id: int) -> Ending:
    scheduler = app.scheduler()
    scheduler.tick()
    with app.database.reading() as session:
        left = balance.balance(session, campaign_id).open
    with progress(f"Sending campaign {campaign_id}", left) as advance, _stopped_by_signals() as stop:
        return send_campaign(scheduler, app.sending(), campaign_id, stop=stop, on_settled=advance)


@contextmanager
def _stopped_by_signals() -> Iterator[threading.Event]:
    """Set by SIGTERM or Ctrl-C: the senders then finish and settle the group in flight."""
    stop = threading.Event()
    signals = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, lambda *_: stop.set()) for number in signals]
    try:
        yield stop
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)


def _sentence(app: App, campaign_id: int, ending: Ending) -> str:
    counts = ending.found.counts
    total = f"{ending.found.audience:,} = {_sum(counts)}"
    next_command = f"Next: newsletter campaigns status {campaign_id}"
    match ending.state:
        case CampaignState.SENT:
            return f"Campaign {campaign_id} is sent.\n{total}\n{next_command}"
        case CampaignState.SENDING if counts[DeliveryState.DEFERRED]:
            at = _local(app, ending.found.next_try_at)
            return f"Not finished yet: {counts[DeliveryState.DEFERRED]:,} deferred, next try {at}.\n{total}"
        case CampaignState.SENDING:
            return f"Not finished yet.\n{total}\nNext: newsletter send {campaign_id}"
        case CampaignState.STOPPED:
            return f"Campaign {campaign_id} was stopped: {ending.stop_reason}\n{total}"
        case _:
            raise CampaignNotSendable(_why_not(campaign_id, ending.state))


def _sum(counts: dict[DeliveryState, int]) -> str:
    return " + ".join(f"{count:,} {state}" for state, count in counts.items() if count) or "0"


def _local(app: App, moment: datetime | None) -> str:
    return moment.astimezone(ZoneInfo(app.settings.timezone)).strftime("%H:%M %Z") if moment else "soon"


def _why_not(campaign_id: int, state: CampaignState) -> str:
    next_step = {
        CampaignState.DRAFT: f"newsletter campaigns schedule {campaign_id} --now",
        CampaignState.APPROVED: f"newsletter campaigns schedule {campaign_id} --now",
        CampaignState.SCHEDULED: "newsletter run, which waits for its time",
        CampaignState.HELD: f"newsletter campaigns schedule {campaign_id} --now, if it should still go",
        CampaignState.PAUSED: f"newsletter campaigns resume {campaign_id}",
    }.get(state, "newsletter campaigns list")
    return f"Campaign {campaign_id} is {state}, so nothing is sent. Next: {next_step}"
