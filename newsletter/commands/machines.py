"""`newsletter worker` and `newsletter scheduler`: the work of one installation on many machines."""

import threading
import time
from functools import partial

import click

from newsletter import schedule
from newsletter.app import App
from newsletter.engine.callers import CALLERS
from newsletter.engine.tickets import Tickets
from newsletter.engine.workers import TURN, Handlers, Senders, run_worker
from newsletter.errors import NewsletterError
from newsletter.ledger.jobs import Job, JobKind
from newsletter.mailboxes.watching import Watcher
from newsletter.schedule import Scheduler
from newsletter.sending import recovery
from newsletter.webhooks import claims

from .output import opened
from .signals import told_to_stop

_SECONDS = 1.0


class EngineIsEmbedded(NewsletterError):
    """There are no tickets to work on. Set NEWSLETTER_ENGINE=procrastinate, then `newsletter db upgrade`."""


@click.command()
def worker() -> None:
    """Send and prepare campaigns for this installation, beside any number of others, until told to stop."""
    with opened() as app:
        tickets = _tickets(app)
        shared, stop = app.sending(), threading.Event()
        senders = Senders(shared, stop)
        click.echo("Working. Ctrl-C stops it after what is in hand.")
        try:
            run_worker(
                app.settings.database_url,
                _handlers(app, tickets, senders, stop),
                partial(recovery.sweep, app.database, app.clock, app.journals),
                shared.transport.senders,
                stop,
            )
        finally:
            senders.close()


@click.command()
def scheduler() -> None:
    """Keep the schedule for the workers, beside any number of others, until told to stop."""
    with opened() as app:
        ticking = schedule.start(partial(_tick, app, app.scheduler(), _tickets(app)), _SECONDS)
        watcher = Watcher(app.returns.watch())
        watcher.start()
        click.echo("Keeping the schedule. Ctrl-C stops it.")
        with told_to_stop() as stop:
            stop.wait()
        watcher.stop()
        ticking.shutdown()


def _tick(app: App, scheduler: Scheduler, tickets: Tickets) -> None:
    """Do all that no worker does, and see that every piece of work has its ticket."""
    scheduler.end_pauses()
    scheduler.fire()
    recovery.sweep(app.database, app.clock, app.journals)
    with app.database.writing() as session:
        tickets.top_up(session, app.clock, {Job(JobKind.CALL, 0): claims.wanted(session, app.clock, CALLERS)})
    scheduler.tend()


def _handlers(app: App, tickets: Tickets, senders: Senders, stop: threading.Event) -> Handlers:
    keeper, caller = app.scheduler(), app.telling.caller()

    def send(campaign_id: int) -> None:
        kind = JobKind.SEND if senders.work() else JobKind.FINISH
        with app.database.writing() as session:
            tickets.again(session, Job(kind, campaign_id))

    def call(_: int) -> None:
        until = time.monotonic() + TURN.total_seconds()
        while not stop.is_set() and time.monotonic() < until:
            if not caller.step(stop.is_set):
                return

    return {
        JobKind.PREPARE: keeper.prepare_one,
        JobKind.SEND: send,
        JobKind.FINISH: keeper.finish_one,
        JobKind.CALL: call,
    }


def _tickets(app: App) -> Tickets:
    if app.tickets is None:
        raise EngineIsEmbedded
    return app.tickets
