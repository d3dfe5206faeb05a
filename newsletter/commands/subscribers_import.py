"""`newsletter subscribers import`: people from CSV files, plain or as other services export them."""

import sys
from dataclasses import replace
from datetime import date, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import click

from newsletter.app import App
from newsletter.campaigns import invitations
from newsletter.errors import NewsletterError
from subscribers import importing
from subscribers.tables import SubscriptionState

from . import subscribers_import_output as shown
from .output import json_option, opened, parse_day, progress, say
from .subscribers_import_output import Imported, Part

_STATES = (SubscriptionState.CONFIRMED.value, SubscriptionState.PENDING.value)


class RosterIsOneFile(NewsletterError):
    """A roster is one file, and this archive holds several. Unpack it and give the one that names everybody."""


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--list", "list_slug", required=True, help="The list to put them on.")
@click.option("--map", "pairs", multiple=True, metavar="FIELD=COLUMN", help="The column of a field called otherwise.")
@click.option(
    "--status",
    type=click.Choice(_STATES),
    help="What subscribed people become: pending, or confirmed where a service's export says that they agreed.",
)
@click.option("--consent", default="", help="The words these people agreed to; kept with each of them.")
@click.option("--grades-as-of", callback=parse_day, metavar="DATE", help="The day the grades were right; today.")
@click.option("--dry-run", is_flag=True, help="Check everything, show what would change, and write nothing.")
@click.option("--send-confirmations", is_flag=True, help="Then ask the file's pending people by mail to confirm.")
@click.option("--sync", is_flag=True, help="The file is the whole roster: who is no longer on it has left.")
@click.option(
    "--allow-leavers",
    type=click.IntRange(0),
    metavar="N",
    help="With --sync: so many may have left and no more, however large a part that is.",
)
@json_option
def import_(file: Path, status: str | None, send_confirmations: bool, as_json: bool, **said: Any) -> None:
    """Import people from a CSV file, or from a zip or gzip file that holds some.

    An export of Mailchimp, Substack, Ghost, beehiiv or listmonk is taken as it is, and people stay what it says they
    are: subscribed, unsubscribed, bounced. Any other file has columns called email, name, language, timezone, grades,
    school, roles, tags, household, tracking, place, joined, standing, attended, interests or attribute:NAME, or as
    people call these (E-mail, First Name, Grade), or says with --map which they are; only email must be there. Bad
    lines are listed and cost no other line. Only confirmed people are mailed.
    """
    with opened() as app:
        options = _options(app, **said)
        found = _look_into(file, options)
        parts = [_import(app, look, replace(options, state=_state(status, look))) for look in found.looks]
        asked = _invite(app, parts) if send_confirmations and not options.dry_run else None
    imported = Imported(file.name, parts, found.left_out, asked)
    shown.warn(imported)
    say(imported.facts(), lambda console: shown.imported(console, imported), as_json=as_json)
    _end(parts)


def _options(
    app: App,
    *,
    list_slug: str,
    pairs: tuple[str, ...],
    consent: str,
    grades_as_of: date | None,
    dry_run: bool,
    sync: bool,
    allow_leavers: int | None,
) -> importing.ImportOptions:
    if allow_leavers is not None and not sync:
        raise click.UsageError("--allow-leavers says something only with --sync.")
    if grades_as_of is not None and grades_as_of > app.today():
        raise click.UsageError(f"--grades-as-of {grades_as_of} has not come yet: nobody knows grades of that day.")
    return importing.ImportOptions(
        list_slug,
        importing.School(grades_as_of or app.today(), app.settings.roll_over, app.settings.grade_bands),
        app.clock.now(),
        consent=consent,
        mapping=_mapping(pairs),
        dry_run=dry_run,
        roster=sync,
        allow_leavers=allow_leavers,
        keep_networks=app.settings.keep_evidence_days > 0,
    )


def _mapping(pairs: tuple[str, ...]) -> dict[str, str]:
    mapping: dict[str, str] = {}
    for pair in pairs:
        field, equals, column = pair.partition("=")
        if not (field and equals and column):
            raise click.UsageError(f"{pair!r} maps nothing; write it like --map email=Address")
        if field.strip() in mapping or column in mapping.values():
            raise click.UsageError(f"{pair!r} maps what another --map does. Give each field and each column once.")
        mapping[field.strip()] = column
    return mapping


def _look_into(file: Path, options: importing.ImportOptions) -> importing.Found:
    found = importing.look_into(file, options)
    if options.roster and len(found.looks) > 1:
        raise RosterIsOneFile
    return found


def _state(status: str | None, look: importing.Look) -> SubscriptionState:
    if status:
        return SubscriptionState(status)
    return SubscriptionState.CONFIRMED if look.format.tells_consent else SubscriptionState.PENDING


def _import(app: App, look: importing.Look, options: importing.ImportOptions) -> Part:
    with progress(f"Importing {look.file.name}", importing.lines_in(look.file) or None) as advance:
        return Part(look, options, importing.import_file(app.database, app.organization, look.file, options, advance))


def _end(parts: list[Part]) -> None:
    """Exit as what was done deserves: with 1 where no line was good, and raise `RosterRefused`."""
    for part in parts:
        if part.result.leaving_refused and not part.options.dry_run:
            raise importing.RosterRefused(part.result.leaving_refused)
    if not any(part.result.is_useful for part in parts):
        sys.exit(1)


def _invite(app: App, parts: list[Part]) -> int:
    """Ask the pending people of the files to confirm; how many mails were added."""
    addresses = chain.from_iterable(importing.addresses_in(part.look.file, part.options.mapping) for part in parts)
    with progress("Asking to confirm", sum(part.result.read - part.result.rejected for part in parts)) as advance:
        return invitations.invite(
            app.database,
            app.clock,
            app.organization,
            parts[0].options.list_slug,
            addresses,
            language=app.settings.language_codes[0],
            window=timedelta(minutes=app.settings.signup_window_minutes),
            progress=advance,
        )
