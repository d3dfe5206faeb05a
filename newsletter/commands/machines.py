"""`newsletter worker` and `newsletter scheduler`: the work of one installation on many machines."""

import threading
from functools import partial

import click

from newsletter import schedule
from newsletter.app import App
from newsletter.engine.tickets import Tickets
from newsletter.engine.workers import Handlers, Senders, run_worker
from newsletter.errors import NewsletterError
from newsletter.ledger.jobs import Job, JobKind
from newsletter.schedule import Scheduler
from newsletter.sending import recovery

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
                _handlers(app, tickets, senders),
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
        click.echo("Keeping the schedule. Ctrl-C stops it.")
        with told_to_stop() as stop:
            stop.wait()
        ticking.shutdown()


def _tick(app: App, scheduler: Scheduler, tickets: Tickets) -> None:
    """Fire what is due, end leases that ran out, and see that every piece of work has its ticket."""
    scheduler.fire()
    recovery.sweep(app.database, app.clock, app.journals)
    with app.database.writing() as session:
        tickets.top_up(session, app.clock)


def _handlers(app: App, tickets: Tickets, senders: Senders) -> Handlers:
    keeper = app.scheduler()

    def send(campaign_id: int) -> None:
        kind = JobKind.SEND if senders.work() else JobKind.FINISH
        with app.database.writing() as session:
            tickets.again(session, Job(kind, campaign_id))

    return {JobKind.PREPARE: keeper.prepare_one, JobKind.SEND: send, JobKind.FINISH: keeper.finish_one}


def _tickets(app: App) -> Tickets:
    if app.tickets is None:
        raise EngineIsEmbedded
    return app.tickets
