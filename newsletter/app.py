"""The only wiring: settings become the collaborators that every floor is handed."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import make_url, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from subscribers.db import Database, may_exist
from subscribers.segments.rules import RuleContext
from subscribers.tables import List, Organization

from . import checks, media_places, migrations, workshops
from .campaigns import preparing
from .campaigns.gates import Gate
from .checks import CheckContext, Finding, signatures
from .clock import Clock
from .confinement.children import Confinement, confined
from .engine.choosing import tickets_of
from .errors import NewsletterError
from .events import engagement, retention
from .events.retention import RetentionClock
from .issues import issues, media, media_stores, sign_offs
from .issues.binding import Binder
from .issues.document import Document
from .issues.tables import Revision
from .ledger.jobs import Enqueue, nobody
from .limits import DomainRates, WarmUp
from .rendering.brands import Logo, logo_of
from .rendering.editions import Edition
from .rendering.links import LinkTable
from .rendering.pictures import Picture, Pictures
from .rendering.readers import Brand, Identity, Postmark
from .reports.rollups import Rollups
from .return_paths import ReturnPath
from .returns import Returns
from .schedule import Scheduler
from .sending.composing import Composer
from .sending.pace import Limits
from .sending.sender import Sending
from .sending.transports import open_transport
from .settings import Settings, Switch, Tracking
from .tokens import Signer
from .webhooks import keeping
from .webhooks.telling import Telling

if TYPE_CHECKING:
    from .engine.tickets import Tickets


class NotSetUp(NewsletterError):
    """The database is empty. If it is the right one, `newsletter init` sets it up."""


class DatabaseMissing(NewsletterError):
    """The database's file is not there."""


class DatabaseAway(NewsletterError):
    """The database cannot be reached. Nothing is lost; start it and try again."""


