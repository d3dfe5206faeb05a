"""How a roll-over looks as facts, and to a person at a terminal."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

from rich.console import Console
from rich.table import Table

from newsletter.campaigns.rollovers import Ask, Kind, Plan, Tally
from subscribers import rollovers
from subscribers.grades import grade_word
from subscribers.rollovers import Step, Turn
from subscribers.tables import RollOverRun

_OF_KIND = {
    Kind.CHANGING: "a child comes to another band",
    Kind.LEAVING: "no child is left in school",
    Kind.STALE: "only an old level is known",
}


def facts(plan: Plan, tally: Tally, *, dry_run: bool, names: bool) -> dict[str, Any]:
    """What the roll-over means, ready for JSON."""
    turn = plan.turn
    graded = sorted((step for step in tally.steps if step.grade is not None), key=lambda step: step.grade or 0)
    of_bands = Counter[tuple[str | None, str | None]]()
    for step in graded:
        if step.changes_band(turn.bands) and not step.is_leaving:
            of_bands[_bands(step, turn)] += tally.steps[step]
    examples = {kind.value: tally.examples.get(kind, []) for kind in Kind}
    return {
        **_head(plan),
        "dry_run": dry_run,
        **tally.counts(plan),
        "moves": [{"from": _word(step, 0), "to": _word(step, 1), "children": tally.steps[step]} for step in graded],
        "bands": [{"from": old, "to": new, "children": count} for (old, new), count in of_bands.items()],
        "leavers": sum(count for step, count in tally.steps.items() if step.is_leaving),
        "stale": sum(count for step, count in tally.steps.items() if step.is_stale),
        **({"names": examples} if names else {}),
    }


def earlier_facts(plan: Plan, run: RollOverRun) -> dict[str, Any]:
    """What is kept of a roll-over that was run before."""
    return {**_head(plan), "dry_run": False, **run.counts, "ran_at": run.ran_at}


def ran_before(console: Console, facts: dict[str, Any]) -> None:
    """That there is nothing to do."""
    when, asked = facts["ran_at"].date(), _of("reader", facts["asked"])
    console.print(f"The roll-over to {facts['school_year']} was run on {when} and asked {asked}. Nothing is changed.")
    console.print(f"Next: newsletter subscribers rollover --on {facts['on']} --dry-run")


def foreseen(console: Console, facts: dict[str, Any], next_step: str, today: date) -> None:
    """Who moves, who is asked, and what to do next."""
    children, families = _of("child", facts["children"]), _of("family", facts["families"])
    away = (facts["on"] - today).days
    ahead = f" (in {away:,} days)" if away > 0 else ""
    console.print(f"School year {facts['school_year']}, from {facts['on']}{ahead}: {children} of {families}.")
    _moves(console, facts)
    for sentence in _sentences(facts):
        console.print(sentence, markup=False)
    for kind, addresses in facts.get("names", {}).items():
        if addresses:
            console.print(f"  {_OF_KIND[Kind(kind)]}, such as: {', '.join(addresses)}", markup=False)
    console.print(next_step)


def next_step(plan: Plan, earlier: RollOverRun | None, today: date, *, dry_run: bool) -> str:
    """What can be done after the roll-over was run or looked at; `earlier` is the run that there was before."""
    if not dry_run:
        return "Next: newsletter run, which sends the mails"
    if earlier is not None:
        return f"It was run on {earlier.ran_at.date()}, and is run once."
    if rollovers.is_far(plan.turn, today):
        from_day = plan.turn.roll_over.begins_on(plan.turn.end_year - 1)
        return "It is long past and cannot be run." if from_day < today else f"It can be run from {from_day} on."
    return f"Next: newsletter subscribers rollover --on {plan.turn.day} --ask {plan.ask.value}"


def _moves(console: Console, facts: dict[str, Any]) -> None:
    table = Table("grade", "", "next", box=None, pad_edge=False)
    table.add_column("children", justify="right")
    for move in facts["moves"]:
        table.add_row(move["from"], "->", move["to"] or "finished", f"{move['children']:,}")
    if facts["moves"]:
        console.print(table)


def _sentences(facts: dict[str, Any]) -> Iterator[str]:
    for bands in facts["bands"]:
        yield f"From {bands['from'] or 'no band'} to {bands['to'] or 'no band'}: {_of('child', bands['children'])}."
    if facts["leavers"]:
        without = f"{_of('family', facts['leaving'])} without another in school"
        yield f"Finished school: {_of('child', facts['leavers'])}; {without}."
    if facts["stale"]:
        yield f"Known by an old level only: {_of('child', facts['stale'])}."
    yield _asked(facts)


def _asked(facts: dict[str, Any]) -> str:
    end = " This was a dry run: nothing is written." if facts["dry_run"] else ""
    if facts["ask"] == Ask.NONE.value:
        return f"Nobody is asked.{end}"
    who = "all families" if facts["ask"] == Ask.ALL.value else "families of whom more than the grade changes"
    verb = "would be" if facts["dry_run"] else "is" if facts["asked"] == 1 else "are"
    return f"{_of('reader', facts['asked'])} {verb} asked by mail whether this is right: {who}.{end}"


def _of(what: str, count: int) -> str:
    several = {"child": "children", "family": "families"}.get(what, f"{what}s")
    return f"{count:,} {what if count == 1 else several}"


def _head(plan: Plan) -> dict[str, Any]:
    turn = plan.turn
    return {"on": turn.day, "school_year": turn.roll_over.school_year(turn.end_year), "end_year": turn.end_year}


def _word(step: Step, more: int) -> str | None:
    return None if step.is_leaving and more else grade_word((step.grade or 0) + more)


def _bands(step: Step, turn: Turn) -> tuple[str | None, str | None]:
    return _band(step.grade or 0, turn), _band((step.grade or 0) + 1, turn)


def _band(grade: int, turn: Turn) -> str | None:
    band = turn.bands.of_grade(grade)
    return band.name if band else None
