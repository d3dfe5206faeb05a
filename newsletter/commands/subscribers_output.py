"""How facts about subscribers look to a person at a terminal."""

from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from newsletter.events.refusals import Patience
from newsletter.events.setbacks import Setback, Setbacks
from newsletter.events.tables import EventKind
from newsletter.reports.findings import REASONS
from subscribers.tables import Frequency, SubscriptionState, Suppression, SuppressionReason

_BY = {"form": "a form", "import": "an import", "mail": "a button in or after a mail", "api": "another program"}
_REASONS = {
    SuppressionReason.BOUNCE: "mail to it was refused",
    SuppressionReason.COMPLAINT: "its reader reported a mail as spam",
    SuppressionReason.REQUEST: "its reader asked for it",
    SuppressionReason.IMPORT: "an import said so",
    SuppressionReason.STAFF: "staff decided so",
}
_LIFTED_IF = {
    SuppressionReason.BOUNCE: "if the mailbox works again",
    SuppressionReason.COMPLAINT: "if they ask for mail again",
    SuppressionReason.REQUEST: "if they ask for mail again",
    SuppressionReason.IMPORT: "if that was a mistake",
    SuppressionReason.STAFF: "if that was a mistake",
}


def added(console: Console, facts: dict[str, Any], list_slug: str, *, is_asked: bool) -> None:
    """What was done for one person."""
    standing = next(_standing(row) for row in facts["lists"] if row["list"] == list_slug)
    asked = " They are asked by mail to confirm, once `newsletter run` sends it." if is_asked else ""
    console.print(f"{facts['address']} is {standing} on {list_slug}.{asked}", markup=False)
    console.print(f"Next: newsletter subscribers show {facts['address']}", markup=False)


def described(console: Console, facts: dict[str, Any]) -> None:
    """What is known of one person."""
    name = f" ({facts['name']})" if facts["name"] else ""
    on = ", ".join(f"{row['list']} ({_standing(row)})" for row in facts["lists"]) or "no list"
    waiting = {row["list"] for row in facts["lists"] if row["state"] == SubscriptionState.PENDING}
    silent = " The address is suppressed: it is never mailed." if facts["suppressed"] else ""
    console.print(f"{facts['address']}{name} is on {on}.{silent}", markup=False)
    _figures(
        console,
        {
            "language": facts["language"],
            **({"place": facts["place"]} if facts["place"] else {}),
            "children": "; ".join(map(child, facts["children"])),
            "roles": ", ".join(facts["roles"]),
            "tags": ", ".join(facts["tags"]),
            "tracking": "agreed" if facts["tracking"] else "not agreed",
            **{_asked(row): _answer(row, is_open=row["list"] in waiting) for row in facts["consents"]},
        },
    )
    _set_back(console, facts)
    if facts["suppression"]:
        _explained(console, facts["suppression"])
        when = _LIFTED_IF[facts["suppression"]["reason"]]
        console.print(f"Next, {when}: newsletter subscribers lift {facts['address']}", markup=False)
        return
    console.print(f"Next: newsletter subscribers data {facts['address']}", markup=False)


def left(console: Console, address: str, slugs: list[str]) -> None:
    """Which lists a person left."""
    what = f"has left {', '.join(slugs)}" if slugs else "is on no such list now; nothing changed"
    console.print(f"{address} {what}.", markup=False)
    console.print(f"Next: newsletter subscribers show {address}", markup=False)


def suppressed(console: Console, address: str, *, is_new: bool) -> None:
    """Whether an address is newly suppressed."""
    console.print(f"{address} is never mailed again." if is_new else f"{address} was suppressed already.", markup=False)
    console.print("Next: newsletter lists list")


def reason(suppression: Suppression) -> str:
    """Why an address is never mailed, and since when, as a sentence."""
    words = _REASONS[suppression.reason]
    if suppression.is_counted:
        words = f"{len(suppression.grounds or ())} copies in a row were refused"
    detail = f": {suppression.detail}" if suppression.detail else ""
    return f"Suppressed since {suppression.created_at:%-d %B %Y}, because {words}{detail}."


def suppression_facts(suppression: Suppression) -> dict[str, Any]:
    """Why an address is never mailed, since when, and by which copies, ready for JSON."""
    return {
        "since": suppression.created_at,
        "reason": suppression.reason.value,
        "sentence": reason(suppression),
        "counted": suppression.is_counted,
        "detail": suppression.detail,
        "copies": suppression.grounds or [],
    }


def setback_facts(found: Setbacks, patience: Patience) -> dict[str, Any]:
    """What came back of a person's last copies, and how near that is to silencing them, ready for JSON."""
    return {
        "came_back": [_setback(one) for one in found.last],
        "in_a_row": {"copies": found.in_a_row, "of": patience.copies, "days": patience.days},
        "lifted_at": found.lifted_at,
    }


