"""Where work runs: sender threads in this process, beside the tick and the pages."""

import gc
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError

from newsletter.clock import Clock
from newsletter.errors import NewsletterError
from newsletter.ledger import balance, claims
from newsletter.ledger.states import get
from newsletter.ledger.tables import CampaignState
from newsletter.sending.sender import DatabaseLost, Sender, Sending, Step
from newsletter.sending.transports import TransportUnavailable
from subscribers.db import Database

IDLE = timedelta(milliseconds=200)
PATIENCE = timedelta(seconds=60)
"""How long one campaign's senders wait for a database that went away."""
SOON = timedelta(minutes=1)
"""What falls due within this time is waited for."""
TICK = timedelta(seconds=5)
_GLANCE = timedelta(milliseconds=20)
_GARBAGE = 50_000
"""So many new objects before Python looks for cycles among them."""
LONGEST_PAUSE = timedelta(seconds=30)
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Ending:
    """How the sending of one campaign ended here."""

    state: CampaignState
    found: balance.Balance
    stop_reason: str


class Ticker(Protocol):
    """What keeps the schedule; `tick` may be called at any time, by any number of processes."""

    @property
    def database(self) -> Database:
        """Where campaigns are."""

    @property
    def clock(self) -> Clock:
        """What time it is."""

    def tick(self) -> None:
        """Begin what is due, mend what died, end what is done."""


class Crew:
    """Sender threads. `stop` lets each finish and settle the group in flight."""

    def __init__(
        self,
        shared: Sending,
        *,
        campaign_id: int | None = None,
        patience: timedelta | None = None,
        on_settled: Callable[[int], None] = lambda _: None,
        stop: threading.Event | None = None,
    ) -> None:
        self._shared = shared
        self._campaign_id = campaign_id
        self._patience = patience
        self._tell = on_settled
        self._stop = stop or threading.Event()
        self._progress = 0
        """Mails settled since a sender last failed."""
        self.found_nothing = threading.Event()
        """Set whenever a sender finds no chunk that is ready."""
        self.failure: Exception | None = None
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start every sender. Raises `JournalUnwritable` where none can keep a journal; then none runs."""
        shared = self._shared
        with ExitStack() as on_failure:
            senders = [
                on_failure.enter_context(
                    closing(Sender(shared, self._campaign_id, self._on_settled, self._stop.is_set))
                )
                for _ in range(shared.transport.senders)
            ]
            on_failure.pop_all()
        self._threads = [
            threading.Thread(target=self._work, args=(sender,), name=f"sender-{n}") for n, sender in enumerate(senders)
        ]
        gc.freeze()  # what is here now stays, and mails leave no cycles: collecting took a tenth of the time
        gc.set_threshold(_GARBAGE)
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop every sender after its group in flight, and wait for them."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _on_settled(self, mails: int) -> None:
        self._progress += mails
        self._tell(mails)

    def _work(self, sender: Sender) -> None:
        pause, waited = IDLE, timedelta()
        try:
            while not self._stop.is_set():
                try:
                    step = sender.step()
                except Exception as error:  # noqa: BLE001 - a sender that dies in silence would be waited for
                    if self._gives_up(error, waited):
                        return
                    self._stop.wait(pause.total_seconds())
                    waited, pause = waited + pause, min(pause * 2, LONGEST_PAUSE)
                    continue
                pause, waited = IDLE, timedelta()
                if step is Step.NOTHING_READY:
                    self.found_nothing.set()
                    self._stop.wait(IDLE.total_seconds())
        finally:
            sender.close()

    def _gives_up(self, error: Exception, waited: timedelta) -> bool:
        """Whether this ends the crew.

        A campaign's own crew waits for the database for a while, and for the mail server as long as others of the
        crew get through: it may take fewer connections than we would make.
        """
        progress, self._progress = self._progress, 0
        waits = isinstance(error, DatabaseLost) and self._patience is not None and waited < self._patience
        if self._patience is None or waits or (isinstance(error, TransportUnavailable) and progress):
            _log.warning(str(error), exc_info=not isinstance(error, NewsletterError))
            return False
        self.failure = error
        self._stop.set()
        return True


def send_campaign(
    ticker: Ticker,
    shared: Sending,
    campaign_id: int,
    *,
    stop: threading.Event,
    on_settled: Callable[[int], None] = lambda _: None,
) -> Ending:
    """Run the senders here until the campaign ends, nothing of it is due soon, or `stop` is set.

    Ticks first, so that a campaign whose time has come is prepared. Raises what stopped the senders.
    """
    ticker.tick()
    crew = Crew(shared, campaign_id=campaign_id, patience=PATIENCE, on_settled=on_settled, stop=stop)
    if _is_going_on(ticker, campaign_id):
        crew.start()
        _watch(ticker, campaign_id, crew, stop)
        crew.stop()
    ticker.tick()
    with ticker.database.reading() as session:
        campaign = get(session, campaign_id)
        ending = Ending(campaign.state, balance.balance(session, campaign_id), campaign.stop_reason)
    if crew.failure is not None and ending.state == CampaignState.SENDING:
        raise crew.failure
    return ending


def _watch(ticker: Ticker, campaign_id: int, crew: Crew, stop: threading.Event) -> None:
    """Tick until the campaign no longer goes on; a database that is away is waited for by the senders."""
    ticked_at = time.monotonic()
    while not stop.wait(_GLANCE.total_seconds()):
        if not crew.found_nothing.is_set() and time.monotonic() - ticked_at < TICK.total_seconds():
            continue
        crew.found_nothing.clear()
        ticked_at = time.monotonic()
        with suppress(OperationalError, InterfaceError):
            ticker.tick()
            if not _is_going_on(ticker, campaign_id):
                return


def _is_going_on(ticker: Ticker, campaign_id: int) -> bool:
    """Whether the campaign is sending and a chunk of it is held by a sender, or due now or soon."""
    with ticker.database.reading() as session:
        if get(session, campaign_id).state != CampaignState.SENDING:
            return False
        return claims.is_busy(session, ticker.clock, campaign_id, within=SOON)
