"""What servers say when they refuse, and what it means: sentences of many of them, as they are sent."""

from time import perf_counter

import pytest

from newsletter.feedback.conversations import Step
from newsletter.feedback.judging import judge
from newsletter.feedback.verdicts import Reason

GONE = (True, Reason.NO_SUCH_USER)
REFUSES_ALL = (True, Reason.OTHER)

NO_SUCH_USER = [
    "550 5.1.1 <a@b.example>: Recipient address rejected: User unknown in local recipient table",
    "550-5.1.1 The email account that you tried to reach does not exist. Please try\n550-5.1.1 double-checking the recipient's"
    " email address for typos or\n550 5.1.1 unnecessary spaces. Learn more at https://support.google.com/mail/?p=NoSuchUser gsmtp",
    "550 5.1.1 RESOLVER.ADR.RecipNotFound; not found",
    "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient a@b.example not found by SMTP address lookup",
    "550 5.4.1 Recipient address rejected: Access denied. AS(201806281) [DB5EUR03FT034.eop-EUR03.prod.protection.outlook.com]",
    "550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302).",
    "550 Requested action not taken: mailbox unavailable (in reply to RCPT TO command)",
    "554 delivery error: dd This user doesn't have a yahoo.com account (a@yahoo.com) [0] - mta1234.mail.ne1.yahoo.com",
    "550 5.1.1 <a@icloud.com>: user does not exist",
    "550 5.1.1 unknown or illegal alias: a@me.com",
    "550 5.1.1 <a@comcast.net> Account not available",
    "550 #5.1.0 Address rejected.",
    "550 5.1.1 Mailbox <a@qq.com> not found. [MXS1]",
    "550 Mailbox not found. http://service.mail.qq.com/cgi-bin/help?subtype=1&&id=20022&&no=1000728",
    "550 User not found: a@163.com",
    "550 5.1.1 Unknown recipient address: http://mail.163.com",
    "550 Message was not accepted -- invalid mailbox.  Local mailbox a@mail.ru is unavailable: user not found",
    "550 5.1.1 No such user!",
    "550 no such user here",
    "550 Unknown user",
    "550 unrouteable address",
    "511 sorry, no mailbox here by that name (#5.1.1 - chkuser)",
    "Sorry, no mailbox here by that name. vpopmail (#5.1.1)",
    "This address no longer exists. (#5.1.1)",
    "553 5.3.0 <a@b.example>... Addressee unknown, relay=[192.0.2.1] (in reply to RCPT TO command)",
    "550 Invalid recipient <a@b.example> (#5.1.1)",
    "550 5.1.1 Recipient not found. <http://x.co/irbounce>",
    "550 Recipient rejected - user unknown",
    "550 5.1.1 sid: a@seznam.cz: Recipient address rejected: Undelivered mail, no such user",
    "User a (a@b.example) not listed in Domino Directory",
    "550 a@b.example... No such user",
    "550 Address unknown",
    "550 5.1.1 Adresse d au moins un destinataire invalide. Invalid recipient. OFR_416 [416]",
    "550 Le destinataire est inconnu",
    "550 5.1.1 Empfänger unbekannt",
    "550 El usuario no existe",
    "550 5.1.1 usuário inexistente",
    "550 Пользователь не найден",
    "550 5.1.1 The user does not exist in virtual mailbox table",
    "550 Invalid Mailbox",
    "550 mailbox for a@b.example unavailable: no such mailbox",
    "550 Account does not exist",
    "550 5.2.1 <a@b.example>: User Unknown",
    "550 unknown user account",
    "550 That user does not have an account here",
    "550 <a@b.example> is not a valid mailbox",
    "550 5.1.3 Invalid address",
    "550 recipient unknown (in reply to RCPT TO command)",
    "550 5.1.6 recipient no longer on server: a@b.example",
    "551 not our user",
    "551 User has moved to a@c.example; please update your address book",
    "550 5.1.6 The recipient has moved",
    "550 a@b.example...User not known",
    "550 We do not know this recipient",
    "550 user not local",
    "554 5.1.0 Address rejected (in reply to RCPT TO command)",
    "550 5.1.351 Remote server returned unknown recipient or mailbox unavailable",
]
NO_SUCH_DOMAIN = [
    "Host or domain name not found. Name service error for name=b.example type=A: Host not found",
    "550 5.1.2 <a@b.example>... Host unknown (Name server: b.example: host not found)",
    "Sorry, I couldn't find any host named b.example. (#5.1.2)",
    "DNS Error: 27622840 DNS type 'mx' lookup of b.example responded with code NXDOMAIN Domain name not found: b.example",
    "550 5.4.310 DNS domain b.example does not exist [Message=InfoDomainNonexistent]",
    "all relevant MX records point to non-existent hosts",
    "5.4.4 Unable to route: no mail hosts for domain",
    'Unrouteable mail domain "b.example"',
    "No such domain.",
    "550 Domain does not exist",
    "<a@b.example>: No MX or A records for b.example",
    "550 Unable to resolve MX host b.example",
    "No mail servers appear to exist for the recipient's address.",
]
TAKES_NO_MAIL = [
    "556 5.1.10 Domain does not accept mail (nullMX)",
    "550 5.1.10 Recipient address has null MX",
    "521 5.3.2 b.example does not accept mail",
    "all relevant MX records indicated no SMTP service: an MX or SRV record indicated no SMTP service",
    "Domain b.example does not accept mail (nullMX)",
]
NOT_FOR_GOOD = [
    ("552 5.2.2 <a@b.example>: user is over quota", Reason.MAILBOX_FULL),
    (
        "452-4.2.2 The email account that you tried to reach is over quota. Please direct\n452 4.2.2 the recipient to"
        " https://support.google.com/mail/?p=OverQuotaTemp",
        Reason.MAILBOX_FULL,
    ),
    ("552-5.2.2 The recipient's inbox is out of storage space and inactive. gsmtp", Reason.MAILBOX_FULL),
    ("550 5.7.1 a@b.example: quota exceeded", Reason.MAILBOX_FULL),
    ("554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException", Reason.MAILBOX_FULL),
    ("552 Requested mail action aborted: exceeded storage allocation", Reason.MAILBOX_FULL),
    ("552 5.1.1 Boite du destinataire pleine. Recipient overquota. OFR_417", Reason.MAILBOX_FULL),
    ("550 Mailbox size limit exceeded", Reason.MAILBOX_FULL),
    ("maildir delivery failed: error writing message: Disk quota exceeded", Reason.MAILBOX_FULL),
    ("550 Inbox is full", Reason.MAILBOX_FULL),
    ("user has exhausted allowed storage space", Reason.MAILBOX_FULL),
    ("550 Not enough storage space for this user's mailbox", Reason.MAILBOX_FULL),
    ("550 Postfach ist voll", Reason.MAILBOX_FULL),
    ("550-5.2.1 The email account that you tried to reach is disabled. p=DisabledUser", Reason.SUSPENDED),
    (
        "550 5.2.1 <a@b.example>: Recipient address rejected: this mailbox is inactive and has been disabled",
        Reason.SUSPENDED,
    ),
    (
        "554 delivery error: dd Sorry your message to a@yahoo.com cannot be delivered. This account has been disabled or"
        " discontinued [#102].",
        Reason.SUSPENDED,
    ),
    (
        "554 30 Sorry, your message to a@yahoo.com cannot be delivered. This mailbox is disabled (554.30).",
        Reason.SUSPENDED,
    ),
    ("550 5.2.1 Mailbox disabled for this recipient", Reason.SUSPENDED),
    ("550 Account suspended", Reason.SUSPENDED),
    ("525 5.7.13 Disabled recipient address", Reason.SUSPENDED),
    ("550 User account is locked", Reason.SUSPENDED),
    ("550 address restricted to members", Reason.BLOCKED),
    ("550 5.7.1 The user has blocked you", Reason.BLOCKED),
    ("550 Your address is blocked", Reason.BLOCKED),
    ("550 5.7.1 Helo command rejected: Host not found (in reply to RCPT TO command)", Reason.BLOCKED),
    ("550 Your mail server address could not be found in DNS (in reply to RCPT TO command)", Reason.BLOCKED),
    ("550 Your domain maple.example does not exist or has no MX (in reply to RCPT TO command)", Reason.BLOCKED),
    ("550 5.7.27 Sender domain has null MX", Reason.BLOCKED),
    ("550 5.1.0 192.0.2.1 may not send for maple.example: rejected", Reason.BLOCKED),
    ("550 message not accepted by recipient", Reason.BLOCKED),
    ("554 5.3.0 mail server permanently rejected message", Reason.BLOCKED),
    ("554 BL000010 Email from your server has been sent in patterns characteristic of spam", Reason.BLOCKED),
    ("521 5.2.1 (CON:B1) service refused", Reason.BLOCKED),
    ("550 5.7.1 RESOLVER.RST.NotAuthorized; not authorized", Reason.BLOCKED),
    ("550 5.7.124 sender is not in the list of the group", Reason.BLOCKED),
    ("Amazon SES did not send: it is on the suppression list for your account", Reason.OTHER),
    ("550 5.1.8 <news@maple.example>: Sender address rejected: Domain not found", Reason.BLOCKED),
    ("550 sender domain does not exist", Reason.BLOCKED),
    ("553 5.1.8 <news@maple.example>... Domain of sender address news@maple.example does not exist", Reason.BLOCKED),
    ("550 Sender verify failed: unknown user", Reason.BLOCKED),
    (
        "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org; see https://x.example",
        Reason.BLOCKED,
    ),
    (
        "550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your Internet service provider since"
        " part of their network is on our block list (S3150).",
        Reason.BLOCKED,
    ),
    (
        "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints",
        Reason.BLOCKED,
    ),
    ("550 5.7.606 Access denied, banned sending IP [192.0.2.1]", Reason.BLOCKED),
    ("554 5.7.1 Client host rejected: cannot find your reverse hostname, [192.0.2.1]", Reason.BLOCKED),
    (
        "550-5.7.25 The IP address sending this message does not have a PTR record setup. As a policy, Gmail",
        Reason.BLOCKED,
    ),
    ("550 5.7.1 Your IP has poor reputation", Reason.BLOCKED),
    ("554 b.example ESMTP not accepting connections", Reason.BLOCKED),
    ("550 5.7.1 Client does not have permission to send to this group; you are not a member", Reason.BLOCKED),
    (
        "550 5.7.26 Unauthenticated email from maple.example is not accepted due to domain's DMARC policy.",
        Reason.POLICY,
    ),
    ("550 5.7.23 The message was rejected because of Sender Policy Framework violation", Reason.POLICY),
    ("550 5.7.1 DKIM check failed", Reason.POLICY),
    ("554 5.7.1 <a@b.example>: Relay access denied", Reason.POLICY),
    ("550 5.7.64 TenantAttribution; Relay Access Denied", Reason.POLICY),
    ("553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", Reason.POLICY),
    ("554 5.7.9 Message not accepted for policy reasons", Reason.POLICY),
    ("550 5.7.0 Must issue a STARTTLS command first", Reason.POLICY),
    ("550 This message contains a virus", Reason.POLICY),
    ("552-5.7.0 This message was blocked because its content presents a potential security issue", Reason.POLICY),
    ("550 5.7.1 Message rejected as spam by Content Filtering.", Reason.CONTENT),
    ("550 spam detected", Reason.CONTENT),
    (
        "554 5.7.1 The message from (<news@maple.example>) with the subject of (x) matches a profile the Internet community may"
        " consider spam",
        Reason.CONTENT,
    ),
    ("552 5.3.4 Message size exceeds fixed maximum message size", Reason.CONTENT),
    ("550 5.6.0 Headers too large (3 max)", Reason.CONTENT),
    ("452 4.5.3 Too many recipients", Reason.RATE),
    ("421 4.7.0 Too many connections from your IP", Reason.RATE),
    (
        "450-4.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages",
        Reason.RATE,
    ),
    ("421 4.7.28 Our system has detected an unusual rate of unsolicited mail", Reason.RATE),
    ("451 4.3.0 Temporary system problem. Try again later", Reason.SYSTEM),
    ("554 5.4.6 Hop count exceeded - possible mail loop", Reason.SYSTEM),
    ("451 4.3.5 Server configuration error", Reason.SYSTEM),
    ("554 5.4.14 Hop count exceeded - possible mail loop ATTR34", Reason.SYSTEM),
    ("431 4.3.1 The mail system is out of disk space", Reason.SYSTEM),
    ("550 Recipient cannot be verified yet: greylisted", Reason.SYSTEM),
    ("Name service error for name=b.example type=MX: Malformed or unexpected name server reply", Reason.SYSTEM),
    ("421 RP-001 Unfortunately, some messages from 192.0.2.1 weren't sent", Reason.RATE),
    ("421 4.3.2 Too many open connections", Reason.RATE),
    ("554 DT:SPM 163 mx1", Reason.CONTENT),
    ("550 5.6.0 Lone CR or LF in body", Reason.POLICY),
    ("550 Denied by policy", Reason.POLICY),
    ("550-5.7.1 Mailbox of recipient has reached its maximum size", Reason.MAILBOX_FULL),
    ("connect to mx.b.example[192.0.2.1]:25: No route to host", Reason.SYSTEM),
    (
        "Host or domain name not found. Name service error for name=b.example type=MX: Host not found, try again",
        Reason.SYSTEM,
    ),
    ("lost connection with mx.b.example[192.0.2.1] while receiving the initial server greeting", Reason.SYSTEM),
    ('Command died with status 127: "/usr/bin/vacation"', Reason.SYSTEM),
    ("connect to mx.b.example[192.0.2.1]:25: Connection timed out", Reason.EXPIRED),
    ("550 4.4.7 QUEUE.Expired; message expired", Reason.EXPIRED),
    ("retry timeout exceeded", Reason.EXPIRED),
    ("Delivery expired (message too old)", Reason.EXPIRED),
    ("554 Transaction failed", Reason.SYSTEM),
    ("550 Administrative prohibition", Reason.POLICY),
    ("", Reason.OTHER),
]
LIMITS_AND_ACCOUNTS_OF_THE_SENDER = [
    ("454 Throttling failure: Daily message quota exceeded.", Reason.RATE),
    (
        "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; The message can't be submitted because the"
        " sender's submission quota was exceeded.",
        Reason.RATE,
    ),
    ("450 4.2.1 Peak SMTP relay limit exceeded for customer", Reason.RATE),
    ("550 5.4.5 Daily SMTP relay limit exceeded for user.", Reason.RATE),
    ("450 Requested mail action not taken: mailbox unavailable Mail send limit exceeded.", Reason.RATE),
    ("550 User has exceeded its sending limit", Reason.RATE),
    ("550 User has reached the daily message limit", Reason.RATE),
    ("550 user has exceeded the maximum number of recipients per hour", Reason.RATE),
    ("550 Mail quota exceeded for this user today", Reason.RATE),
    (
        "550 5.1.90 Your message can't be sent because you've reached your daily limit for message recipients",
        Reason.RATE,
    ),
    ("552 5.2.2 Hourly mail quota of the account is exceeded", Reason.RATE),
    ("450 4.7.1 Policy rejection: Quota exceeded", Reason.RATE),
    ("451 Sender has exceeded the quota", Reason.RATE),
    ("552 Message submission rate for this client has exceeded the configured limit", Reason.RATE),
    ("550 5.1.1 Too many invalid recipients", Reason.RATE),
    ("550 Too many unknown users", Reason.RATE),
    ("521 Too many errors, goodbye", Reason.RATE),
    (
        "550 5.1.1 requested action not taken: mailbox unavailable invalid DNS MX or A/AAAA resource record.",
        Reason.BLOCKED,
    ),
    ("550 Your account is suspended", Reason.BLOCKED),
    ("550 5.2.1 Sender account is suspended", Reason.BLOCKED),
    ("550 5.1.0 Client account suspended for abuse", Reason.BLOCKED),
    ("550 Sending is suspended", Reason.BLOCKED),
    ("450 sending from your domain is temporarily suspended", Reason.BLOCKED),
    ("554 Message rejected: Sending suspended for this account.", Reason.BLOCKED),
    ("550 5.2.1 Account is temporarily suspended for outgoing mail", Reason.BLOCKED),
    ("550 Outgoing mail from maple@host has been suspended.", Reason.BLOCKED),
    ("550 SMTP relaying is disabled for you", Reason.BLOCKED),
    ("550 Sender mailbox is full", Reason.BLOCKED),
    ("550 5.2.2 Your mailbox is over quota, you cannot send mail", Reason.BLOCKED),
    ("550 5.1.1 Your account does not exist", Reason.BLOCKED),
    ("550 API user not found", Reason.BLOCKED),
    ("550 5.1.1 Not a valid user of this relay", Reason.BLOCKED),
    ("550 You are not a registered user", Reason.BLOCKED),
    ("550 You are not one of our customers", Reason.BLOCKED),
    ("550 no account for IP 192.0.2.4", Reason.BLOCKED),
    ("550 Unknown host [192.0.2.4]", Reason.BLOCKED),
    ("550 5.1.2 Host unknown: cannot resolve client", Reason.BLOCKED),
    ("550 unknown user or bad password", Reason.POLICY),
    ("551 user not logged in", Reason.POLICY),
    ("551 not allowed", Reason.BLOCKED),
    ("550 This service is disabled", Reason.OTHER),
]
OF_THE_READER_IN_LIKE_WORDS = [
    ("550 5.2.1 The person you are sending mail to has a suspended account", Reason.SUSPENDED),
    ("550 Your message cannot be delivered: this account has been disabled", Reason.SUSPENDED),
    ("550 this domain is suspended", Reason.SUSPENDED),
    ("550 User ana is disabled", Reason.SUSPENDED),
    ("550 5.2.1 <a@b.example> is disabled", Reason.SUSPENDED),
    ("552 5.2.2 Mailbox quota of the customer exceeded", Reason.MAILBOX_FULL),
    ("552 5.2.2 Out of storage space", Reason.MAILBOX_FULL),
    ("552 The user is out of disk space", Reason.MAILBOX_FULL),
    ("Your message to <a@b.example> was automatically rejected: Not enough disk space", Reason.MAILBOX_FULL),
]
TROUBLE_OF_THE_SERVER = [
    "452 4.3.1 not enough disk space",
    "452 Out of disk space for temp file",
    "450 4.1.2 <a@b.example>: Recipient address rejected: Domain not found",
    "454 4.1.2 Recipient domain not found, DNS down",
    "451 4.1.1 LDAP failure: user not found",
    "550 5.1.1 LDAP lookup failure: user not found",
    "451 Unrouteable address",
    "450 Requested mail action not taken: mailbox unavailable The mailserver of the recipient is not accessible",
    "550 5.1.1 Invalid recipient (license expired)",
]
ASKED = "<a@b.example>: Recipient address rejected: undeliverable address:"
THE_NEXT_SERVER_REFUSES = [
    (
        "host mx.b.example[192.0.2.1] said: 554 5.7.1 Service unavailable; Client host [192.0.2.7] blocked using"
        " zen.spamhaus.org (in reply to RCPT TO command)",
        Reason.BLOCKED,
    ),
    ("host mx.b.example[192.0.2.1] said: 550 5.1.1 User unknown (in reply to MAIL FROM command)", Reason.BLOCKED),
    ("host mx.b.example[192.0.2.1] said: 550 5.1.1 no (in reply to RCPT TO command)", Reason.SYSTEM),
    ("host mx.b.example[192.0.2.1] refused to talk to me: 554 5.7.1 poor reputation", Reason.BLOCKED),
    ("host mx.b.example[192.0.2.1] said: 452 4.2.2 mailbox full (in reply to RCPT TO command)", Reason.MAILBOX_FULL),
    ("connect to mx.b.example[192.0.2.1]:25: Connection refused", Reason.BLOCKED),
    ("mail transport unavailable", Reason.SYSTEM),
    ("Address verification in progress", Reason.SYSTEM),
    ("Relay access denied", Reason.POLICY),
]
CONTRADICTIONS = [
    "450 4.1.1 <a@b.example>: Recipient address rejected: unverified address: host said: 550 5.1.1 User unknown",
    "450 4.2.0 <a@b.example>: Recipient address rejected: Greylisted, user unknown yet",
    "550 5.7.1 <a@b.example>: Recipient address rejected: User unknown",
    "550 User unknown (in reply to end of DATA command)",
    "550 unknown user (in reply to MAIL FROM command)",
    "The group you tried to contact may not exist, or you may not have permission to post to the group",
    "a@b.example [User unknown]",
    "User unknown",
    "550 5.3.0 Unknown user",
    "550 Requested action not taken: mailbox unavailable",
    "550 5.7.1 Access denied",
    "Your message about the account that does not exist any more was delivered",
]


