"""`newsletter issues translations` and `sign-off`: what translators get, what comes back, and who says it may go."""

from dataclasses import asdict
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from newsletter.app import App
from newsletter.issues import issues as store
from newsletter.issues import sign_offs
from newsletter.issues import translations as store_of_translations
from newsletter.issues.sheets import Sheet
from newsletter.issues.sign_offs import Standing
from newsletter.issues.taking import Taken
from newsletter.issues.translating import State
from newsletter.issues.translations import Progress

from .files import read_bytes, write_new
from .output import json_option, opened, say, some

_AUTHOR = "translator"
_id = click.argument("issue_id", type=int, metavar="ID")
_file = click.argument("file", type=click.Path(path_type=Path))


class _ShowByNumber(click.Group):
    """A group whose `show` needs not be named: a number follows at once."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        return super().resolve_command(ctx, ["show", *args] if args[0].isdecimal() else args)


@click.group(cls=_ShowByNumber)
def translations() -> None:
    """Show how far each language is; export for translators and import what they did."""


@translations.command()
@_id
@json_option
def show(issue_id: int, as_json: bool) -> None:
    """Show for each language what is done, stale and missing, and who signed it off."""
    with opened() as app, app.database.reading() as session:
        issue = store.get(session, issue_id)
        found = store_of_translations.progress(session, issue)
        facts = {"id": issue_id, "original": store.document_of(store.latest(session, issue)).original}
        facts |= {"languages": [asdict(row) for row in found]}
        say(facts, lambda console: _progress(console, app, facts, found), as_json=as_json)


@translations.command()
@_id
@_file
@click.option("--language", required=True, help="Into which language, such as fr.")
@click.option("--all", "everything", is_flag=True, help="All texts, not only those that are missing or stale.")
@json_option
def export(issue_id: int, file: Path, language: str, everything: bool, as_json: bool) -> None:
    """Write what is to translate to FILE, as XLIFF (.xlf) or PO (.po)."""
    with opened() as app, app.database.reading() as session:
        sheet = store_of_translations.sheet(session, store.get(session, issue_id), language, everything=everything)
        content = store_of_translations.written(file, sheet)
    if sheet.units:
        write_new(file, content)
    facts = _sheet(sheet) | {"file": str(file) if sheet.units else None}
    say(facts, lambda console: _exported(console, facts, file), as_json=as_json)


@translations.command("import")
@_id
@_file
@click.option("--by", "author", default=_AUTHOR, help="Who translated it.")
@click.option("--finished", is_flag=True, help="Take also texts that the file marks as unfinished.")
@json_option
def import_(issue_id: int, file: Path, author: str, finished: bool, as_json: bool) -> None:
    """Save what is good of a translator's FILE as one revision, and list the rest."""
    with opened() as app:
        returned = app.confined(store_of_translations.read, file, read_bytes(file))
        with app.database.writing() as session:
            issue, now = store.get(session, issue_id), app.clock.now()
            taken, revision = store_of_translations.take(
                session, issue, returned, author.strip() or _AUTHOR, now, unfinished=finished
            )
        facts = _taken(taken) | {"id": issue_id, "revision": revision.no}
    say(facts, lambda console: _imported(console, facts), as_json=as_json)


@click.command("sign-off")
@_id
@click.option("--language", required=True, help="The language to sign off, such as es.")
@click.option("--by", "name", required=True, help="Who says that it may go out.")
@click.option("--as-it-is", is_flag=True, help="Although some texts are stale or missing.")
@json_option
def sign_off(issue_id: int, language: str, name: str, as_it_is: bool, as_json: bool) -> None:
    """Say that the issue may go out in a language, as its texts are now."""
    with opened() as app, app.database.writing() as session:
        issue = store.get(session, issue_id)
        document = store.document_of(store.latest(session, issue))
        signed = sign_offs.sign(session, issue, document, language, name, app.clock.now(), as_it_is=as_it_is)
        facts = {
            "id": issue_id,
            "language": signed.language,
            "signed_by": signed.signed_by,
            "signed_at": signed.signed_at,
        }
    say(facts, lambda console: _signed(console, facts), as_json=as_json)


def _sheet(sheet: Sheet) -> dict[str, Any]:
    return {
        "id": sheet.issue_id,
        "original": sheet.original,
        "language": sheet.language,
        **{state: sum(unit.state is state for unit in sheet.units) for state in State},
        "words": sum(unit.words for unit in sheet.units),
        "texts": [{"id": unit.id, "state": unit.state, "words": unit.words} for unit in sheet.units],
    }


