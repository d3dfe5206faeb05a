"""Looks into a mailbox again and again, in a thread of its own: a server that hangs holds nothing up."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError

from newsletter.errors import NewsletterError
from newsletter.mail_places import ImapFolder, Maildir

from . import imap, maildirs
from .taking import Desk, Taken

EVERY = timedelta(minutes=3)
LONGEST_PAUSE = timedelta(minutes=30)
_log = structlog.get_logger()


def take_all(desk: Desk, place: ImapFolder | Maildir, password: str) -> Iterator[list[Taken]]:
    """Take what is new in a mailbox, message by message. Raises `MailboxAway` or `MaildirUnreadable`."""
    if isinstance(place, Maildir):
        return maildirs.take_all(desk, place.folder)
    return imap.take_all(desk, place, password)


@dataclass(frozen=True, slots=True)
class Watch:
    """What is looked into, and how often."""

    desk: Desk
    place: ImapFolder | Maildir
    password: str
    every: timedelta = EVERY

    def keep(self, stop: threading.Event, tell: Callable[[list[Taken]], object]) -> None:
        """Look until told to stop; each trouble in a row doubles the pause. `tell` is called with each message."""
        pause = self.every
        while not stop.is_set():
            try:
                for taken in take_all(self.desk, self.place, self.password):
                    tell(taken)
                    if stop.is_set():
                        return
                pause = self.every
            except (NewsletterError, OperationalError, InterfaceError) as error:
                pause = min(pause * 2, LONGEST_PAUSE)
                _log.warning(str(error), seconds=round(pause.total_seconds()))
            except Exception:  # noqa: BLE001 - a watch that dies in silence would be waited for
                pause = min(pause * 2, LONGEST_PAUSE)
                _log.exception("A mailbox was not read to its end.")
            stop.wait(pause.total_seconds())


class Watcher:
    """Keeps a watch beside the pages and the senders; none where there is nothing to watch."""

    def __init__(self, watch: Watch | None) -> None:
        self._stop = threading.Event()
        self._watch = watch
        self._thread = threading.Thread(target=self._keep, name="mailbox", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """End after the message in hand; a server that hangs is not waited for."""
        self._stop.set()
        self._thread.join(timeout=2)

    def _keep(self) -> None:
        if self._watch is not None:
            self._watch.keep(self._stop, _say)


def _say(taken: list[Taken]) -> None:
    for one in taken:
        verdict = one.returned.verdict
        _log.info("Mail came back.", mail=one.name, kind=verdict.kind.value, outcome=one.outcome.value)