@pytest.mark.parametrize("words", NO_SUCH_USER)
def test_a_mailbox_that_is_not_there_is_gone_for_good(words: str) -> None:
    assert judge("", words) == GONE


@pytest.mark.parametrize("words", NO_SUCH_DOMAIN)
def test_a_domain_that_is_not_there_is_gone_for_good(words: str) -> None:
    assert judge("", words) == GONE


@pytest.mark.parametrize("words", TAKES_NO_MAIL)
def test_a_domain_that_takes_no_mail_never_will(words: str) -> None:
    assert judge("", words) == REFUSES_ALL


@pytest.mark.parametrize(("words", "reason"), NOT_FOR_GOOD)
def test_what_speaks_of_now_or_of_us_is_not_for_good(words: str, reason: Reason) -> None:
    assert judge("", words) == (False, reason)


@pytest.mark.parametrize(("words", "reason"), LIMITS_AND_ACCOUNTS_OF_THE_SENDER)
@pytest.mark.parametrize("step", [None, Step.RECIPIENT])
def test_limits_and_accounts_of_the_sender_are_not_the_readers(words: str, reason: Reason, step: Step | None) -> None:
    assert judge("", words, step=step) == (False, reason)


@pytest.mark.parametrize(("words", "reason"), OF_THE_READER_IN_LIKE_WORDS)
def test_a_readers_own_mailbox_is_told_from_the_senders_account(words: str, reason: Reason) -> None:
    assert judge("", words) == (False, reason)


