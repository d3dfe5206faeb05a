"""How mail that was taken looks to a person at a terminal, and as facts."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from newsletter.events.returned import printable
from newsletter.feedback.verdicts import Kind
from newsletter.mailboxes.taking import Outcome, Taken

from .output import some

_NOT_OURS = "not_ours"
_COUNTED = {
    Kind.BOUNCE.value: ("bounce", "bounces"),
    Kind.COMPLAINT.value: ("complaint", "complaints"),
    Kind.DELAYED.value: ("notice of delay", "notices of delay"),
    Kind.AUTO_REPLY.value: ("automatic reply", "automatic replies"),
    Kind.NONE.value: ("other message", "other messages"),
    _NOT_OURS: ("of no mail of ours", "of no mail of ours"),
}
_PERMANENT = {True: "for good", False: "for now", None: ""}
_MOST_ROWS = 200
_MOST_COMMANDS = 10


def facts(taken: Sequence[Sequence[Taken]], *, is_dry: bool) -> dict[str, Any]:
    """What was taken, ready for JSON."""
    kinds = Counter(_kind(verdicts) for verdicts in taken)
    return {
        "dry_run": is_dry,
        "messages": len(taken),
        **{name.replace("-", "_"): kinds[name] for name in _COUNTED},
        "suppressing": len({one.returned.address for verdicts in taken for one in verdicts if one.is_new}),
        "rows": [_row(one) for verdicts in taken for one in verdicts],
    }


def ingested(console: Console, facts: dict[str, Any]) -> None:
    """What was taken: a sentence, a table, and what to do next."""
    told = (_counted(facts, name) for name in _COUNTED)
    listed = ", ".join(filter(None, told)) or "nothing to take"
    console.print(f"{some(facts['messages'], 'message')}: {listed}.{_new(facts)}", markup=False)
    if facts["rows"]:
        console.print(_table(facts["rows"][:_MOST_ROWS]))
    if len(facts["rows"]) > _MOST_ROWS:
        console.print(f"... and {len(facts['rows']) - _MOST_ROWS:,} more; --json prints all.", markup=False)
    for sentence in _next(facts):
        console.print(sentence, markup=False)


def line(row: dict[str, Any]) -> str:
    """One verdict on one line."""
    why = f" ({row['reason']} {row['status']})".replace(" )", ")") if row["kind"] == Kind.BOUNCE else ""
    return f"{row['kind']}{why} of {_who(row) or 'nobody named'} {row['outcome']}: {row['mail']}"


def _new(facts: dict[str, Any]) -> str:
    """How many readers are silenced that were not before."""
    n = facts["suppressing"]
    many = f"{n:,} suppressions" if n > 1 else f"{'1' if n else 'No'} suppression"
    if facts["dry_run"]:
        return f" {many} would be new. Nothing was changed."
    return f" {many} {'are' if n > 1 else 'is'} new." if facts["messages"] else ""


def _who(row: dict[str, Any]) -> str:
    """Our reader and, where the message reports another address, that too."""
    reader, reported = row["reader"], row["recipient"]
    is_another = reader and reader.casefold() != reported.casefold()
    return f"{reader} (reported: {reported})" if is_another else reported


def _kind(verdicts: Sequence[Taken]) -> str:
    """What a message is counted as."""
    if verdicts and all(one.outcome is Outcome.NOT_OURS for one in verdicts):
        return _NOT_OURS
    return verdicts[0].returned.verdict.kind.value if verdicts else Kind.NONE.value


def _row(one: Taken) -> dict[str, Any]:
    found, verdict = one.returned, one.returned.verdict
    return {
        "mail": one.name,
        "kind": verdict.kind.value,
        "recipient": printable(verdict.recipient or found.address),
        "reader": found.address,
        "permanent": verdict.permanent,
        "status": verdict.status,
        "reason": verdict.reason.value if verdict.kind in (Kind.BOUNCE, Kind.DELAYED) else "",
        "found_by": found.found_by.value,
        "campaign": found.key.campaign_id if found.key else None,
        "outcome": one.outcome.value,
        "suppressed": one.is_suppressed,
        "text": printable(verdict.text),
    }


def _counted(facts: dict[str, Any], name: str) -> str:
    n = facts[name.replace("-", "_")]
    return f"{n:,} {_COUNTED[name][n != 1]}" if n else ""


def _table(rows: Sequence[dict[str, Any]]) -> Table:
    table = Table(box=None, header_style="bold")
    for heading in ("file", "kind", "reader", "for good", "status", "reason", "campaign", "what it does", "text"):
        table.add_column(heading, overflow="fold")
    last = ""
    for row in rows:
        name, campaign = "" if row["mail"] == last else printable(Path(row["mail"]).name), str(row["campaign"] or "")
        cells = (name, row["kind"], _who(row), _PERMANENT[row["permanent"]], row["status"], row["reason"])
        table.add_row(*(Text(cell) for cell in (*cells, campaign, row["outcome"], row["text"][:80])))
        last = row["mail"]
    return table


def _next(facts: dict[str, Any]) -> Iterator[str]:
    by_hand = _by_hand(facts["rows"])
    for address, reason in list(by_hand.items())[:_MOST_COMMANDS]:
        yield f"Next, if you believe it without our key: newsletter subscribers suppress {address} --reason {reason}"
    if len(by_hand) > _MOST_COMMANDS:
        yield f"... and {len(by_hand) - _MOST_COMMANDS:,} more."
    if not by_hand:
        yield f"Next: {'the same without --dry-run' if facts['dry_run'] else 'newsletter subscribers suppressions'}"


def _by_hand(rows: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Whom a person may silence, and why: those of whom only an address is told, and who are mailed still."""
    silenced = {row["reader"] for row in rows if row["suppressed"]}
    unproven = (row for row in rows if row["outcome"] == Outcome.UNPROVEN and row["reader"] not in silenced)
    return {row["reader"]: row["kind"] for row in unproven if row["permanent"] or row["kind"] == Kind.COMPLAINT}
