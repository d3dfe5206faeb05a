"""What a mail server took, read by Python's own parser."""

import email
import email.policy
from email.message import EmailMessage

from tests.support.smtp_server import Record


def mails_of(record: Record) -> dict[str, EmailMessage]:
    """The mail of each recipient; each got one."""
    read = (email.message_from_bytes(body, policy=email.policy.default) for body in record.bodies)
    return dict(zip(record.recipients, read, strict=True))


def text_of(message: EmailMessage) -> str:
    """The plain part, with line ends as Python has them."""
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")