@pytest.mark.parametrize(
    "words",
    [
        "550 5.1.1 not a customer of our service",
        "550 5.1.1 No such user. If you are not a spammer, write to us",
        "550 5.1.1 User unknown; you cannot send mail to this address",
        "550 5.1.1 Address does not exist. Sending to this address is not allowed",
        "550 5.1.1 User not found in LDAP directory",
    ],
)
def test_an_unknown_user_is_one_whatever_else_is_said(words: str) -> None:
    assert judge("", words) == GONE


@pytest.mark.parametrize("words", TROUBLE_OF_THE_SERVER)
def test_trouble_with_looking_an_address_up_says_nothing_of_the_address(words: str) -> None:
    assert judge("", words, step=Step.RECIPIENT) == (False, Reason.SYSTEM)


def test_a_look_up_that_failed_until_the_server_gave_up_is_the_last_word() -> None:
    words = "450 4.1.2 <a@b.example>: Recipient address rejected: Domain not found"
    assert judge("4.1.2", words, is_final=True) == GONE


@pytest.mark.parametrize(("words", "reason"), THE_NEXT_SERVER_REFUSES)
def test_what_the_next_server_said_of_an_address_is_judged(words: str, reason: Reason) -> None:
    assert judge("", f"550 5.1.1 {ASKED} {words}", step=Step.RECIPIENT) == (False, reason)


