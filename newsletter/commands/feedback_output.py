"""How mail that was taken looks to a person at a terminal, and as facts."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from newsletter.events.returned import printable
from newsletter.feedback.verdicts import Kind
from newsletter.mailboxes.taking import Outcome, Taken

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


def facts(taken: Sequence[Sequence[Taken]], *, is_dry: bool) -> dict[str, Any]:
    """What was taken, ready for JSON."""
    kinds = Counter(_kind(verdicts) for verdicts in taken)
    return {
        "dry_run": is_dry,
        "messages": len(taken),
        **{name.replace("-", "_"): kinds[name] for name in _COUNTED},
        "suppressing": sum(one.outcome is Outcome.SILENCED for verdicts in taken for one in verdicts),
        "rows": [_row(one) for verdicts in taken for one in verdicts],
    }


def ingested(console: Console, facts: dict[str, Any]) -> None:
    """What was taken: a sentence, a table, and what to do next."""
    told = (_counted(facts, name) for name in _COUNTED)
    many = facts["messages"] != 1
    dry = " Nothing was changed." if facts["dry_run"] else ""
    listed = ", ".join(filter(None, told)) or "nothing to take"
    console.print(f"{facts['messages']:,} message{'s' if many else ''}: {listed}.{dry}", markup=False)
    if facts["rows"]:
        console.print(_table(facts["rows"][:_MOST_ROWS]))
    if len(facts["rows"]) > _MOST_ROWS:
        console.print(f"... and {len(facts['rows']) - _MOST_ROWS:,} more; --json prints all.", markup=False)
    console.print(_next(facts), markup=False)


def line(row: dict[str, Any]) -> str:
    """One verdict on one line."""
    why = f" ({row['reason']} {row['status']})".replace(" )", ")") if row["kind"] == Kind.BOUNCE else ""
    return f"{row['kind']}{why} of {row['recipient'] or 'nobody named'} {row['outcome']}: {row['mail']}"


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
        "permanent": verdict.permanent,
        "status": verdict.status,
        "reason": verdict.reason.value if verdict.kind in (Kind.BOUNCE, Kind.DELAYED) else "",
        "found_by": found.found_by.value,
        "campaign": found.key.campaign_id if found.key else None,
        "outcome": one.outcome.value,
        "text": printable(verdict.text),
    }


def _counted(facts: dict[str, Any], name: str) -> str:
    n = facts[name.replace("-", "_")]
    return f"{n:,} {_COUNTED[name][n != 1]}" if n else ""


def _table(rows: Sequence[dict[str, Any]]) -> Table:
    table = Table(box=None, header_style="bold")
    for heading in ("kind", "recipient", "for good", "status", "reason", "campaign", "what it does", "text"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        campaign = str(row["campaign"] or "")
        cells = (row["kind"], row["recipient"], _PERMANENT[row["permanent"]], row["status"], row["reason"])
        table.add_row(*(Text(cell) for cell in (*cells, campaign, row["outcome"], row["text"][:80])))
    return table


def _next(facts: dict[str, Any]) -> str:
    unproven = [r for r in facts["rows"] if r["outcome"] == Outcome.UNPROVEN and r["permanent"]]
    if unproven:
        address = unproven[0]["recipient"]
        return f"Next, if you believe it without our key: newsletter subscribers suppress {address} --reason bounce"
    if facts["dry_run"]:
        return "Next: the same without --dry-run"
    return "Next: newsletter subscribers suppressions"
