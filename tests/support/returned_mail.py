"""Mail as servers send it back."""

from datetime import UTC, datetime
from email.utils import format_datetime

_DSN = """\
From: MAILER-DAEMON@mx.example
To: {to}
Subject: Undelivered Mail Returned to Sender
Date: {date}
Message-ID: <{name}@mx.example>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

--b1
Content-Type: text/plain

{words}

--b1
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {recipient}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {words}

--b1
Content-Type: text/rfc822-headers

Message-ID: <{message_id}>
Subject: Family news

--b1--
"""
_ARF = """\
From: feedback@mailbox.example
To: {to}
Subject: Abuse report
Date: {date}
Message-ID: <arf@mailbox.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b1"

--b1
Content-Type: text/plain

This is an email abuse report.

--b1
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: Mailbox/1.0
Version: 1
Original-Rcpt-To: {recipient}

--b1
Content-Type: message/rfc822

From: news@school.example
To: {recipient}
Message-ID: <{message_id}>
Subject: Family news

Hello
--b1--
"""
WHEN = datetime(2026, 12, 2, 11, 30, tzinfo=UTC)


def returned(
    to: str = "news@school.example",
    *,
    recipient: str = "ana@school.example",
    message_id: str = "of-nobody@school.example",
    status: str = "5.1.1",
    words: str = "550 5.1.1 <ana@school.example> no such user",
    action: str = "failed",
    at: datetime = WHEN,
    name: str = "one",
) -> bytes:
    """A refusal, as RFC 3464 has it."""
    facts = {"to": to, "recipient": recipient, "message_id": message_id, "status": status, "words": words}
    text = _DSN.format(**facts, action=action, date=format_datetime(at), name=name)
    return text.replace("\n", "\r\n").encode()


def reported(
    to: str = "news@school.example",
    *,
    recipient: str = "ana@school.example",
    message_id: str = "of-nobody@school.example",
) -> bytes:
    """A complaint, as RFC 5965 has it."""
    text = _ARF.format(to=to, recipient=recipient, message_id=message_id, date=format_datetime(WHEN))
    return text.replace("\n", "\r\n").encode()


def note(words: str = "Thank you for the newsletter!") -> bytes:
    """A person writes."""
    return f"From: Ana <ana@school.example>\r\nTo: news@school.example\r\nSubject: Re: News\r\n\r\n{words}\r\n".encode()
