"""Who signs up at the moment in which we forget them."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from newsletter.clock import Clock
from newsletter.events import persons
from subscribers.db import Database
from subscribers.tables import Subscriber, Subscription, SubscriptionState
from tests.support.threads import wait_until_blocked
from tests.support.web_server import visiting
from tests.support.web_world import new_world


@pytest.mark.parametrize("slug", ["monthly", "workshops"])
@pytest.mark.parametrize("state", [SubscriptionState.PENDING, SubscriptionState.UNSUBSCRIBED])
def test_a_sign_up_while_the_reader_is_forgotten_is_a_new_readers(
    database: Database, clock: Clock, slug: str, state: SubscriptionState
) -> None:
    world = new_world(database, clock, ("monthly", "workshops"))
    reader = world.reader("maria@school.example", state=state)
    with visiting(world.app) as client, ThreadPoolExecutor(1) as thread:
        with database.writing() as session:
            persons.forget(session, [reader.id], clock.now())
            form = {"email": "maria@school.example", "lists": slug, "children": "3"}
            answer = thread.submit(client.post, "/subscribe", data=form)
            wait_until_blocked(database)
        assert answer.result().status_code == 200
    with database.reading() as session:
        again = session.scalars(select(Subscriber)).one()
        assert again.id != reader.id
        subscribed = session.scalars(select(Subscription)).one()
        assert (subscribed.subscriber_id, subscribed.list_id) == (again.id, world.list_ids[slug])
        assert subscribed.state is SubscriptionState.PENDING