@dataclass(frozen=True, slots=True)
class App:
    """What a command or a page needs, already checked."""

    settings: Settings
    database: Database
    clock: Clock
    signer: Signer
    organization: Organization
    tickets: "Tickets | None" = None
    """What carries work to other machines; None: this one does it all."""

    def today(self) -> date:
        """The organization's day, on which grades are read."""
        return self.clock.today(self.settings.timezone)

    def rule_context(self, day: date | None = None) -> RuleContext:
        """What rules and grades are read against; today where no day is given."""
        settings = self.settings
        return RuleContext(
            self.organization.id,
            day or self.today(),
            settings.roll_over,
            settings.grade_bands,
            settings.timezone,
            engagement.FIELDS,
        )

    def identity(self, list_: List | None) -> Identity:
        """In whose name a list's mails go: its own, or the settings' where it has none, or where there is no list."""
        settings, list_ = self.settings, list_ or _no_list()
        return Identity(
            organization=self.organization.name,
            list_id=list_.id,
            list_slug=list_.slug,
            list_name=list_.name,
            from_header=list_.from_address or settings.from_,
            reply_to=list_.reply_to or settings.reply_to,
            postal_address=list_.postal_address or settings.postal_address,
            base_url=settings.base_url,
            tracking_pixel=settings.tracking is not Tracking.OFF,
            hidden_link=settings.tracking is not Tracking.OFF and settings.hidden_link is Switch.ON,
            theme=list_.theme,
            brand=self.brand,
            list_names=list_.names,
        )

    @property
    def brand(self) -> Brand:
        """How the organization shows itself, in mails and on pages."""
        return Brand(self.settings.logo, self.settings.colour)

    def logo(self) -> Logo | None:
        """What stands on top of pages; None where there is none, or nobody stored the one that is named."""
        if not self.settings.logo:
            return None
        with self.database.reading() as session:
            return logo_of(self.brand, self.pictures(session))

    def edition(
        self, session: Session, document: Document, list_: List | None, links: LinkTable | None = None
    ) -> Edition:
        """An issue in a list's name, with the pictures that are stored here."""
        return Edition(document, self.identity(list_), links, self.pictures(session, document))

    def pictures(self, session: Session, document: Document | None = None) -> Pictures:
        """What mails show of what is stored here: the logo, and what an issue names."""
        return self._stored(session, media.references(document) if document else set())

    def _stored(self, session: Session, targets: set[str]) -> Pictures:
        found = media.resolved(session, self.organization.id, targets | {self.settings.logo})
        base_url = self.settings.base_url
        return {
            target: Picture(facts.url(base_url), facts.width or 0, facts.height or 0, facts.size_bytes)
            for target, facts in found.items()
        }

    def gate(self) -> Gate:
        """What an issue must pass, apart and within limits, before it may be sent."""
        return Gate(self.clock, self.binder(), self._refuse_faults, self.needs_sign_off)

    def _refuse_faults(self, session: Session, document: Document, list_: List) -> None:
        self.confined(checks.refuse_faults, document, self._check_context(session, document, list_))

    def _check_context(self, session: Session, document: Document, list_: List | None) -> CheckContext:
        return self.check_context(list_, self._stored(session, self.confined(media.references, document)))

    @property
    def confined(self) -> Confinement:
        """Calls what reads, checks or compiles people's texts in a process of its own: `confined(parse, text)`."""
        return confined()

    def binder(self) -> Binder:
        """What writes into an issue what it refers to."""
        return Binder(self.rule_context(), workshops.event_facts)

    def findings(self, session: Session, document: Document, list_: List | None) -> list[Finding]:
        """Everything worth a look in an issue, also in what it refers to, in the order of the file."""
        binder = self.binder()
        refers = list(checks.stored.findings(session, document, binder))
        bound = document if refers else binder.bound(session, document)
        found = [*refers, *self.confined(checks.check, bound, self._check_context(session, document, list_))]
        return sorted(found, key=lambda finding: finding.line)

    def check_context(self, list_: List | None, pictures: Pictures) -> CheckContext:
        """What an issue is checked against: today, the sender of a list, or the settings', and what is stored."""
        settings = self.settings
        return CheckContext(
            self.today(), settings.grade_bands, self.identity(list_), pictures, settings.raw_mjml is Switch.ON
        )

    @property
    def needs_approval(self) -> bool:
        """Whether a second person must approve a campaign."""
        return self.settings.approval is Switch.ON

    @property
    def needs_sign_off(self) -> bool:
        """Whether a person must sign off each language before an issue is sent."""
        return self.settings.sign_off is Switch.ON

    def unsigned(self, session: Session, revision: Revision) -> list[Finding]:
        """An error for each language that a person must still sign off; none where the settings ask for none."""
        if not self.needs_sign_off:
            return []
        issue = issues.get(session, revision.issue_id)
        standings = sign_offs.standings(session, issue, issues.document_of(revision))
        return list(signatures.findings(issue.id, standings))

    @property
    def journals(self) -> Path:
        """Where this host's attempt journals lie."""
        return self.settings.state_folder / "journals"

    def media_store(self) -> media_stores.Store:
        """Where the bytes of media lie. Raises `S3NotInstalled`."""
        settings = self.settings
        place = media_places.parse(settings.media)
        return media_stores.open_store(
            place, settings.media_key.get_secret_value(), settings.media_secret.get_secret_value()
        )

    def scheduler(self) -> Scheduler:
        """The tick over this installation's due-table."""
        grace = timedelta(minutes=self.settings.grace_minutes)
        limits = preparing.Limits(
            tuple(DomainRates.parse(self.settings.domain_rates).rates), self.settings.mails_per_week
        )
        return Scheduler(
            self.database,
            self.clock,
            self.journals,
            grace,
            self.today,
            self.rule_context,
            limits,
            self.enqueue,
            self.settings.tracking,
            self.kept,
            self.returns.take_over,
            partial(self.rollups.make_due, self.database),
        )

    @property
    def rollups(self) -> Rollups:
        """How campaigns are counted for reports."""
        days = self.settings.keep_events_days
        keep_readers = timedelta(days=days) if days else None
        return Rollups(self.clock, self.settings.tracking, self.rule_context, keep_readers)

    @property
    def kept(self) -> tuple[RetentionClock, ...]:
        """The clocks of everything that is kept for a time."""
        return (*retention.clocks(self.settings), keeping.clock(self.settings))

    @property
    def returns(self) -> Returns:
        """What takes in what comes back."""
        return Returns(self.settings, self.database, self.clock, self.signer, self.organization)

    @property
    def telling(self) -> Telling:
        """What tells other systems."""
        return Telling(self.settings, self.database, self.clock, self.signer)

    @property
    def enqueue(self) -> Enqueue:
        """Where work that may be done elsewhere is named."""
        return nobody if self.tickets is None else self.tickets.enqueue

    def sending(self) -> Sending:
        """What senders share. Raises a sentence where the transport's settings do not hold."""
        composer = Composer(self.database, self.signer, self.identity, self.edition, self.pictures, self._postmark())
        transport = open_transport(self.settings)
        return Sending(self.database, self.clock, composer, transport, self.journals, self._limits())

    def _postmark(self) -> Postmark:
        settings = self.settings
        by_smtp = settings.transport.startswith("smtp")
        return Postmark(ReturnPath.parse(settings.bounce_address), settings.seal if by_smtp else None)

    def _limits(self) -> Limits:
        settings = self.settings
        domains = DomainRates.parse(settings.domain_rates).rates
        return Limits(settings.rate, domains, WarmUp.parse(settings.warm_up).days)

    def close(self) -> None:
        """Give the database's connections back."""
        self.database.close()


def build(settings: Settings, clock: Clock | None = None) -> App:
    """Open the installation that the settings describe. Raises a sentence where it is not set up or away."""
    _refuse_missing(settings.database_url)
    database = Database(settings.database_url)
    try:
        migrations.ensure_current(database)
        with database.reading() as session:
            organization = session.scalars(select(Organization)).one_or_none()
        tickets = tickets_of(settings, database)
        if tickets is not None:
            tickets.ensure(database)
    except OperationalError as error:
        database.close()
        raise DatabaseAway from error
    except NewsletterError:
        database.close()
        raise
    if organization is None:
        database.close()
        raise NotSetUp
    return App(settings, database, clock or Clock(), Signer(settings.secrets), organization, tickets)


def _refuse_missing(url: str) -> None:
    """Opening a file that is not there would make an empty database; an address without a file opens none."""
    file = None if may_exist(url) else make_url(url).database
    if file:
        raise DatabaseMissing(
            f"There is no database at {Path(file).absolute()}. If there was one, restore it or mend "
            "NEWSLETTER_DATABASE_URL; `newsletter init` makes a new, empty one."
        )


def _no_list() -> List:
    return List(id=0, slug="preview", name="Newsletter", names={}, theme="")
