"""`newsletter demo`: the whole job once, told as it happens."""

from pathlib import Path

import click
from rich.console import Console

from newsletter.app import App
from newsletter.demo.story import play

from .output import console
from .report_tables import show_report
from .reports import report_on


@click.command()
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=Path("var/demo"),
    show_default=True,
    help="Where to leave its files; an earlier demonstration there is replaced.",
)
def demo(folder: Path) -> None:
    """Run the whole job once with made-up families, a local inbox and simulated readers."""
    play(folder, console(), _report)


def _report(console: Console, app: App, campaign_id: int) -> None:
    show_report(console, report_on(app, campaign_id), app)