def test_an_address_that_the_next_server_does_not_know_is_gone_unless_the_first_says_for_now() -> None:
    words = f"{ASKED} host mx.b.example[192.0.2.1] said: 550 5.1.1 User unknown (in reply to RCPT TO command)"
    assert judge("", f"550 5.1.1 {words}") == GONE
    assert judge("", f"550 5.1.1 {ASKED} User unknown") == GONE
    assert judge("", f"450 4.1.1 {words}") == (False, Reason.NO_SUCH_USER)
    assert judge("", f"450 4.1.1 {words}", is_final=True) == GONE


@pytest.mark.parametrize("words", CONTRADICTIONS)
def test_where_words_and_codes_disagree_it_is_not_for_good(words: str) -> None:
    assert not judge("", words).permanent


def test_after_the_mail_a_refusal_is_about_the_mail_unless_its_status_is_of_addresses() -> None:
    assert judge("5.0.0", "550 User unknown", step=Step.CONTENT) == (False, Reason.BLOCKED)
    assert judge("5.1.1", "550 5.1.1 User unknown", step=Step.CONTENT) == GONE
    assert judge("5.1.1", "550 5.1.1 User unknown", step=Step.CONNECT) == (False, Reason.BLOCKED)


def test_the_last_word_on_a_domain_is_for_good_with_a_code_that_says_nothing() -> None:
    words = "DNS type 'mx' lookup of b.example responded with code NXDOMAIN"
    assert judge("4.0.0", words, is_final=True) == GONE
    assert judge("4.0.0", words) == (False, Reason.SYSTEM)


