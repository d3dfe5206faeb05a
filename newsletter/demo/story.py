"""The steps of the demonstration, told as they happen. Each calls what the command or page of its name calls."""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from time import monotonic

from rich.console import Console
from rich.text import Text

from newsletter import checks, migrations
from newsletter.app import App, build
from newsletter.campaigns import lifecycle
from newsletter.clock import Clock
from newsletter.engine.embedded import send_campaign
from newsletter.errors import NewsletterError
from newsletter.folders import templates_folder
from newsletter.issues import issues
from newsletter.ledger import balance
from newsletter.ledger.tables import CampaignState, DeliveryState
from newsletter.rendering.variants import visible
from newsletter.sending.previews import family_of, preview
from newsletter.settings import Settings
from newsletter.web.application import create
from subscribers import importing, lists, organizations, subscribers, subscriptions, suppressions
from subscribers.addresses import EmailAddress
from subscribers.consent import Evidence
from subscribers.db import Database
from subscribers.tables import SubscriptionState, SuppressionReason

from . import families, inboxes, places, readers, serving

Report = Callable[[Console, App, int], None]
_LIST = "families"
_ISSUE = "2026-12.md"
READ_AFTER = timedelta(hours=2)
"""Nobody reads a mail in the second in which it comes: the story begins so long ago, and its readers read now."""
_LETTERS = {"elementary-english.html": families.ELEMENTARY, "high-spanish.html": families.HIGH_IN_SPANISH}


class StoryBroken(NewsletterError):
    """The demonstration did not go as it should. Please report this, with what it printed."""


def play(folder: Path, console: Console, report: Report) -> None:
    """Run the whole job once in `folder`, telling it on `console`; `report` prints a campaign's report.

    Leaves files and nothing running. Raises `places.FolderInUse` or `StoryBroken`.
    """
    began = monotonic()
    place = places.fresh(folder)
    with (
        inboxes.listening(place.inbox, {families.NO_MAILBOX.address}) as transport,
        _installed(place.settings(transport)) as app,
    ):
        story = _Story(app, place, console)
        story.begin()
        story.import_families()
        issue_id = story.check_issue()
        campaign_id = story.schedule(issue_id)
        story.send(campaign_id)
        with serving.served(create(app)) as port:
            story.come_back(readers.Visitor(app.settings.base_url, port))
        story.step("What became of it: newsletter reports campaign")
        report(console, app, campaign_id)
        story.end(monotonic() - began)


@contextmanager
def _installed(settings: Settings) -> Iterator[App]:
    """Do what `newsletter init` does, and open the installation."""
    with closing(Database(settings.database_url)) as database:
        migrations.upgrade(database)
        with database.writing() as session:
            organizations.ensure(session, settings.organization, Clock().now())
    with closing(build(settings)) as app:
        app.clock.offset = -READ_AFTER
        yield app


