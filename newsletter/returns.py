"""What is wired for what comes back: opens and clicks, and mail."""

from dataclasses import dataclass
from pathlib import Path

from newsletter.campaigns.replies import Replies
from newsletter.clock import Clock
from newsletter.events.networks import NetworkLists
from newsletter.events.refusals import Patience
from newsletter.events.writers import Writer, take_over
from newsletter.mail_places import ImapFolder, Maildir, parse
from newsletter.mailboxes.taking import Desk
from newsletter.mailboxes.watching import Watch
from newsletter.settings import Settings
from newsletter.tokens import Signer
from subscribers.db import Database
from subscribers.tables import Organization


@dataclass(frozen=True, slots=True)
class Returns:
    """The collaborators that take in what comes back, as the settings have them."""

    settings: Settings
    database: Database
    clock: Clock
    signer: Signer
    organization: Organization

    @property
    def spools(self) -> Path:
        """Where opens and clicks wait on this host while the database cannot take them."""
        return self.settings.state_folder / "spools"

    def writer(self) -> Writer:
        """What writes opens and clicks, as far as the settings keep them."""
        settings = self.settings
        return Writer(self.database, settings.tracking, NetworkLists.named(settings.machine_networks))

    def take_over(self) -> int:
        """Write the opens and clicks that dead processes of this host left. Returns how many were looked at."""
        return take_over(self.writer(), self.spools)

    @property
    def patience(self) -> Patience:
        """When refusals for now silence an address."""
        return Patience(self.settings.soft_bounces, self.settings.soft_bounce_days)

    def desk(self) -> Desk:
        """What takes mail that came back."""
        return Desk(self.database, self.clock, self.signer, self.patience, self.organization)

    def replies(self) -> Replies:
        """What passes letters by people on."""
        settings = self.settings
        senders = settings.from_, settings.reply_to, settings.bounce_address
        return Replies(self.clock, self.organization, settings.replies_to, settings.language_codes[0], senders)

    def watch_over(self, place: ImapFolder | Maildir) -> Watch:
        """What looks into a mailbox again and again."""
        return Watch(self.desk(), place, self.settings.feedback_password.get_secret_value())

    def watch(self) -> Watch | None:
        """The same for the mailbox that the settings name, if they name one."""
        place = parse(self.settings.feedback)
        return None if place is None else self.watch_over(place)
