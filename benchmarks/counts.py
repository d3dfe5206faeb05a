"""Counting whom a rule chooses, beside a bare `SELECT count(*)` of all subscribers."""

import statistics
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field

from sqlalchemy import func, select, text

from newsletter.app import App
from subscribers import audience
from subscribers.db import Database
from subscribers.segments import saved
from subscribers.segments.rules import Rule, RuleContext
from subscribers.segments.shown import sql_of
from subscribers.tables import Child, Subscriber
from tests.support.installation import Installation

from .bench import KINDS, NAMES, Bench
from .enriching import enrich
from .installations import fill, opened
from .pairs import FEW, Bar, Row, seconds_of

BAR = Bar(1, of="measured", is_ceiling=True)
RULES = (
    "band = elementary",
    "grade > 5 and not grade = 12",
    'school = "School 7" and role = family',
    "language in (es, so) and timezone starts America/",
    'tag has board or (place contains "san josé" and joined > 2024-09-01)',
    "consent = tracking and not joined within 365 days",
    "opened = 1 or clicked = 2",
    "received within 30 days and not opened = 2",
    "interest contains math or attended within 365 days or attended = Bridges",
    "attribute.size > 6 and attribute.bus-route starts n",
    "list = families and band in (middle, high) and not tag in (volunteers, choir)",
    'segment = "Spanish elementary" and not clicked within 90 days',
    'not (school starts "School 1" or role = educator or received = 1 or grade < 3)',
)
"""Every field, most operators, and each way in which a question can be joined: with all, with some, and denied."""
_SEGMENT = ("Spanish elementary", "band = elementary and language = es")
EXPLAINED = "counts-explain.txt"
TABLE = "counts.md"


def rows(bench: Bench) -> Iterator[Row]:
    """One row a database: the slowest rule. Every rule stands in `counts.md`, the slowest one's plan beside it."""
    bench.folder.mkdir(parents=True, exist_ok=True)
    found = {kind: _measured(bench, kind) for kind in KINDS}
    (bench.folder / TABLE).write_text(_table(bench.sizes.counted_readers, found), encoding="utf-8")
    agree = all(found[kind].counts == found[KINDS[0]].counts for kind in KINDS)
    for kind in KINDS:
        yield found[kind].row(kind, bench.sizes.counted_readers, () if agree else ("the databases do not agree",))


@dataclass
class _Counts:
    """The rounds of every rule, in seconds, each with those of the bare statement beside it."""

    children: int = 0
    counts: list[int] = field(default_factory=list)
    pairs: list[list[tuple[float, float]]] = field(default_factory=lambda: [[] for _ in RULES])

    @property
    def slowest(self) -> int:
        return max(range(len(RULES)), key=self.median)

    def median(self, rule: int) -> float:
        return statistics.median(ours for ours, _ in self.pairs[rule])

    def row(self, kind: str, readers: int, wrong: tuple[str, ...]) -> Row:
        return Row(
            f"slowest of {len(RULES)} counts over {readers:,}, {NAMES[kind]}",
            "s",
            "a bare SELECT count(*) FROM subscriber",
            BAR,
            tuple(self.pairs[self.slowest]),
            (f"{RULES[self.slowest]}", f"{self.children:,} children", f"all in `{TABLE}`"),
            wrong,
        )


def _measured(bench: Bench, kind: str) -> _Counts:
    readers = bench.sizes.counted_readers
    with bench.database(kind) as (folder, url):
        bench.say(f"counts, {NAMES[kind]}: writing {readers:,} families")
        fill(Installation(folder, url, "file:outbox"), url, readers)
        with closing(Database(url)) as database:
            enrich(database, readers)
        with opened(url, folder) as app:
            bench.say(f"counts, {NAMES[kind]}: measuring")
            found = _count(app, bench.sizes.rounds or FEW)
            if kind == "postgresql":
                _explain(bench, app, found)
            return found


def _count(app: App, rounds: int) -> _Counts:
    context, found = app.rule_context(), _Counts()
    with app.database.writing() as session:
        saved.create(session, _SEGMENT[0], Rule.parse(_SEGMENT[1]), context, app.clock.now())
    with app.database.reading() as session:
        chosen = [saved.resolved(session, Rule.parse(rule), context) for rule in RULES]
        found.children = session.scalars(select(func.count()).select_from(Child)).one()
        found.counts = [audience.count_chosen(session, rule, context) for rule in chosen]
    for _ in range(rounds):
        for rule, pairs in zip(chosen, found.pairs, strict=True):
            pairs.append((_seconds(app, rule, context), _bare(app)))
    return found


def _seconds(app: App, rule: Rule, context: RuleContext) -> float:
    with app.database.reading() as session:
        return seconds_of(lambda: audience.count_chosen(session, rule, context))


def _bare(app: App) -> float:
    with app.database.reading() as session:
        return seconds_of(lambda: session.scalars(select(func.count()).select_from(Subscriber)).one())


def _explain(bench: Bench, app: App, found: _Counts) -> None:
    context = app.rule_context()
    with app.database.reading() as session:
        rule = saved.resolved(session, Rule.parse(RULES[found.slowest]), context)
        audience.make_room(session)
        counted = sql_of(audience.counted(audience.chosen(rule, context)), "postgresql")
        plan = session.scalars(text("EXPLAIN (ANALYZE) " + counted.replace(":", "\\:"))).all()
    lines = [f"Rule: {RULES[found.slowest]}", "", counted, "", *plan]
    (bench.folder / EXPLAINED).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _table(readers: int, found: dict[str, _Counts]) -> str:
    lines = [
        f"# Counting whom a rule chooses among {readers:,} subscribers with {found[KINDS[0]].children:,} children",
        "",
        "Measured by `make bench ROWS=counts`: medians of the rounds, in seconds.",
        "",
        "| rule | chosen | " + " | ".join(NAMES[kind] for kind in KINDS) + " |",
        "|---|--:|" + "--:|" * len(KINDS),
    ]
    for n, rule in enumerate(RULES):
        figures = " | ".join(f"{found[kind].median(n):.2f}" for kind in KINDS)
        lines.append(f"| `{rule}` | {found[KINDS[0]].counts[n]:,} | {figures} |")
    bare = (statistics.median(theirs for pairs in found[kind].pairs for _, theirs in pairs) for kind in KINDS)
    lines.append(f"| a bare `SELECT count(*)` | {readers:,} | " + " | ".join(f"{one:.2f}" for one in bare) + " |")
    return "\n".join(lines) + "\n"