@dataclass
class _Story:
    """What every step needs."""

    app: App
    place: places.Place
    console: Console
    steps: int = 0

    def step(self, title: str) -> None:
        """Begin a step."""
        self.steps += 1
        self.console.print()
        self.console.print(Text(f"{self.steps}. {title}", style="bold"))

    def say(self, line: str) -> None:
        """Tell something of a step."""
        self.console.print(Text(f"   {line}"))

    def begin(self) -> None:
        """Make the list."""
        app = self.app
        self.console.print(
            "A monthly issue goes out to 300 made-up families, and you watch. Nothing leaves this machine."
        )
        self.step("An installation: newsletter init, newsletter lists create")
        with app.database.writing() as session:
            lists.create(session, app.organization.id, _LIST, "Family newsletter", now=app.clock.now())
        self.say(f"{app.organization.name}, on SQLite in {self.place.folder}, with one list: {_LIST}.")

    def import_families(self) -> None:
        """Bring the families in, one of whom left before and one whose mail bounced before."""
        app, file = self.app, self.place.families
        self.step("Families come in: newsletter subscribers import")
        families.write_families(file)
        school = importing.School(app.today(), app.settings.roll_over, app.settings.grade_bands)
        options = importing.ImportOptions(_LIST, school, app.clock.now(), SubscriptionState.CONFIRMED)
        result = importing.import_file(app.database, app.organization, file, options)
        self.say(f"{file}: {result.read:,} lines read, {result.written.created:,} families new.")
        self.say(f"{result.rejected:,} lines were not taken, and cost no other line:")
        for wrong in result.errors:
            self.say(f"  line {wrong.line}: {wrong.error}")
        self._remember_the_past()
        self.say(
            f"{families.LEFT_BEFORE.name} left the list last year; {families.BOUNCED_BEFORE.name}'s mail came back."
        )

    def check_issue(self) -> int:
        """Save the sample issue, look it over, and preview it; its id."""
        app = self.app
        self.step("The December issue: newsletter issues import, check, preview")
        with app.database.writing() as session:
            text = _example().read_text(encoding="utf-8")
            issue = issues.import_document(session, app.organization.id, text, "demo", app.clock.now())
            document = issues.document_of(issues.latest(session, issue))
        with app.database.reading() as session:
            found = app.findings(session, document, lists.get(session, app.organization.id, _LIST))
        self.say(f"{document.subject['en']}: {len(document.sections):,} sections in English and Spanish.")
        errors = len(checks.blocking(found))
        self.say(f"The check found {errors or 'no'} errors and {len(found) - errors or 'no'} warnings.")
        for family in (families.ELEMENTARY, families.BOTH_BANDS, families.HIGH_IN_SPANISH):
            self._preview(issue.id, family)
        return issue.id

    def schedule(self, issue_id: int) -> int:
        """Aim the issue at the list, now; the campaign's id."""
        app = self.app
        self.step("A campaign: newsletter campaigns create, schedule --now")
        with app.database.writing() as session:
            list_ = lists.get(session, app.organization.id, _LIST)
            campaign = lifecycle.create(session, app.clock, issue_id, lifecycle.Aim(list_))
            now, zone = app.clock.now(), app.settings.timezone
            lifecycle.schedule(session, campaign.id, now, zone, app.gate(), needs_approval=app.needs_approval)
        self.say("The issue is bound as it stands; a later edit would not change what these families get.")
        return campaign.id

    def send(self, campaign_id: int) -> None:
        """Send by SMTP, and hold what arrived against what the ledger says."""
        app = self.app
        self.step("Sending by SMTP: newsletter send")
        ending = send_campaign(app.scheduler(), app.sending(), campaign_id, stop=threading.Event())
        counts = ending.found.counts
        received = len(list(self.place.inbox.glob("*.eml")))
        if ending.state != CampaignState.SENT or received != counts[DeliveryState.ACCEPTED]:
            raise StoryBroken(f"The campaign is {ending.state}, and {received:,} mails arrived: {counts}.")
        self.say(f"{ending.found.audience:,} = {_sum(ending.found)}. Nobody is missing, nobody got two.")
        self.say(f"The inbox counted for itself: {received:,} mails, in {self.place.inbox}.")
        for name, family in _LETTERS.items():
            letter = readers.read(inboxes.file_of(self.place.inbox, family.address))
            (self.place.folder / name).write_text(letter.html, encoding="utf-8")

    def come_back(self, visitor: readers.Visitor) -> None:
        """Let scanners look at once, readers read two hours later, and one family leave."""
        self.step("Families read: opens and clicks over HTTP")
        by_machines = readers.scan(self.place.inbox, visitor)
        self.app.clock.offset = timedelta()
        by_people = readers.visit(self.place.inbox, visitor)
        self.say(f"{by_people:,} requests by people, {by_machines:,} by scanners and mail programs.")
        self.say("Of families who agreed to it we keep who opened what; of all others we only count.")
        leaving = readers.read(inboxes.file_of(self.place.inbox, families.LEAVING.address))
        first, again = visitor.leave(leaving), visitor.leave(leaving)
        self.say(f"{families.LEAVING.name} presses the mail program's unsubscribe button: {first}; once more: {again}.")

    def end(self, seconds: float) -> None:
        """Say where to look."""
        self.step("Look around")
        for name, family in _LETTERS.items():
            self.say(f"{self.place.folder / name}: what {family.name}'s family got")
        program = os.path.relpath(Path(sys.executable).with_name("newsletter"), self.place.folder)
        self.say("To serve the pages, so that the links in these mails work: make run")
        self.say(f"The same, or any other command: cd {self.place.folder} && {program} run")
        self.console.print()
        self.console.print(f"Done in {seconds:.0f} seconds; nothing is left running.")

    def _remember_the_past(self) -> None:
        app, now = self.app, self.app.clock.now()
        with app.database.writing() as session:
            list_ = lists.get(session, app.organization.id, _LIST)
            left = subscribers.get(session, app.organization.id, EmailAddress.parse(families.LEFT_BEFORE.address))
            subscriptions.unsubscribe(session, left, list_, now, evidence=Evidence("mail"))
            bounced = EmailAddress.parse(families.BOUNCED_BEFORE.address)
            suppressions.suppress(session, app.organization, bounced, SuppressionReason.BOUNCE, now=now)

    def _preview(self, issue_id: int, family: families.Family) -> None:
        app = self.app
        with app.database.reading() as session:
            document = issues.document_of(issues.latest(session, issues.get(session, issue_id)))
            reader = subscribers.get(session, app.organization.id, EmailAddress.parse(family.address))
            shown_to = family_of(session, document, reader, app.rule_context())
            edition = app.edition(session, document, lists.get(session, app.organization.id, _LIST))
        made = preview(edition, shown_to, app.signer, app.clock.now())
        sections = visible(document, made.variant)
        own = ", ".join(section.key for section in sections if section.bands)
        self.say(f"{family.name}, {_grades(family)}: {made.rendered.subject}")
        self.say(f"  {len(sections):,} sections, of which for this family's grades: {own}")


def _grades(family: families.Family) -> str:
    grades = family.grades.split(";")
    return f"grade{'s' if len(grades) > 1 else ''} {' and '.join(grades)}"


def _sum(found: balance.Balance) -> str:
    return " + ".join(f"{count:,} {state}" for state, count in found.counts.items() if count)


def _example() -> Path:
    """The sample issue: beside the templates, in a checkout and in a wheel."""
    return templates_folder().parent / "examples" / _ISSUE
