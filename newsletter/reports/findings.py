"""What the health of a list comes to: one sentence each, with what to do."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from newsletter.feedback.verdicts import Reason

from .health import DAYS, WAITING_DAYS, HealthReport
from .mailings import CameBack
from .rates import percent
from .refused import Refused

COMPLAINTS_ASKED, COMPLAINTS_REFUSED = 0.001, 0.003
"""Gmail and Yahoo ask senders to stay below the first, and never to reach the second."""
HARD_MANY = 0.02
"""Above it, receiving servers take a list for an old or a bought one."""
_FEW = 1_000
"""Of so few copies one complaint alone passes the line."""
_UNOPENED_MANY = 0.25
_WAITING_MANY = 0.02
REASONS = {
    Reason.NO_SUCH_USER: "no such mailbox",
    Reason.MAILBOX_FULL: "mailbox full",
    Reason.BLOCKED: "our machine or domain refused",
    Reason.POLICY: "against a rule of the server",
    Reason.CONTENT: "what the mail says or its size",
    Reason.RATE: "too much at once",
    Reason.SYSTEM: "the server in trouble",
    Reason.EXPIRED: "tried until its time was over",
    Reason.SUSPENDED: "mailbox closed",
    Reason.OTHER: "not said",
}
_REFUSED_MANY = 0.005
_HANDED_MANY, _HANDED_TOO_MANY = 0.01, 0.05
"""A few addresses of any list are gone; more than that, and a server knows us for an old list, or will not have us."""
_ROLES_MANY = 0.01
_OUR_FAULT = (Reason.BLOCKED, Reason.POLICY, Reason.CONTENT, Reason.RATE)


class Level(StrEnum):
    """How much something asks of you."""

    GOOD = "good"
    UNKNOWN = "not known"
    WATCH = "watch"
    ACT = "act"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is found of one thing."""

    about: str
    level: Level
    sentence: str


def findings(report: HealthReport) -> tuple[Finding, ...]:
    """Everything that was looked at, in order."""
    return tuple(_findings(report))


def summary(found: tuple[Finding, ...]) -> str:
    """All of it in one sentence."""
    act = [finding.about for finding in found if finding.level is Level.ACT]
    watch = [finding.about for finding in found if finding.level is Level.WATCH]
    if act:
        return f"Something is wrong with this list: {_and(act)}."
    if watch:
        return f"This list is well; keep an eye on {_and(watch)}."
    if all(finding.level is Level.UNKNOWN for finding in found[:2]):
        return "Too little is known yet to say how well this list is."
    return "This list is well."


def _findings(report: HealthReport) -> Iterator[Finding]:
    yield _complaints(report.recent)
    yield _hard(report.recent)
    yield _handed(report.refused)
    yield _blamed(report.recent)
    yield _waiting(report)
    yield _unopened(report)
    yield _roles(report.role_addresses, report.readers)


def _complaints(recent: CameBack) -> Finding:
    about, share = "complaints", recent.complaint_share
    if share is None:
        return Finding(about, Level.UNKNOWN, _silence(recent, "complaints"))
    told = f"Complaints are {percent(share, 2)} ({recent.complained:,} of {recent.accepted:,} copies in {DAYS} days)"
    if share < COMPLAINTS_ASKED:
        return Finding(about, Level.GOOD, f"{told}: below the 0.1 % that Gmail and Yahoo ask for.")
    few = f" With fewer than {_FEW:,} copies one complaint alone does that." if recent.accepted < _FEW else ""
    if share < COMPLAINTS_REFUSED:
        todo = "Say in the first lines why they get this, and make leaving easy to find."
        return Finding(about, Level.WATCH, f"{told}: above the 0.1 % that Gmail and Yahoo ask for.{few} {todo}")
    todo = "Mail only readers who asked for it themselves, and leave out who has not opened for long, until it falls."
    level = Level.WATCH if recent.complained == 1 else Level.ACT
    return Finding(about, level, f"{told}: above 0.3 %, where mail goes to spam folders.{few} {todo}")


def _hard(recent: CameBack) -> Finding:
    about, share = "bounces", recent.hard_share
    if share is None:
        return Finding(about, Level.UNKNOWN, _silence(recent, "bounces"))
    told = f"{percent(share)} of the copies in {DAYS} days came back for good ({recent.hard:,} of {recent.accepted:,})"
    if share < HARD_MANY:
        return Finding(about, Level.GOOD, f"{told}: below 2 %. Their addresses are not mailed again.")
    todo = "Look where these addresses came from: most often an old file was imported."
    return Finding(about, Level.ACT, f"{told}: above 2 %, which servers know from old or bought lists. {todo}")


