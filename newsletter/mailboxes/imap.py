"""Mail in a folder of an IMAP server's (RFC 3501): read only up to a limit, marked as seen only after it was taken.

How far it was read is kept beside what it told, in one transaction. No transaction is open while the server is asked.
"""

import imaplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from sqlalchemy.orm import Session

from newsletter.errors import NewsletterError
from newsletter.feedback.messages import MOST_BYTES
from newsletter.mail_places import ImapFolder
from subscribers.db import Database, insert_into

from .tables import MailboxMark
from .taking import Desk, Taken, Trial, is_read

TIMEOUT = 60
"""Seconds that a server may be silent."""


class MailboxAway(NewsletterError):
    """The mailbox cannot be read. Nothing is lost: its mail waits there."""


class LoginRefused(MailboxAway):
    """The mail server does not let us in. Look at the user, and at NEWSLETTER_FEEDBACK_PASSWORD."""


def take_all(desk: Desk, place: ImapFolder, password: str) -> Iterator[list[Taken]]:
    """Take every message that came since the last time, the oldest first. Raises `MailboxAway`, after those before."""
    with _opened(place, password) as mailbox:
        for uid in mailbox.uids_after(_last_uid(desk.database, place, mailbox.validity)):
            raw = mailbox.beginning(uid)
            if raw is None:
                continue  # somebody removed it
            taken = desk.take(f"{place}#{uid}", raw, partial(_remember, str(place), mailbox.validity, uid))
            if is_read(taken):
                mailbox.mark_seen(uid)
            yield taken


def look(trial: Trial, place: ImapFolder, password: str) -> Iterator[list[Taken]]:
    """Say what taking them would do, and change nothing there or here. Raises `MailboxAway`."""
    with _opened(place, password, readonly=True) as mailbox:
        for uid in mailbox.uids_after(_last_uid(trial.desk.database, place, mailbox.validity)):
            raw = mailbox.beginning(uid)
            if raw is not None:
                yield trial.look(f"{place}#{uid}", raw)


def ensure_usable(place: ImapFolder, password: str) -> None:
    """Log in and open the folder as one that may be changed, and change nothing. Raises `MailboxAway`."""
    with _opened(place, password):
        pass


class _Mailbox:
    """An open folder."""

    def __init__(self, server: imaplib.IMAP4, validity: int) -> None:
        self._server = server
        self.validity = validity

    def uids_after(self, last: int) -> list[int]:
        """Of what came later. `n:*` names the last message even where its number is below n."""
        _, rows = self._server.uid("FETCH", f"{last + 1}:*", "(UID)")
        found = (int(row.rpartition(b"UID ")[2].rstrip(b")").split()[0]) for row in rows if isinstance(row, bytes))
        return sorted(uid for uid in found if uid > last)

    def beginning(self, uid: int) -> bytes | None:
        """As much of a message as is read, without marking it."""
        _, rows = self._server.uid("FETCH", str(uid), f"(BODY.PEEK[]<0.{MOST_BYTES}>)")
        return next((row[1] for row in rows if isinstance(row, tuple)), None)

    def mark_seen(self, uid: int) -> None:
        self._server.uid("STORE", str(uid), "+FLAGS.SILENT", r"(\Seen)")


@contextmanager
def _opened(place: ImapFolder, password: str, *, readonly: bool = False) -> Iterator[_Mailbox]:
    try:
        server = _connected(place)
        try:
            _log_in(server, place, password)
            answer, _ = server.select(f'"{place.folder}"', readonly=readonly)
            if answer != "OK":
                raise MailboxAway(f"{place.host} has no folder {place.folder} for {place.user}.")
            yield _Mailbox(server, int(server.response("UIDVALIDITY")[1][0]))
        finally:
            with suppress(OSError, imaplib.IMAP4.error):
                server.logout()
    except (OSError, imaplib.IMAP4.error, ValueError, TypeError) as error:
        raise MailboxAway(f"The mailbox {place} cannot be read: {error}. Its mail waits there.") from error


def _connected(place: ImapFolder) -> imaplib.IMAP4:
    context = ssl.create_default_context(cafile=place.ca or None)
    if place.is_tls_from_the_start:
        return imaplib.IMAP4_SSL(place.host, place.port, ssl_context=context, timeout=TIMEOUT)
    server = imaplib.IMAP4(place.host, place.port, timeout=TIMEOUT)
    if not place.is_bare:
        server.starttls(context)
    return server


def _log_in(server: imaplib.IMAP4, place: ImapFolder, password: str) -> None:
    try:
        if place.token_file:
            token = Path(place.token_file).read_text(encoding="ascii").strip()
            server.authenticate("XOAUTH2", lambda _: f"user={place.user}\1auth=Bearer {token}\1\1".encode())
        elif "AUTH=PLAIN" in server.capabilities:
            server.authenticate("PLAIN", lambda _: f"\0{place.user}\0{password}".encode())
        else:
            server.login(place.user, password)
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as error:
        raise LoginRefused(
            f"{place.host} does not let {place.user} in. Look at NEWSLETTER_FEEDBACK_PASSWORD."
        ) from error


def _last_uid(database: Database, place: ImapFolder, validity: int) -> int:
    """The last message that was taken; 0 where the server has numbered them anew."""
    with database.reading() as session:
        mark = session.get(MailboxMark, str(place))
        return mark.last_uid if mark is not None and mark.uid_validity == validity else 0


def _remember(mailbox: str, validity: int, uid: int, session: Session, found: object) -> None:
    del found
    mark = insert_into(session, MailboxMark).values(mailbox=mailbox, uid_validity=validity, last_uid=uid)
    later = {"uid_validity": mark.excluded.uid_validity, "last_uid": mark.excluded.last_uid}
    session.execute(mark.on_conflict_do_update(index_elements=["mailbox"], set_=later))