def test_5_1_0_may_be_about_any_address_but_for_the_answer_to_rcpt() -> None:
    assert judge("5.1.0", "") == (False, Reason.BLOCKED)
    assert judge("5.1.0", "", step=Step.RECIPIENT) == GONE


@pytest.mark.parametrize(
    ("status", "reply", "judged"),
    [
        ("5.1.1", "", GONE),
        ("5.1.2", "", GONE),
        ("5.1.6", "", GONE),
        ("5.1.10", "", REFUSES_ALL),
        ("5.3.2", "521", REFUSES_ALL),
        ("4.1.1", "", (False, Reason.NO_SUCH_USER)),
        ("5.2.1", "", (False, Reason.SUSPENDED)),
        ("5.2.2", "", (False, Reason.MAILBOX_FULL)),
        ("5.3.4", "", (False, Reason.CONTENT)),
        ("5.4.7", "", (False, Reason.EXPIRED)),
        ("5.5.3", "", (False, Reason.RATE)),
        ("5.2.122", "", (False, Reason.RATE)),
        ("5.7.133", "", (False, Reason.BLOCKED)),
        ("5.7.515", "", (False, Reason.POLICY)),
        ("5.1.351", "", GONE),
        ("5.6.0", "", (False, Reason.CONTENT)),
        ("5.7.1", "", (False, Reason.POLICY)),
        ("5.7.25", "", (False, Reason.BLOCKED)),
        ("5.7.511", "", (False, Reason.BLOCKED)),
        ("4.3.0", "", (False, Reason.SYSTEM)),
        ("2.0.0", "", (False, Reason.OTHER)),
        ("nonsense", "", (False, Reason.OTHER)),
        ("", "551", GONE),
        ("", "521", (False, Reason.OTHER)),
        ("", "556", (False, Reason.OTHER)),
        ("", "421", (False, Reason.SYSTEM)),
        ("", "552", (False, Reason.MAILBOX_FULL)),
        ("", "522", (False, Reason.MAILBOX_FULL)),
        ("", "550", (False, Reason.OTHER)),
    ],
)
def test_without_words_the_codes_speak(status: str, reply: str, judged: tuple[bool, Reason]) -> None:
    assert judge(status, "", reply=reply) == judged


@pytest.mark.parametrize(
    "piece", ["user ", "mailbox is ", "account status: ", "exceeded the ", "sender address ", "a@", "<", " ", "5.1."]
)
def test_a_long_line_takes_no_longer_than_its_length(piece: str) -> None:
    started = perf_counter()
    judge("", piece * 200_000)
    assert perf_counter() - started < 1
