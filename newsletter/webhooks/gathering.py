"""How a fact becomes a call: the database writes both in one transaction, by a trigger for each thing asked for.

Whichever way a fact is written, by a page of an import, a provider's event or a person at the database's own prompt,
its call is there if and only if the fact is. What no webhook asks for has no trigger, and costs nothing.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from newsletter.errors import NewsletterError
from subscribers.db import Database, dialect_of

from .tables import Topic, WebhookTopic

_PREFIX = "webhook_"
_PATIENCE = "5s"
_NOW = {
    "sqlite": "(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')",
    "postgresql": "clock_timestamp()",
}


class DatabaseBusy(NewsletterError):
    """Somebody is writing much to the database just now. Try again in a moment."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When something happens, in the words of SQL that both databases share; `NEW` and `OLD` are the row."""

    table: str
    operation: str
    when: str
    keeps: Mapping[str, str]
    """What a call keeps: its columns, and from where each comes."""
    of_list: str
    """Whether it is of the list of a webhook `w`."""
    source: str = ""
    """What else is joined."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """One moment of a topic, by the name that its trigger has in the database."""

    name: str
    topic: Topic
    moment: Moment = field(repr=False)


_READER = {"subscriber_id": "NEW.subscriber_id", "list_id": "NEW.list_id"}
_COPY = {"campaign_id": "NEW.campaign_id", "seq": "NEW.seq", "fact_id": "NEW.id"}


def _joined(when: str) -> Moment:
    return Moment("subscription", "AFTER INSERT", when, _READER, "NEW.list_id = w.list_id")


def _moved(when: str) -> Moment:
    return Moment("subscription", "AFTER UPDATE OF state", when, _READER, "NEW.list_id = w.list_id")


def _told(kind: str) -> Moment:
    of_list = "EXISTS (SELECT 1 FROM campaign c WHERE c.id = NEW.campaign_id AND c.list_id = w.list_id)"
    return Moment("event", "AFTER INSERT", f"NEW.kind = '{kind}'", _COPY, of_list)


def _stepped(when: str) -> Moment:
    when = f"NEW.kind = 'broadcast' AND OLD.state <> NEW.state AND {when}"
    return Moment("campaign", "AFTER UPDATE OF state", when, {"campaign_id": "NEW.id"}, "NEW.list_id = w.list_id")


_IS_ON = "EXISTS (SELECT 1 FROM subscription p WHERE p.subscriber_id = {reader} AND p.list_id = w.list_id)"
_SUPPRESSED = Moment(
    "suppression",
    "AFTER INSERT",
    "NEW.lifted_at IS NULL",
    {"subscriber_id": "s.id", "list_id": "NEW.list_id", "fact_id": "NEW.id"},
    f"NEW.list_id = w.list_id OR NEW.list_id IS NULL AND {_IS_ON.format(reader='s.id')}",
    "JOIN subscriber s ON s.organization_id = NEW.organization_id AND s.address_hash = NEW.address_hash",
)
# Before: afterwards nobody knows any more on which lists they were.
_ERASED = Moment(
    "subscriber", "BEFORE DELETE", "OLD.id > 0", {"erased_id": "OLD.public_id"}, _IS_ON.format(reader="OLD.id")
)
MOMENTS: Mapping[Topic, tuple[Moment, ...]] = {
    Topic.SUBSCRIBED: (
        _joined("NEW.state <> 'unsubscribed'"),
        _moved("OLD.state = 'unsubscribed' AND NEW.state <> 'unsubscribed'"),
    ),
    Topic.CONFIRMED: (
        _joined("NEW.state = 'confirmed'"),
        _moved("OLD.state <> 'confirmed' AND NEW.state = 'confirmed'"),
    ),
    Topic.UNSUBSCRIBED: (
        _joined("NEW.state = 'unsubscribed'"),
        _moved("OLD.state <> 'unsubscribed' AND NEW.state = 'unsubscribed'"),
    ),
    Topic.SUPPRESSED: (_SUPPRESSED,),
    Topic.ERASED: (_ERASED,),
    Topic.BOUNCED: (_told("bounce"),),
    Topic.COMPLAINED: (_told("complaint"),),
    Topic.OPENED: (_told("open"),),
    Topic.CLICKED: (_told("click"),),
    Topic.STARTED: (_stepped("OLD.state = 'preparing' AND NEW.state = 'sending'"),),
    Topic.SENT: (_stepped("NEW.state = 'sent'"),),
    Topic.STOPPED: (_stepped("NEW.state = 'stopped'"),),
}
"""Of each topic, when it happens."""


def lay(database: Database) -> None:
    """See that there is a trigger for what webhooks ask for, as this version writes it, and none for anything else.

    Each in a transaction of its own, because a trigger waits for those who write to its table. Raises `DatabaseBusy`
    where that is too long; called again it goes on.
    """
    with database.reading() as session:
        asked, laid = _asked(session), _laid(session)
    for trigger in _all():
        if trigger.topic in asked or trigger.name in laid:
            try:
                with database.writing() as session:
                    _lay_one(session, trigger)
            except OperationalError as error:
                raise DatabaseBusy from error


def lift(database: Database) -> None:
    """Take every trigger away, before tables change their shape: SQLite renames none that a trigger speaks of.

    Only while nothing else runs; `lay` brings them back.
    """
    with database.writing() as session:
        for name in sorted(_laid(session)):
            is_sqlite = dialect_of(session) == "sqlite"
            _run(session, f"DROP TRIGGER {name}" if is_sqlite else f"DROP FUNCTION {name}() CASCADE")


def missing(session: Session) -> list[str]:
    """The names of triggers that webhooks ask for and that are not there."""
    laid = _laid(session)
    return [trigger.name for trigger in _all() if trigger.topic in _asked(session) and trigger.name not in laid]


def _all() -> Iterator[Trigger]:
    for topic, moments in MOMENTS.items():
        for number, moment in enumerate(moments):
            yield Trigger(f"{_PREFIX}{topic.replace('.', '_')}_{number}", topic, moment)


def _lay_one(session: Session, trigger: Trigger) -> None:
    if dialect_of(session) == "postgresql":
        _lay_on_postgresql(session, trigger)
        return
    session.execute(text(f"DROP TRIGGER IF EXISTS {trigger.name}"))
    if trigger.topic in _asked(session):
        _run(session, f"{_begins(trigger)} WHEN {trigger.moment.when} BEGIN {_insert('sqlite', trigger)}; END")


def _lay_on_postgresql(session: Session, trigger: Trigger) -> None:
    """Lock the table first where a trigger comes or goes: so what is asked is still so when that is done."""
    name, table = trigger.name, trigger.moment.table
    session.execute(text(f"SET LOCAL lock_timeout = '{_PATIENCE}'"))
    is_laid, is_wanted = name in _laid(session), trigger.topic in _asked(session)
    if is_wanted and not is_laid:
        session.execute(text(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE"))  # readers go on
    elif is_laid and not is_wanted:
        session.execute(text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
        if trigger.topic not in _asked(session):
            _run(session, f"DROP FUNCTION {name}() CASCADE")
        return
    if is_wanted:
        _run(session, _function(trigger))
        if name not in _laid(session):
            _run(session, f"{_begins(trigger)} EXECUTE FUNCTION {name}()")


def _run(session: Session, statement: str) -> None:
    session.connection().exec_driver_sql(statement)


def _begins(trigger: Trigger) -> str:
    return f"CREATE TRIGGER {trigger.name} {trigger.moment.operation} ON {trigger.moment.table} FOR EACH ROW"


def _function(trigger: Trigger) -> str:
    row = "OLD" if trigger.moment.operation.endswith("DELETE") else "NEW"
    return (
        f"CREATE OR REPLACE FUNCTION {trigger.name}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF {trigger.moment.when} THEN {_insert('postgresql', trigger)}; END IF; RETURN {row}; END $$"
    )


def _insert(dialect: str, trigger: Trigger) -> str:
    moment, now = trigger.moment, _NOW[dialect]
    # Who is just being removed or erased is waited for and then left out: a call never breaks the fact it tells of.
    lock = f" FOR KEY SHARE OF w{', s' if moment.source else ''}" if dialect == "postgresql" else ""
    names, values = ", ".join(moment.keeps), ", ".join(moment.keeps.values())
    return (
        f"INSERT INTO webhook_call (webhook_id, topic, state, tries, fence, next_at, created_at, {names}) "  # noqa: S608 - all of it stands above
        f"SELECT w.id, '{trigger.topic}', 'waiting', 0, 0, {now}, {now}, {values} "
        f"FROM webhook w JOIN webhook_topic t ON t.webhook_id = w.id {moment.source} "
        f"WHERE t.topic = '{trigger.topic}' AND w.state <> 'off' AND (w.list_id IS NULL OR {moment.of_list}){lock}"
    )


def _asked(session: Session) -> Collection[str]:
    return set(session.scalars(select(WebhookTopic.topic).distinct()))


def _laid(session: Session) -> Collection[str]:
    kept = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
    }
    return {name for name in session.scalars(text(kept[dialect_of(session)])) if name.startswith(_PREFIX)}
