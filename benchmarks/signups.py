"""How long a sign-up takes to answer for addresses that we know and do not: the slowest kind beside the fastest."""

import statistics
from collections.abc import Iterator
from contextlib import closing
from time import perf_counter

import httpx

from newsletter.clock import Clock
from newsletter.web.application import EVEN_ANSWER_SECONDS
from subscribers import suppressions
from subscribers.addresses import EmailAddress
from subscribers.db import Database
from subscribers.tables import SubscriptionState, SuppressionReason
from tests.support.installation import Installation
from tests.support.web_server import visiting
from tests.support.web_world import World, new_world

from .bench import KINDS, NAMES, Bench
from .pairs import Bar, Row

_BAR = Bar(1.05, is_ceiling=True)
_ROUNDS = 25
_PROXY = "127.0.0.1"
_NEW, _TRAPPED = "new", "trapped"
_WHO = (_NEW, "pending", "active", "suppressed", _TRAPPED)


def rows(bench: Bench) -> Iterator[Row]:
    """One row a database: the medians of the slowest and of the fastest kind of address."""
    for kind in KINDS:
        bench.say(f"sign-ups, {NAMES[kind]}: {_ROUNDS} rounds")
        with bench.database(kind) as (folder, url):
            Installation(folder, url, "file:outbox").do("db", "upgrade")
            with closing(Database(url)) as database:
                medians, pages = _measured(_a_world(database))
        slowest, fastest = max(medians, key=medians.__getitem__), min(medians, key=medians.__getitem__)
        yield Row(
            f"answer to a sign-up, {NAMES[kind]}",
            "s",
            f"the fastest of {len(_WHO)} kinds of address",
            _BAR,
            ((medians[slowest], medians[fastest]),),
            (f"slowest {slowest}, fastest {fastest}, medians of {_ROUNDS}",),
            () if len(pages) == 1 else ("the pages differ",),
        )


def _a_world(database: Database) -> World:
    world = new_world(database, Clock(), trusted_proxies=_PROXY)
    world.reader("active@school.example")
    world.reader("pending@school.example", state=SubscriptionState.PENDING)
    with database.writing() as session:
        suppressions.suppress(
            session,
            world.app.organization,
            EmailAddress.parse("suppressed@school.example"),
            SuppressionReason.COMPLAINT,
            now=world.app.clock.now(),
        )
    return world


def _measured(world: World) -> tuple[dict[str, float], set[str]]:
    times: dict[str, list[float]] = {who: [] for who in _WHO}
    pages = set()
    with visiting(world.app, even_answer_seconds=EVEN_ANSWER_SECONDS) as client:
        for number in range(_ROUNDS):
            for place, who in enumerate(_WHO):
                address = f"{who}{number if who in (_NEW, _TRAPPED) else ''}@school.example"
                begun = perf_counter()
                answer = _sign_up(client, address, f"10.{number}.{place}.1", is_trapped=who == _TRAPPED)
                times[who].append(perf_counter() - begun)
                pages.add(answer.text.replace(address, "ADDRESS"))
    return {who: statistics.median(taken) for who, taken in times.items()}, pages


def _sign_up(client: httpx.Client, address: str, source: str, *, is_trapped: bool) -> httpx.Response:
    fields = {"email": address, "lists": "monthly"} | ({"homepage": "x"} if is_trapped else {})
    return client.post("/subscribe", data=fields, headers={"X-Forwarded-For": source}).raise_for_status()