def lifted(console: Console, address: str) -> None:
    """That an address may be mailed again."""
    console.print(f"{address} may be mailed again, on the lists that they have not left.", markup=False)
    console.print("Next: newsletter lists list")


def _setback(one: Setback) -> dict[str, Any]:
    return {
        "at": one.at,
        "campaign": one.campaign_id,
        "what": one.kind.value,
        "permanent": one.is_permanent,
        "proven": one.is_proven,
        "reason": one.reason.value,
        "text": one.text,
    }


def _set_back(console: Console, facts: dict[str, Any]) -> None:
    """The last copies that came back or were refused, the count towards silencing, and a lift."""
    why = facts["suppression"]
    named = {copy["campaign"] for copy in why["copies"]} if why else set()
    copies = [copy for copy in facts["came_back"] if copy["campaign"] not in named]
    if copies:
        console.print(f"Copies that came back or were refused{' besides' if named else ''}, the last first:")
    for copy in copies:
        console.print(f"  campaign {copy['campaign']}, {copy['at']:%-d %B %Y, %H:%M} UTC, {_fate(copy)}", markup=False)
    row = facts["in_a_row"]
    if row["copies"] and not why:
        console.print(
            f"Refused for now and counted: {row['copies']:,} of {row['of']:,} in a row. "
            f"So many over {row['days']:,} days or more, and the address is never mailed again."
        )
    if facts["lifted_at"]:
        day = f"{facts['lifted_at']:%-d %B %Y, %H:%M} UTC"
        console.print(f"A suppression was lifted on {day}: what was refused before counts no more.")


def _fate(copy: dict[str, Any]) -> str:
    """What became of a copy, for good or for now, and the server's words."""
    if copy["what"] == EventKind.COMPLAINT:
        return "reported as spam"
    what = "refused at hand-over" if copy["what"] == EventKind.REFUSED else "came back"
    how_long = "for good" if copy["permanent"] else "for now"
    doubt = "" if copy["proven"] else ", as somebody says who named only the address"
    return f"{what} {how_long}{doubt}: {copy['text'] or REASONS[copy['reason']]}"


def _explained(console: Console, facts: dict[str, Any]) -> None:
    console.print(facts["sentence"], markup=False)
    for copy in facts["copies"]:
        at = f"{datetime.fromisoformat(copy['at']):%-d %B %Y, %H:%M} UTC"
        status = "" if copy["status"] in copy["text"] else copy["status"]
        said = " ".join(filter(None, (status, copy["text"])))
        console.print(f"  campaign {copy['campaign']}, {at}: {said or copy['reason']}", markup=False)


def _figures(console: Console, rows: dict[str, Any]) -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column()
    table.add_column(justify="right" if all(isinstance(value, int) for value in rows.values()) else "left")
    for name, value in rows.items():
        table.add_row(name, f"{value:,}" if isinstance(value, int) else Text(value))
    console.print(table)


def _asked(row: dict[str, Any]) -> str:
    return f"consent to {row['list'] or row['purpose']}"


def _standing(row: dict[str, Any]) -> str:
    """How a subscription stands, and what keeps mail from a reader who is confirmed."""
    off = "no longer on the school's list" if row["off_roster"] else ""
    until = f"{datetime.fromisoformat(row['paused_until']):%-d %B %Y}" if row["paused_until"] else ""
    rare = "the monthly issue only" if row["frequency"] == Frequency.MONTHLY else ""
    return ", ".join(filter(None, (row["state"], rare, off, f"paused until {until}" if until else "")))


def _answer(row: dict[str, Any], *, is_open: bool) -> str:
    """What they said; while a confirmation is awaited, it was only asked for."""
    since = datetime.fromisoformat(row["since"])
    words = f": “{row['wording']}”" if row["wording"] else ""
    said = "asked for" if is_open else "given" if row["given"] else "refused"
    return f"{said} on {since:%-d %B %Y}, by {_BY.get(row['by'], row['by'])}{words}"


def child(facts: dict[str, Any]) -> str:
    """A child in words: its grade, its school, and what is not as it was told."""
    return ", ".join(filter(None, (_grade(facts), facts["school"], _exception(facts))))


def _grade(facts: dict[str, Any]) -> str:
    if facts["left"]:
        return "moved away" if facts["exception"] == "moved away" else f"left school in {facts['graduation_year']}"
    known = f"grade {facts['grade']}" if facts["grade"] else f"{facts['band'] or 'a band no longer known'}"
    return f"{known} (asked again)" if facts["stale"] else known


def _exception(facts: dict[str, Any]) -> str:
    told = f"told as grade {facts['told_grade']}" if facts["told_grade"] else f"told to leave in {facts['told_year']}"
    return {"repeats": f"repeats a grade ({told})", "moved away": told}.get(facts["exception"], "")