def _handed(refused: Refused) -> Finding:
    about, share = "copies refused at hand-over", refused.share
    if share is None:
        return Finding(about, Level.UNKNOWN, f"Nothing was sent in {DAYS} days, so no server has refused a copy.")
    if not refused.copies:
        return Finding(about, Level.GOOD, f"No server refused a copy of {DAYS} days as it was handed over.")
    were = "was" if refused.copies == 1 else "were"
    told = f"{refused.copies:,} of {refused.handed:,} copies in {DAYS} days {were} refused at hand-over"
    told = f"{told} ({percent(share)}){_mostly(refused.reasons)}"
    blamed = _blame(refused.reasons)
    ours = f" {blamed.total():,} of them because a server refuses us or the mail{_mostly(blamed)}." if blamed else ""
    if share < _HANDED_MANY and blamed.total() < refused.handed * _REFUSED_MANY:
        return Finding(about, Level.GOOD, f"{told}. So few are usual.{ours}")
    ((campaign_id, _),) = refused.campaigns.most_common(1)
    todo = f"See whom, and their words: newsletter campaigns deliveries {campaign_id} --state rejected"
    todo = f"Run newsletter doctor. {todo}" if ours else f"Look where these addresses came from. {todo}"
    level = Level.ACT if share >= _HANDED_TOO_MANY and refused.copies > 1 else Level.WATCH
    return Finding(about, level, f"{told}.{ours} {todo}.")


def _blamed(recent: CameBack) -> Finding:
    about, blamed = "refusals", _blame(recent.soft_reasons)
    copies = blamed.total()
    if not copies:
        none = "No copy came back because a server refuses our machine, our domain or what the mail says."
        return Finding(about, Level.GOOD, none)
    told = f"{_copies(copies)} came back because a server refuses us or the mail{_mostly(blamed)}"
    if copies < recent.accepted * _REFUSED_MANY:
        return Finding(about, Level.GOOD, f"{told}. So few are usual.")
    return Finding(about, Level.WATCH, f"{told}. Run newsletter doctor, and see what the servers say of them.")


def _waiting(report: HealthReport) -> Finding:
    about, waiting = "sign-ups that wait", report.waiting
    if not waiting:
        return Finding(about, Level.GOOD, f"No sign-up has waited for its confirmation for {WAITING_DAYS} days.")
    have = f"1 sign-up has waited for its confirmation for {WAITING_DAYS} days"
    if waiting != 1:
        have = f"{waiting:,} sign-ups have waited for their confirmation for {WAITING_DAYS} days"
    if waiting < report.readers * _WAITING_MANY:
        return Finding(about, Level.GOOD, f"{have}. They are not mailed, and forgotten after a while.")
    todo = "Sign up yourself and see whether the mail that asks arrives."
    return Finding(about, Level.WATCH, f"{have}: that is many. {todo}")


def _unopened(report: HealthReport) -> Finding:
    about, agreed, unopened = "readers who do not open", report.agreed, report.unopened
    if agreed is None or unopened is None:
        return Finding(about, Level.UNKNOWN, "Too few readers agreed to opens being kept to say who does not read.")
    issues = "the last issue" if report.issues == 1 else f"any of the last {report.issues} issues"
    share = unopened / agreed
    told = f"{unopened:,} of the {agreed:,} readers who agreed to it ({percent(share)}) did not open {issues}"
    if share < _UNOPENED_MANY:
        return Finding(about, Level.GOOD, f"{told}. Some read without being seen: their mail program fetches nothing.")
    todo = "Ask them whether they still want it; who never reads makes mail to all others look unwanted."
    return Finding(about, Level.WATCH, f"{told}. {todo}")


def _roles(count: int, readers_in_all: int) -> Finding:
    about = "addresses of offices"
    if not count:
        return Finding(about, Level.GOOD, "No reader is at an address such as info@ or office@.")
    readers = "1 reader is" if count == 1 else f"{count:,} readers are"
    told = f"{readers} at an address such as info@ or office@, which several people read"
    level = Level.WATCH if count > readers_in_all * _ROLES_MANY else Level.GOOD
    return Finding(about, level, f"{told}: any of them may complain. Ask for a person's own address where you can.")


def _silence(recent: CameBack, what: str) -> str:
    if not recent.accepted:
        return f"Nothing was sent in {DAYS} days, so there is nothing to say of {what}."
    return f"Nobody has told us of any copy of the last {DAYS} days, so nothing is known of {what}."


def _blame(reasons: Counter[Reason]) -> Counter[Reason]:
    """Those of the reasons that are about us."""
    return Counter({reason: reasons[reason] for reason in _OUR_FAULT if reasons[reason]})


def _mostly(reasons: Counter[Reason]) -> str:
    return f", most for: {REASONS[reasons.most_common(1)[0][0]]}" if reasons else ""


def _copies(count: int) -> str:
    return "1 copy" if count == 1 else f"{count:,} copies"


def _and(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
