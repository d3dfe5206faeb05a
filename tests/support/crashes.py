"""Kills and freezes the senders of a campaign while mails flow; what the receiving server wrote down is the oracle."""

import contextlib
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import Connection, create_engine, make_url, update
from sqlalchemy.exc import OperationalError

from newsletter.ledger import balance, listing
from newsletter.ledger.states import get
from newsletter.ledger.tables import CampaignState, Chunk, ChunkState, DeliveryState
from subscribers.db import Database

from .installation import Installation
from .instants import Instant, OpenJournals, instant_of
from .launcher import Launched, Launcher
from .wire import Wire

_LOOK_SECONDS = 0.002
_AIM_SECONDS = 1
_GROUP_SECONDS = 0.03
"""About as long as a group is between attempt and settle."""
_FROZEN_SECONDS = 30
_PATIENCE_SECONDS = 300
_LOCK_SECONDS = 0.3
_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class StormTooLong(Exception):
    """A campaign under fire did not end in its time; the log of the senders says why."""


@dataclass(frozen=True, slots=True)
class Site:
    """An installation whose senders are forked, and the server they send to."""

    installation: Installation
    database: Database
    wire: Wire
    launcher: Launcher
    sender: Callable[[int], tuple[str, ...]] = lambda campaign_id: ("send", str(campaign_id))
    """The command that sends a campaign."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What befalls the senders of one campaign, spread over its mails."""

    kills: int = 0
    zombies: int = 0
    deletes_journals: bool = False
    """Each killed sender's journal is lost with it, as when its host is."""
    crew: int = 3
    """How many sender processes run at once; the dead are replaced."""


