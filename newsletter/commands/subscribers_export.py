"""`newsletter subscribers export`: people into a file that the import reads."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO, cast

import click
from sqlalchemy.orm import Session

from newsletter.errors import NewsletterError
from subscribers import exporting, lists
from subscribers.exporting import Chosen, Exported, Form
from subscribers.segments import saved

from .files import FileUnwritable
from .output import opened, progress

_FORMS = {"": Form.CSV, ".csv": Form.CSV, ".jsonl": Form.JSONL, ".ndjson": Form.JSONL}


class FileExists(NewsletterError):
    """There is such a file already. Name another, or add --force to put this one in its place."""


def _named(ctx: click.Context, param: click.Parameter, file: Path | None) -> Path | None:
    """A dash is standard output, as everywhere."""
    del ctx, param
    return None if file == Path("-") else file


@click.command()
@click.argument("file", required=False, callback=_named, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--list", "list_slug", help="Only who is or was on this list; everybody without it.")
@click.option("--segment", "segment_name", help="Only whom this segment chooses today.")
@click.option("--rule", "rule_text", help="Only whom this rule chooses today.")
@click.option(
    "--format",
    "form",
    type=click.Choice([form.value for form in Form]),
    help="csv, or jsonl: by FILE's ending, else csv.",
)
@click.option("--suppressed", is_flag=True, help="Also those who are never to be mailed.")
@click.option("--force", is_flag=True, help="In the place of a FILE that is there.")
def export(
    file: Path | None,
    list_slug: str | None,
    segment_name: str | None,
    rule_text: str | None,
    form: str | None,
    suppressed: bool,
    force: bool,
) -> None:
    """Write people to FILE, or to standard output: all that the import reads, as CSV to be read by it again."""
    if segment_name is not None and rule_text is not None:
        raise click.UsageError("Give --segment NAME or --rule RULE, not both.")
    chosen_form = Form(form) if form else _form_of(file)
    with opened() as app, app.database.reading() as session, _target(file, force=force) as target:
        list_id = lists.get(session, app.organization.id, list_slug).id if list_slug else None
        rule = saved.rule_for(session, app.rule_context(), segment_name, rule_text)
        chosen = Chosen(app.rule_context(), rule, list_id, suppressed)
        found = _write(session, chosen, chosen_form, target)
    click.echo(_said(found, file), err=file is None)


def _form_of(file: Path | None) -> Form:
    ending = file.suffix.lower() if file else ""
    if ending not in _FORMS:
        raise click.UsageError(f"{file} would be no {ending} file. Name it .csv or .jsonl, or say which with --format.")
    return _FORMS[ending]


def _write(session: Session, chosen: Chosen, form: Form, target: TextIO) -> Exported:
    total = exporting.count(session, chosen) if sys.stderr.isatty() else None
    with progress("Exporting", total) as advance:
        return exporting.export(session, chosen, form, target, advance)


@contextmanager
def _target(file: Path | None, *, force: bool) -> Iterator[TextIO]:
    """Standard output; or a file that takes its name when it is whole, so that no half of one is ever seen."""
    if file is None:
        sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]  # it is a TextIOWrapper
        yield sys.stdout
        return
    if file.exists() and not force:
        raise FileExists(f"{file} exists already. Name another file, or add --force to put this one in its place.")
    try:
        with _whole_or_not(file) as target:
            yield target
    except OSError as error:
        raise FileUnwritable(f"{file} cannot be written: {error.strerror}.") from error


@contextmanager
def _whole_or_not(file: Path) -> Iterator[TextIO]:
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", newline="", dir=file.parent, prefix=f".{file.name}.", delete=False
    ) as target:
        unfinished = Path(target.name)  # readable by its owner alone: it is full of addresses
        try:
            yield cast("TextIO", target.file)
            target.flush()
            os.fsync(target.fileno())
            unfinished.replace(file)
        except BaseException:
            unfinished.unlink()
            raise


def _said(found: Exported, file: Path | None) -> str:
    where = f"in {file}" if file else "written"
    said = f"{found.people:,} {'person is' if found.people == 1 else 'people are'} {where}."
    if found.left_out:
        left_out = f"{found.left_out:,} more {'is' if found.left_out == 1 else 'are'}"
        said += f" {left_out} never to be mailed and left out; --suppressed writes them too."
    return said
