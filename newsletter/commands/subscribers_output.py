"""How facts about subscribers look to a person at a terminal."""

from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from subscribers.importing import ImportOptions, ImportResult
from subscribers.tables import SubscriptionState

_MOST_ERRORS = 20
_BY = {"form": "a form", "import": "an import", "mail": "a button in or after a mail", "api": "another program"}
_COUNTS = ("created", "updated", "unchanged", "suppressed", "rejected")


def imported(console: Console, name: str, options: ImportOptions, result: ImportResult) -> None:
    """What became of a file's lines, the first bad ones, and what to do next."""
    facts = result.facts()
    taken = facts["created"] + facts["updated"] + facts["unchanged"]
    verb = "would be" if options.dry_run else "are"
    end = " This was a dry run: nothing is written." if options.dry_run else ""
    console.print(f"{name}: {taken:,} of {result.read:,} people {verb} on {options.list_slug}.{end}", markup=False)
    _figures(console, {count: facts[count] for count in _COUNTS})
    for error in result.errors[:_MOST_ERRORS]:
        console.print(f"  line {error.line:,}: {error.error}", markup=False)
    if result.rejected > _MOST_ERRORS:
        console.print(f"  and {result.rejected - _MOST_ERRORS:,} more; --json names them all")
    if options.state is SubscriptionState.PENDING:
        console.print(
            "Pending people get no mail. Where they agreed already, import with --status confirmed --consent."
        )
    console.print("Next: newsletter lists list")


def added(console: Console, facts: dict[str, Any], list_slug: str) -> None:
    """What was done for one person."""
    state = next(row["state"] for row in facts["lists"] if row["list"] == list_slug)
    asked = " They are asked by mail to confirm." if state == SubscriptionState.PENDING else ""
    console.print(f"{facts['address']} is {state} on {list_slug}.{asked}", markup=False)
    console.print(f"Next: newsletter subscribers show {facts['address']}", markup=False)


def described(console: Console, facts: dict[str, Any]) -> None:
    """What is known of one person."""
    name = f" ({facts['name']})" if facts["name"] else ""
    on = ", ".join(f"{row['list']} ({row['state']})" for row in facts["lists"]) or "no list"
    silent = " The address is suppressed: it is never mailed." if facts["suppressed"] else ""
    console.print(f"{facts['address']}{name} is on {on}.{silent}", markup=False)
    _figures(
        console,
        {
            "language": facts["language"],
            "children": ", ".join(map(_child, facts["children"])),
            "roles": ", ".join(facts["roles"]),
            "tags": ", ".join(facts["tags"]),
            "tracking": "agreed" if facts["tracking"] else "not agreed",
            **{_asked(row): _answer(row) for row in facts["consents"]},
        },
    )
    console.print(f"Next: newsletter subscribers unsubscribe {facts['address']}", markup=False)


def left(console: Console, address: str, slugs: list[str]) -> None:
    """Which lists a person left."""
    what = f"has left {', '.join(slugs)}" if slugs else "was on no such list; nothing changed"
    console.print(f"{address} {what}.", markup=False)
    console.print(f"Next: newsletter subscribers show {address}", markup=False)


def suppressed(console: Console, address: str, *, is_new: bool) -> None:
    """Whether an address is newly suppressed."""
    console.print(f"{address} is never mailed again." if is_new else f"{address} was suppressed already.", markup=False)
    console.print("Next: newsletter lists list")


def _figures(console: Console, rows: dict[str, Any]) -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column()
    table.add_column(justify="right" if all(isinstance(value, int) for value in rows.values()) else "left")
    for name, value in rows.items():
        table.add_row(name, f"{value:,}" if isinstance(value, int) else Text(value))
    console.print(table)


def _asked(row: dict[str, Any]) -> str:
    return f"consent to {row['list'] or row['purpose']}"


def _answer(row: dict[str, Any]) -> str:
    since = datetime.fromisoformat(row["since"])
    words = f": “{row['wording']}”" if row["wording"] else ""
    return f"{'given' if row['given'] else 'refused'} on {since:%-d %B %Y}, by {_BY.get(row['by'], row['by'])}{words}"


def _child(child: dict[str, Any]) -> str:
    if child["left"]:
        return f"left school in {child['graduation_year']}"
    known = f"grade {child['grade']}" if child["grade"] else f"{child['band'] or 'a band no longer known'}"
    return f"{known} (asked again)" if child["stale"] else known
