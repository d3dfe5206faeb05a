"""What is wired for telling others: where they may be, what keeps their secrets, and what makes the calls."""

from dataclasses import dataclass
from ipaddress import ip_network

from newsletter.clock import Clock
from newsletter.outside import Outside
from newsletter.settings import Settings
from newsletter.tokens import Signer
from subscribers.db import Database

from .calling import Caller
from .vault import Vault


@dataclass(frozen=True, slots=True)
class Telling:
    """The collaborators of webhooks, as the settings have them."""

    settings: Settings
    database: Database
    clock: Clock
    signer: Signer

    @property
    def vault(self) -> Vault:
        """What keeps the secrets of webhooks."""
        return Vault(self.signer.sealing_keys)

    @property
    def receivers(self) -> Outside:
        """Where webhooks may be: the public web, and the networks of one's own that the settings name."""
        return Outside(house=[ip_network(word) for word in self.settings.webhook_networks.split()])

    def caller(self) -> Caller:
        """What makes the calls."""
        return Caller(self.database, self.clock, self.vault, self.receivers, self.settings.tracking)
