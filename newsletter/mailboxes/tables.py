"""How far each mailbox was read."""

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from subscribers.db import Base


class MailboxMark(Base):
    """The last message of an IMAP folder that was taken, so that none is left out (RFC 3501, 2.3.1.1)."""

    __tablename__ = "mailbox_mark"

    mailbox: Mapped[str] = mapped_column(primary_key=True)
    """Whose and where it is, without a password."""
    uid_validity: Mapped[int] = mapped_column(BigInteger)
    """Another number says that the server numbered all messages anew."""
    last_uid: Mapped[int] = mapped_column(BigInteger)
