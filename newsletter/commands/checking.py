"""`newsletter issues check`: everything worth a look, place by place, in the order of the file."""

import sys
from collections.abc import Iterable
from itertools import chain
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from newsletter import checks
from newsletter.app import App
from newsletter.checks import Finding, Level, answering, spam
from newsletter.issues import issues as store
from newsletter.outside import Outside
from newsletter.rendering.editions import Edition
from newsletter.sending.previews import family_with, preview

from .named import list_named
from .output import json_option, opened, say, some

_COLOURS = {Level.ERROR: "bold red", Level.WARNING: "yellow"}


@click.command()
@click.argument("issue_id", type=int, metavar="ID")
@click.option("--list", "slug", help="The list in whose name it goes; the first by default.")
@click.option("--links", "asks_links", is_flag=True, help="Ask every page that it links to whether it is there.")
@click.option("--spam", "asks_spam", is_flag=True, help="Ask SpamAssassin, where it is installed.")
@json_option
def check(issue_id: int, slug: str | None, asks_links: bool, asks_spam: bool, as_json: bool) -> None:
    """Show everything worth a look before sending. Exit code 1 where something keeps the issue from being sent."""
    with opened() as app:
        with app.database.reading() as session:
            revision, list_ = store.latest(session, store.get(session, issue_id)), list_named(session, app, slug)
            document = store.document_of(revision)
            found = app.findings(session, document, list_) + app.unsigned(session, revision)
            bound = document if checks.blocking(found) else app.binder().bound(session, document)
            edition = app.edition(session, bound, list_)
        found += answering.findings(document, Outside()) if asks_links else []
        scores = _spam(app, edition, found) if asks_spam else None
    found.sort(key=lambda finding: finding.line)
    facts = {"id": issue_id, "revision": revision.no, **counts(found), "findings": [_facts(one) for one in found]}
    facts |= {"spam": scores} if asks_spam else {}
    say(facts, lambda console: _report(console, issue_id, found, scores), as_json=as_json)
    sys.exit(1 if checks.blocking(found) else 0)


def counts(found: list[Finding]) -> dict[str, int]:
    """How many there are of each level."""
    errors = len(checks.blocking(found))
    return {"errors": errors, "warnings": len(found) - errors}


def count_words(found: list[Finding]) -> str:
    """The same in words."""
    told = counts(found)
    counted = ((told["errors"], "error"), (told["warnings"], "warning"))
    return " and ".join(some(count, what) for count, what in counted if count) or "nothing to correct"


def _spam(app: App, edition: Edition, found: list[Finding]) -> dict[str, float] | str:
    """The points of the letter in each language, or why there are none; what they say is added to what was found."""
    if not spam.is_installed():
        return "SpamAssassin is not installed here, so nobody asked it: apt install spamassassin"
    if checks.blocking(found):
        return "SpamAssassin was not asked: correct the errors first."
    points = {}
    for language in edition.document.languages:
        family = family_with(edition.document, (), language, (), app.rule_context())
        scored = spam.score(preview(edition, family, app.signer, app.clock.now()).message)
        found += spam.findings(scored, language)
        points[language] = scored.points
    return points


def _facts(finding: Finding) -> dict[str, Any]:
    return {
        "level": finding.level,
        "check": finding.check,
        "line": finding.line,
        "place": finding.place,
        "sentence": finding.sentence,
        "remedy": finding.remedy,
    }


def _report(console: Console, issue_id: int, found: list[Finding], scores: dict[str, float] | str | None) -> None:
    console.print(f"Issue {issue_id}: {count_words(found)}.")
    for line in chain.from_iterable(_at(place, found) for place in dict.fromkeys(one.place for one in found)):
        console.print(line)
    if found:
        console.print()
    if isinstance(scores, str):
        console.print(scores)
    elif scores is not None:
        told = ", ".join(f"{points:g} in {language}" for language, points in scores.items())
        console.print(f"SpamAssassin's points: {told}. Many servers refuse at 5.")
    if checks.blocking(found):
        console.print(f"Next: correct it, and newsletter issues import FILE --issue {issue_id}")
    else:
        console.print(f"Next: newsletter issues preview {issue_id}")


def _at(place: str, found: Iterable[Finding]) -> Iterable[Text]:
    """One place, and what was found there: a line for what is wrong, and one for what to do."""
    yield Text(f"\n{place}", style="bold")
    for one in found:
        if one.place == place:
            head = Text(f"  line {one.line}: ").append(f"{one.level}: ", style=_COLOURS[one.level])
            yield head.append(one.sentence).append(f" ({one.check})", style="dim")
            yield Text(f"    {one.remedy}")
