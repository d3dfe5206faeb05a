"""A worker: takes tickets from Procrastinate and does their work with the same functions as one process alone."""

import asyncio
import contextlib
import logging
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from datetime import timedelta

import procrastinate
import structlog
from procrastinate.exceptions import ProcrastinateException
from procrastinate.jobs import DeleteJobCondition
from sqlalchemy.exc import InterfaceError, OperationalError

from newsletter.errors import NewsletterError
from newsletter.ledger.jobs import JobKind
from newsletter.sending.sender import Sender, Sending, Step
from newsletter.sending.transports import AccountRefused

from .callers import CALLERS
from .tickets import CALLING_QUEUE, QUEUE, SENDING_QUEUE, conninfo, queue_of

TURN = timedelta(seconds=30)
"""How long one ticket is worked on before others may have a turn."""
SWEEP = timedelta(seconds=5)
RESCUE = timedelta(seconds=10)
OTHER_JOBS = 2
"""How many jobs beside its senders a worker takes at once."""
Handlers = Mapping[JobKind, Callable[[int], None]]
_log = structlog.get_logger()


class TicketsLost(NewsletterError):
    """The database went away, and with it the tickets. Nothing is lost; start the worker again when it is back."""


class Senders:
    """The senders of a worker; each ticket borrows one, and what it has open stays open while there is work."""

    def __init__(self, shared: Sending, stop: threading.Event) -> None:
        self._shared, self._stop = shared, stop
        self._idle: deque[Sender] = deque()

    def work(self) -> bool:
        """Send what is ready for a turn. Returns whether there may be more."""
        sender = self._idle.pop() if self._idle else Sender(self._shared, is_stopping=self._stop.is_set)
        until = time.monotonic() + TURN.total_seconds()
        try:
            while not self._stop.is_set() and time.monotonic() < until:
                if sender.step() is Step.NOTHING_READY:
                    return False
        except AccountRefused as refusal:
            _log.warning(str(refusal))  # the campaign is stopped, for a person to see
            return False
        except NewsletterError as error:
            _log.warning(str(error))
            self._stop.wait(SWEEP.total_seconds())
        finally:
            self._idle.append(sender)
        return True

    def close(self) -> None:
        """Hang up."""
        while self._idle:
            self._idle.pop().close()


def run_worker(url: str, handlers: Handlers, sweep: Callable[[], object], senders: int, stop: threading.Event) -> None:
    """Work until SIGTERM or Ctrl-C; then each job in hand is finished.

    `handlers` do a job for a campaign, in threads of their own; `sweep` mends what dead senders of this host left.
    """
    logging.getLogger("procrastinate").setLevel(logging.WARNING)
    at_once = {SENDING_QUEUE: senders, QUEUE: OTHER_JOBS, CALLING_QUEUE: CALLERS}
    asyncio.run(_run(url, handlers, sweep, at_once, stop))


async def _run(
    url: str, handlers: Handlers, sweep: Callable[[], object], at_once: Mapping[str, int], stop: threading.Event
) -> None:
    """Work on each queue, so many of its jobs at once."""
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=conninfo(url)))
    for kind, handle in handlers.items():
        app.task(name=kind.value, queue=queue_of(kind))(_task(handle))
    async with app.open_async():
        working = [asyncio.create_task(_work(app, queue, concurrency)) for queue, concurrency in at_once.items()]
        others = [asyncio.create_task(_every(SWEEP, stop, sweep)), asyncio.create_task(_rescue(app))]

        def end() -> None:
            stop.set()
            for one in working:
                one.cancel()

        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, end)
        await asyncio.wait(working, return_when=asyncio.FIRST_COMPLETED)
        end()
        ended = await asyncio.gather(*working, return_exceptions=True)
        for other in others:
            other.cancel()
        await asyncio.gather(*others, return_exceptions=True)
    if any(isinstance(error, ProcrastinateException) for error in ended):
        raise TicketsLost


async def _work(app: procrastinate.App, queue: str, concurrency: int) -> None:
    await app.run_worker_async(
        queues=[queue],
        name=queue,
        concurrency=concurrency,
        install_signal_handlers=False,
        delete_jobs=DeleteJobCondition.ALWAYS,  # the ledger remembers
    )


def _task(handle: Callable[[int], None]) -> Callable[..., None]:
    def task(campaign_id: int) -> None:
        handle(campaign_id)

    return task


async def _every(pause: timedelta, stop: threading.Event, act: Callable[[], object]) -> None:
    while not stop.is_set():
        with contextlib.suppress(OperationalError, InterfaceError):  # the next time tries again
            await asyncio.to_thread(act)
        await asyncio.sleep(pause.total_seconds())


async def _rescue(app: procrastinate.App) -> None:
    """Give the jobs of workers that died to others."""
    while True:
        await asyncio.sleep(RESCUE.total_seconds())
        with contextlib.suppress(ProcrastinateException):
            for job in await app.job_manager.get_stalled_jobs():
                await app.job_manager.retry_job(job)
