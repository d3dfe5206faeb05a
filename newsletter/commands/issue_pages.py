"""`newsletter issues page`: an issue as everybody may see it, on the web and on paper."""

from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from newsletter.app import App
from newsletter.errors import NewsletterError
from newsletter.rendering.pages import Audience, IssuePage, issue_page
from newsletter.rendering.pdf import Press
from subscribers.grades import parse_grade

from .files import write_bytes
from .named import list_named, newest
from .output import json_option, opened, say

_WEB, _PRINT, _GOAL, _PDF = "web", "print", "goal", "pdf"


class NoGoal(NewsletterError):
    """The issue has no goal to print. Add a section such as :::: section goal {#reading} first."""


@click.command()
@click.argument("issue_id", type=int, metavar="ID")
@click.option("--list", "slug", help="The list in whose name it is; the first by default.")
@click.option("--language", default="", help="The language of the page; the issue's own by default.")
@click.option("--grade", "grades", multiple=True, help="Show only what is for all and for this grade, such as K or 9.")
@click.option(
    "--format",
    "form",
    type=click.Choice([_WEB, _PRINT, _GOAL, _PDF]),
    default=_WEB,
    show_default=True,
    help="The web page, the page to print, its goal as a card, or the page to print as PDF.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Write it to this file.")
@json_option
def page(
    issue_id: int, slug: str | None, language: str, grades: tuple[str, ...], form: str, out: Path | None, as_json: bool
) -> None:
    """Show the issue as a page for everybody, as the archive has it once it is sent."""
    with opened() as app:
        shown = _shown(app, issue_id, slug, Audience(language, _bands(app, grades), app.settings.grade_bands.names))
        if form == _GOAL and not shown.has_goal:
            raise NoGoal
        content = _made(app, shown, form)
    facts = {"id": issue_id, "format": form, "language": shown.language, "bytes": len(content), "out": None}
    if out is None and not as_json:
        click.echo(content, nl=False)
        return
    if out is not None:
        write_bytes(out, content)
        facts["out"] = str(out)
    say(facts, lambda console: _written(console, facts), as_json=as_json)


def _shown(app: App, issue_id: int, slug: str | None, audience: Audience) -> IssuePage:
    with app.database.reading() as session:
        document = newest(session, app, issue_id)
        identity = app.identity(list_named(session, app, slug))
        return issue_page(document, identity, audience, app.pictures(session, document))


def _made(app: App, shown: IssuePage, form: str) -> bytes:
    from newsletter.web import issue_pages, pictures  # noqa: PLC0415 - FastAPI loads slowly, and other commands
    from newsletter.web.pages import pages_of  # noqa: PLC0415 - about issues need none of it

    make = {_WEB: issue_pages.web_page, _GOAL: issue_pages.goal_page}.get(form, issue_pages.print_page)
    html = make(pages_of(app), shown)
    if form != _PDF:
        return html.encode()
    return Press(pictures.stored_in(app.media_store(), app.settings.base_url)).pdf(html)


def _bands(app: App, grades: tuple[str, ...]) -> tuple[str, ...]:
    found = (app.settings.grade_bands.of_grade(parse_grade(grade)) for grade in grades)
    return tuple(dict.fromkeys(band.name for band in found if band is not None))


def _written(console: Console, facts: dict[str, object]) -> None:
    console.print(
        Text(f"{facts['out']} holds the {facts['format']} page of issue {facts['id']} in {facts['language']}.")
    )
    console.print("Next: open it in a browser")
