"""`newsletter issues gallery`: every family's own view of an issue, side by side."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from newsletter.sending import galleries
from newsletter.sending.galleries import Shown
from newsletter.tokens import Signer

from .files import write_bytes
from .named import list_named, newest
from .output import json_option, opened, say, some
from .previews import appearance_options, seen_as


@click.command()
@click.argument("issue_id", type=int, metavar="ID")
@click.option("--list", "slug", help="The list in whose name it is; the first by default.")
@appearance_options
@click.option("--out", type=click.Path(path_type=Path), help="Write the page to this file.")
@json_option
def gallery(issue_id: int, slug: str | None, dark: bool, images_off: bool, out: Path | None, as_json: bool) -> None:
    """Show all variants of the issue side by side, as one page to open in a browser."""
    with opened() as app, app.database.reading() as session:
        document = newest(session, app, issue_id)
        edition = app.edition(session, document, list_named(session, app, slug))
        variants = galleries.every_variant(document, app.rule_context())
        shown = app.confined(galleries.gallery, edition, variants, Signer.unknown(), app.clock.now())
    seen = [replace(view, html=seen_as(view.html, dark=dark, images_off=images_off)) for view in shown]
    page = galleries.page_of(f"Issue {issue_id}", seen).encode()
    if out is None and not as_json:
        click.echo(page, nl=False)
        return
    facts = _facts(issue_id, shown, out)
    if out is not None:
        write_bytes(out, page)
    say(facts, lambda console: _written(console, facts), as_json=as_json)


def _facts(issue_id: int, shown: Sequence[Shown], out: Path | None) -> dict[str, Any]:
    variants = [
        {
            "variant": str(view.variant),
            "language": view.variant.language,
            "families": list(view.families),
            "sections": list(view.sections),
            "subject": view.subject,
        }
        for view in shown
    ]
    return {"id": issue_id, "variants": variants, "out": str(out) if out else None}


def _written(console: Console, facts: dict[str, Any]) -> None:
    count = len(facts["variants"])
    console.print(Text(f"{facts['out']} shows {some(count, 'variant')} side by side."))
    console.print(f"Next: open it in a browser, then newsletter issues check {facts['id']}")