def _taken(taken: Taken) -> dict[str, Any]:
    return {
        "language": taken.language,
        "done": list(taken.done),
        "stale": list(taken.stale),
        "unchanged": list(taken.unchanged),
        "left": [asdict(left) for left in taken.left],
    }


def _progress(console: Console, app: App, facts: dict[str, Any], found: list[Progress]) -> None:
    number, original = facts["id"], facts["original"]
    if not found:
        console.print(f"Issue {number} is in {original or 'no language'} only.")
        console.print(f"Next: newsletter issues translations export {number} FILE.xlf --language CODE")
        return
    console.print(f"Issue {number} is translated from {original} into {', '.join(row.language for row in found)}.")
    table = Table("language", "done", "stale", "missing", "words to translate", "signed off", box=None, pad_edge=False)
    for column in table.columns[1:5]:
        column.justify = "right"
    for row in found:
        figures = (row.done, row.stale, row.missing, row.words)
        table.add_row(row.language, *(f"{figure:,}" for figure in figures), Text(_standing(app, row.sign_off)))
    console.print(table)
    _next(console, number, found)


def _standing(app: App, standing: Standing) -> str:
    if standing.signed_at is None:
        return "by nobody"
    day = standing.signed_at.astimezone(ZoneInfo(app.settings.timezone)).strftime("%Y-%m-%d %H:%M %Z")
    told = f"by {standing.signed_by}, {day}"
    return told if standing.is_valid else f"no longer: the texts were changed after it was signed {told}"


def _next(console: Console, issue_id: int, found: list[Progress]) -> None:
    wanting = next((row for row in found if row.stale or row.missing), None)
    unsigned = next((row for row in found if not row.sign_off.is_valid), None)
    if wanting is not None:
        language = wanting.language
        console.print(f"Next: newsletter issues translations export {issue_id} {language}.xlf --language {language}")
    elif unsigned is not None:
        console.print(f"Next: {sign_offs.remedy(unsigned.sign_off, issue_id)}", markup=False)
    else:
        console.print(f"Next: newsletter issues check {issue_id}")


def _exported(console: Console, facts: dict[str, Any], file: Path) -> None:
    number, language = facts["id"], facts["language"]
    if not facts["texts"]:
        console.print(f"Nothing of issue {number} is missing or stale in {language}. Add --all to export every text.")
        return
    texts = some(len(facts["texts"]), "text")
    console.print(Text(f"{file} has {texts} of issue {number} to translate into {language}."))
    counted = ", ".join(f"{facts[state]:,} {state}" for state in State if facts[state])
    console.print(f"{counted}; {some(facts['words'], 'word')} in {facts['original']}.")
    console.print(Text(f"Next, with the translator's file: newsletter issues translations import {number} {file}"))


def _imported(console: Console, facts: dict[str, Any]) -> None:
    number, language = facts["id"], facts["language"]
    taken = len(facts["done"]) + len(facts["stale"])
    if taken:
        saved = (
            f"{some(taken, 'text')} in {language} {'is' if taken == 1 else 'are'} saved as revision {facts['revision']}"
        )
        console.print(f"{saved} of issue {number}.")
    else:
        console.print(f"Nothing new in {language}; issue {number} stays at revision {facts['revision']}.")
    if facts["unchanged"]:
        console.print(f"{some(len(facts['unchanged']), 'text')} we have already.")
    for id_ in facts["stale"]:
        console.print(Text(f"{id_}: taken, and marked as stale: its original was changed since the export."))
    for sentence, ids in _by_sentence(facts["left"]).items():
        console.print(Text(f"{', '.join(ids)}: not taken. {sentence}"))
    console.print(f"Next: newsletter issues {'check' if taken else 'translations show'} {number}")


def _by_sentence(left: list[dict[str, str]]) -> dict[str, list[str]]:
    """The texts that are left, those of one reason together."""
    found: dict[str, list[str]] = {}
    for text in left:
        found.setdefault(text["sentence"], []).append(text["id"])
    return found


def _signed(console: Console, facts: dict[str, Any]) -> None:
    console.print(Text(f"{facts['language']} of issue {facts['id']} is signed off by {facts['signed_by']}."))
    console.print("It holds until a text of that language or its original is changed.")
    console.print(f"Next: newsletter issues translations show {facts['id']}")
