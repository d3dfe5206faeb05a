"""Kills senders at random instants, and holds what the receiving server wrote down against the ledger's sum."""

import random
import signal
import threading
from collections import Counter
from dataclasses import dataclass

from tests.support.installation import Installation
from tests.support.smtp_server import SmtpServerProcess


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the oracle outside the product found."""

    families: int
    kills: int
    received: int
    duplicates: int
    missing: int
    accepted: int
    unknown: int
    balanced: bool


def kill_and_finish(
    installation: Installation, server: SmtpServerProcess, families: int, kills: int, seed: int
) -> Verdict:
    """Send to so many families, killing the sender that often while mails flow, then run to the end."""
    campaign_id = installation.schedule_campaign()
    chance = random.Random(seed)  # noqa: S311 - instants, not secrets
    killed = 0
    for _ in range(kills):
        killed += _run_and_kill(installation, server, campaign_id, chance, families // (kills + 1))
    while installation.run("send", str(campaign_id)).returncode not in (0, 1):
        pass
    return _judge(installation, server, campaign_id, families, killed)


def _run_and_kill(
    installation: Installation, server: SmtpServerProcess, campaign_id: int, chance: random.Random, mails: int
) -> int:
    """Kill once about so many more mails have arrived; the instant inside a group is chance's."""
    goal = server.received() + chance.randint(mails // 2, mails)
    process = installation.start("send", str(campaign_id))
    while process.poll() is None and server.received() < goal:
        threading.Event().wait(0.002)
    threading.Event().wait(chance.uniform(0, 0.02))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return int(process.returncode == -signal.SIGKILL)


def _judge(
    installation: Installation, server: SmtpServerProcess, campaign_id: int, families: int, kills: int
) -> Verdict:
    status = installation.ask("campaigns", "status", str(campaign_id))
    arrived = Counter(server.recipients())
    states = ("pending", "attempting", "accepted", "rejected", "deferred", "unknown", "excluded", "cancelled")
    unknown = {row["to"] for row in installation.ask("campaigns", "deliveries", str(campaign_id), "--state", "unknown")}
    expected = {f"reader{n}@families.example" for n in range(1, families + 1)}
    return Verdict(
        families=families,
        kills=kills,
        received=len(arrived),
        duplicates=sum(count - 1 for count in arrived.values()),
        missing=len(expected - set(arrived) - unknown),
        accepted=status["accepted"],
        unknown=status["unknown"],
        balanced=sum(status[state] for state in states) == status["audience"] == families,
    )