@dataclass
class Toll:
    """What really befell them."""

    kills: Counter[Instant] = field(default_factory=Counter)
    zombies: Counter[Instant] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the oracle outside the product found."""

    audience: int
    toll: Toll
    duplicates: int
    missing: int
    accepted: int
    unknown: int
    unknown_arrived: int
    """Of the unknown, how many the server has."""
    is_sent: bool
    balances: bool


def storm(site: Site, families: int, plan: Plan, chance: random.Random) -> Verdict:
    """Send one campaign to `reader1@families.example` and so on, by the plan, to its end; then judge it."""
    campaign_id = site.installation.schedule_campaign()
    toll = Toll()
    raging = _Storm(site, campaign_id, plan, toll, chance)
    raging.run(families)
    return _judge(site, campaign_id, families, toll)


class _Sender:
    """One process of the crew."""

    def __init__(self, launched: Launched) -> None:
        self.launched = launched
        self.journals = OpenJournals(launched.pid)
        self.chunks: list[tuple[int, int, int]] = []
        """While it is frozen: campaign, number and fence of what it held."""
        self.instant = Instant.IDLE
        self.frozen_at = 0.0

    def is_caught_sending(self, within_seconds: float) -> bool:
        """Wait until something of it hangs in the air."""
        deadline = time.monotonic() + within_seconds
        while not self.launched.has_ended() and time.monotonic() < deadline:
            if self.journals.look() and self.journals.is_sending:
                return True
            time.sleep(_LOOK_SECONDS)
        return False


class _Storm:
    def __init__(self, site: Site, campaign_id: int, plan: Plan, toll: Toll, chance: random.Random) -> None:
        self._site, self._campaign_id, self._plan, self._toll, self._chance = site, campaign_id, plan, toll, chance
        self._crew: list[_Sender] = []
        self._frozen: list[_Sender] = []

    def run(self, families: int) -> None:
        """Strike whenever as many mails have arrived as the next stroke waits for."""
        strokes = self._strokes(families)
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not self._is_sent():
            if time.monotonic() > deadline:
                raise StormTooLong(self._site.launcher.log.read_text()[-2000:])
            self._keep_crew()
            self._wake_overtaken()
            if strokes and self._arrived() >= strokes[0][0] and strokes[0][1]():
                strokes.pop(0)
            time.sleep(_LOOK_SECONDS)
        self._dismiss()

    def _strokes(self, families: int) -> list[tuple[float, Callable[[], bool]]]:
        """After how many mails, and what: each returns whether it was done."""
        strokes = [self._kill] * self._plan.kills + [self._freeze] * self._plan.zombies
        self._chance.shuffle(strokes)
        apart = families / (len(strokes) + 1)
        return [(apart * (number + self._chance.random()), stroke) for number, stroke in enumerate(strokes)]

    def _kill(self) -> bool:
        """Kill one, two times of three while something of it hangs in the air; the instant within is chance's."""
        victim = self._chance.choice(self._crew)
        if not victim.journals.look():
            return False
        if self._chance.random() < 2 / 3 and not victim.is_caught_sending(_AIM_SECONDS):
            return False
        time.sleep(self._chance.uniform(0, _GROUP_SECONDS))
        victim.journals.look()
        victim.launched.kill(signal.SIGKILL)
        self._crew.remove(victim)
        if self._site.launcher.exit_code(victim.launched) != -signal.SIGKILL:
            return False
        if self._plan.deletes_journals:
            victim.journals.delete()
        self._toll.kills[instant_of(self._site.database, victim.journals.records())] += 1
        if self._plan.deletes_journals:
            self._end_leases(victim.journals.owners)
        victim.journals.close()
        return True

    def _freeze(self) -> bool:
        """Freeze one with something in the air, and let its lease run out."""
        victim = self._chance.choice(self._crew)
        if not victim.is_caught_sending(_AIM_SECONDS):
            return False
        victim.launched.kill(signal.SIGSTOP)
        try:
            victim.chunks = self._end_leases(victim.journals.owners)
        except OperationalError:  # it holds a lock of the database, and would freeze everybody with it
            victim.launched.kill(signal.SIGCONT)
            return False
        if not victim.chunks:
            victim.launched.kill(signal.SIGCONT)
            return False
        victim.instant = instant_of(self._site.database, victim.journals.records())
        victim.frozen_at = time.monotonic()
        self._crew.remove(victim)
        self._frozen.append(victim)
        return True

    def _end_leases(self, owners: list[str]) -> list[tuple[int, int, int]]:
        """As if two minutes had passed; what they held. Raises `OperationalError` where the rows are locked."""
        with _impatient(str(self._site.installation.environment["NEWSLETTER_DATABASE_URL"])) as connection:
            ended = connection.execute(
                update(Chunk)
                .where(Chunk.owner.in_(owners), Chunk.state == ChunkState.CLAIMED)
                .values(lease_until=_LONG_AGO)
                .returning(Chunk.campaign_id, Chunk.no, Chunk.fence)
            )
            return [(row.campaign_id, row.no, row.fence) for row in ended]

    def _wake_overtaken(self) -> None:
        """Let those go on whose chunks somebody else has taken or ended."""
        for zombie in list(self._frozen):
            is_overtaken = all(self._is_overtaken(*chunk) for chunk in zombie.chunks)
            if is_overtaken:
                self._toll.zombies[zombie.instant] += 1
            if is_overtaken or time.monotonic() - zombie.frozen_at > _FROZEN_SECONDS:
                zombie.launched.kill(signal.SIGCONT)
                self._frozen.remove(zombie)
                self._crew.append(zombie)

    def _is_overtaken(self, campaign_id: int, no: int, fence: int) -> bool:
        with self._site.database.reading() as session:
            chunk = session.get_one(Chunk, (campaign_id, no))
            return chunk.state == ChunkState.DONE or chunk.fence >= fence + 2

    def _keep_crew(self) -> None:
        for sender in self._crew:
            if sender.launched.has_ended():
                sender.journals.close()
        self._crew = [sender for sender in self._crew if not sender.launched.has_ended()]
        while len(self._crew) < self._plan.crew:
            self._crew.append(_Sender(self._site.launcher.start(*self._site.sender(self._campaign_id))))

    def _dismiss(self) -> None:
        """Let every sender end in peace, the frozen ones too."""
        for sender in self._frozen:
            if all(self._is_overtaken(*chunk) for chunk in sender.chunks):
                self._toll.zombies[sender.instant] += 1
            sender.launched.kill(signal.SIGCONT)
        for sender in self._crew + self._frozen:
            sender.launched.kill(signal.SIGTERM)
            if not sender.launched.has_ended(_FROZEN_SECONDS):
                raise StormTooLong(self._site.launcher.log.read_text()[-2000:])
            sender.journals.close()

    def _arrived(self) -> int:
        return self._site.wire.arrivals(self._campaign_id).total()

    def _is_sent(self) -> bool:
        with self._site.database.reading() as session:
            return get(session, self._campaign_id).state == CampaignState.SENT


@contextlib.contextmanager
def _impatient(database_url: str) -> Iterator[Connection]:
    """A transaction that gives up soon where somebody else holds what it wants."""
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, connect_args={"timeout": _LOCK_SECONDS})
    else:
        options = f"-c lock_timeout={int(1000 * _LOCK_SECONDS)}"
        engine = create_engine(url.set(drivername="postgresql+psycopg"), connect_args={"options": options})
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def _judge(site: Site, campaign_id: int, families: int, toll: Toll) -> Verdict:
    arrived: Counter[str] = Counter()
    for (_, to), times in site.wire.arrivals(campaign_id).items():
        arrived[to] += times
    with site.database.reading() as session:
        found = balance.balance(session, campaign_id)
        is_sent = get(session, campaign_id).state == CampaignState.SENT
        unknown = {row["to"] for row in listing.deliveries(session, campaign_id, DeliveryState.UNKNOWN)}
    everybody = {f"reader{n}@families.example" for n in range(1, families + 1)}
    return Verdict(
        audience=found.audience,
        toll=toll,
        duplicates=arrived.total() - len(arrived),
        missing=len(everybody - set(arrived) - unknown),
        accepted=found.counts[DeliveryState.ACCEPTED],
        unknown=len(unknown),
        unknown_arrived=len(unknown & set(arrived)),
        is_sent=is_sent,
        balances=found.balances and found.audience == families,
    )
