"""`newsletter doctor`: what is wrong with this installation."""

import sys
from collections.abc import Sequence
from dataclasses import asdict

import click
from rich.console import Console
from rich.text import Text

from newsletter.doctor.examining import examine
from newsletter.doctor.findings import Finding, Level

from .output import json_option, say, some

_COLOURS = {Level.OK: "green", Level.WARNING: "yellow", Level.ERROR: "red"}


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """Say what is wrong with this installation, and what to do about it; nothing is sent."""
    found = list(examine())
    say([asdict(finding) for finding in found], lambda console: _show(console, found), as_json=as_json)
    if any(finding.level is Level.ERROR for finding in found):
        sys.exit(1)


def _show(console: Console, found: Sequence[Finding]) -> None:
    for finding in found:
        level = Text(f"{finding.level.value:8}", style=_COLOURS[finding.level])
        console.print(level + Text(f"{finding.about}: {finding.sentence}"))
        if finding.remedy:
            console.print(Text(f"        {finding.remedy}"))
    errors, warnings, well = (sum(finding.level is level for finding in found) for level in reversed(Level))
    console.print(f"{some(errors, 'error')}, {some(warnings, 'warning')}, {well} well.")
