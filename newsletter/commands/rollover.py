"""`newsletter subscribers rollover`: what the new school year means, and the mail that asks whether that is right."""

from datetime import date

import click

from newsletter.app import App
from newsletter.campaigns import rollovers as running
from newsletter.campaigns.rollovers import Ask, Plan, Tally
from subscribers import rollovers
from subscribers.rollovers import Turn
from subscribers.tables import RollOverRun

from . import rollover_output as shown
from .output import ask as confirm
from .output import json_option, opened, parse_day, progress, say

_EARLY_DAYS = 60


@click.command()
@click.option("--on", "day", callback=parse_day, metavar="DATE", help="A day of the school year that begins.")
@click.option(
    "--ask",
    type=click.Choice([ask.value for ask in Ask]),
    default=Ask.CHANGED.value,
    help="Which families to ask by mail.",
)
@click.option("--dry-run", is_flag=True, help="Show what it means; write and mail nothing.")
@click.option("--names", is_flag=True, help="Show some addresses of each kind.")
@click.option("--yes", is_flag=True, help="Do not ask, however early it is.")
@json_option
def rollover(day: date | None, ask: str, dry_run: bool, names: bool, yes: bool, as_json: bool) -> None:
    """Show who moves up with the new school year, and ask families whether what we know is still right.

    No grade is changed: each follows from the date. Families are asked once a school year.
    """
    with opened() as app:
        plan, today = _plan(app, day, Ask(ask)), app.today()
        if not dry_run:
            rollovers.refuse_far(plan.turn, today)
        earlier = _earlier(app, plan)
        if not (dry_run or yes or earlier):
            _ask_if_early(plan.turn, today)
        found = _found(app, plan, dry_run=dry_run)
        if isinstance(found, RollOverRun):
            facts = shown.earlier_facts(plan, found)
            say(facts, lambda console: shown.ran_before(console, facts), as_json=as_json)
        else:
            facts = shown.facts(plan, found, dry_run=dry_run, names=names)
            next_step = shown.next_step(plan, earlier, today, dry_run=dry_run)
            say(facts, lambda console: shown.foreseen(console, facts, next_step, today), as_json=as_json)


def _ask_if_early(turn: Turn, today: date) -> None:
    """Families are asked once, so a roll-over that is run half a year ahead is most likely a mistake."""
    ahead = (turn.day - today).days
    if ahead > _EARLY_DAYS:
        early = f"The school year begins in {ahead:,} days, and families are asked only once."
        confirm(f"{early} Ask them now?", otherwise=f"{early} Run it nearer to {turn.day}, or add --yes.")


def _earlier(app: App, plan: Plan) -> RollOverRun | None:
    with app.database.reading() as session:
        return rollovers.ran(session, plan.organization_id, plan.turn)


def _found(app: App, plan: Plan, *, dry_run: bool) -> Tally | RollOverRun:
    with app.database.reading() as session:
        households = rollovers.households(session, app.organization.id)
    with progress("Households", households) as advance:
        if dry_run:
            return running.foresee(app.database, plan, advance)
        return running.run(app.database, app.clock, plan, advance)


def _plan(app: App, day: date | None, ask: Ask) -> Plan:
    settings, today = app.settings, app.today()
    if day is None:
        with app.database.reading() as session:
            turn = rollovers.at_hand(session, app.organization.id, today, settings.roll_over, settings.grade_bands)
    else:
        turn = Turn(settings.roll_over.end_year(day), settings.roll_over, settings.grade_bands)
    return Plan(app.organization.id, turn, ask, turn.day <= today, settings.language_codes[0])
