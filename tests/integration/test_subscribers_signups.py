from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from subscribers import signups
from subscribers.addresses import EmailAddress
from subscribers.db import Database
from subscribers.signups import NETWORKS_OF_A_SITE, WINDOW, Limits, folded, networks_of
from subscribers.tables import SignUpCount, SignUpKind
from tests.support.imports import Community, a_community

NOON = datetime(2026, 12, 2, 12, tzinfo=UTC)
WIDE = Limits(1000, 1000, 1000)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def community(database: Database, tmp_path: Path) -> Community:
    return a_community(database, tmp_path)


def address(text: str) -> EmailAddress:
    return EmailAddress.parse(text)


def until(
    session: Session, community: Community, limits: Limits, to: str, network: str, now: datetime = NOON
) -> datetime | None:
    return signups.refused_until(session, community.organization, limits, address(to), network, now)


def counts(session: Session) -> Counter[SignUpKind]:
    rows = session.execute(select(SignUpCount.kind, SignUpCount.count)).all()
    return sum((Counter({kind: count}) for kind, count in rows), Counter())


@pytest.mark.parametrize(
    ("limits", "addresses", "networks"),
    [
        (Limits(2, 100, 100), ("a@one.example", "b@two.example", "c@six.example"), ("192.0.2.1", "192.0.2.9") * 2),
        (Limits(100, 2, 100), ("a@one.example", "b@one.example", "c@one.example"), ("192.0.2.1", "198.51.100.1") * 2),
        (Limits(100, 100, 2), ("a@one.example", "b@two.example", "c@six.example"), ("192.0.2.1", "198.51.100.1") * 2),
    ],
    ids=["network", "domain", "all"],
)
def test_one_more_than_a_limit_is_refused_until_its_window_ends(
    community: Community, limits: Limits, addresses: tuple[str, ...], networks: tuple[str, ...]
) -> None:
    now = NOON + 20 * MINUTE
    with community.database.writing() as session:
        answers = [
            until(session, community, limits, to, network, now)
            for to, network in zip(addresses, networks, strict=False)
        ]
        assert answers == [None, None, NOON + WINDOW]
        assert until(session, community, limits, addresses[0], networks[0], NOON + WINDOW) is None


def test_a_network_that_is_refused_uses_up_nothing_that_others_need(community: Community) -> None:
    with community.database.writing() as session:
        answers = [until(session, community, Limits(3, 10, 5), f"x{n}@one.example", "192.0.2.1") for n in range(50)]
        assert answers.count(None) == 3
        assert until(session, community, Limits(3, 10, 5), "y@one.example", "198.51.100.1") is None
        assert (counts(session)[SignUpKind.DOMAIN], counts(session)[SignUpKind.ALL]) == (4, 4)


def test_the_mailbox_gets_one_mail_a_window_however_it_is_written(community: Community) -> None:  # F32
    hour = timedelta(hours=1)
    with community.database.writing() as session:
        asked = [
            signups.may_mail(session, community.organization, address(text), NOON, hour)
            for text in ("ann@gmail.com", "a.n.n+1@gmail.com", "Ann+2@googlemail.com", "ann@school.example")
        ]
        assert asked == [True, False, False, True]
        assert signups.may_mail(session, community.organization, address("ann@gmail.com"), NOON + hour, hour)


def test_a_solution_counts_once(community: Community) -> None:
    with community.database.writing() as session:
        used = [
            signups.is_first_use(session, community.organization, nonce, NOON + WINDOW) for nonce in ("a", "b", "a")
        ]
    assert used == [True, True, False]


def test_counts_name_nobody_and_are_forgotten_when_their_window_ends(community: Community) -> None:
    with community.database.writing() as session:
        until(session, community, WIDE, "ann@school.example", "192.0.2.1")
        signups.may_mail(session, community.organization, address("ann@school.example"), NOON, timedelta(days=1))
        kept = str([(row.key, row.ends_at) for row in session.scalars(select(SignUpCount))])
        assert not [word for word in ("ann", "school", "192.0.2") if word in kept]
        assert signups.forget_ended(session, NOON + WINDOW - MINUTE) == 0
        assert signups.forget_ended(session, NOON + WINDOW) == 3
        assert counts(session) == Counter({SignUpKind.ADDRESS: 1})


def test_of_a_crowd_as_many_are_taken_as_the_limit_says(community: Community) -> None:
    def one(number: int) -> datetime | None:
        with community.database.writing() as session:
            return until(
                session, community, Limits(100, 100, 25), f"x{number}@d{number % 3}.example", f"10.0.{number}.1"
            )

    with ThreadPoolExecutor(8) as crowd:
        answers = list(crowd.map(one, range(60)))
    assert answers.count(None) == 25
    with community.database.reading() as session:
        assert counts(session)[SignUpKind.ALL] == 60


@pytest.mark.parametrize(
    ("text", "mailbox"),
    [
        ("Ann.Lee+news@Gmail.com", "annlee@gmail.com"),
        ("annlee@googlemail.com", "annlee@gmail.com"),
        ("ann.lee+news@school.example", "ann.lee@school.example"),
        ("+@school.example", "+@school.example"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
    ],
)
def test_tags_and_dots_are_folded_for_counting(text: str, mailbox: str) -> None:
    assert folded(address(text)) == mailbox


@given(
    st.from_regex(r"[a-z]{1,8}(\.[a-z]{1,8})?", fullmatch=True),
    st.from_regex(r"\+[a-z0-9]{0,4}(\.[a-z0-9]{1,4}){0,2}x", fullmatch=True),
)
def test_a_tag_never_makes_another_mailbox(local: str, tag: str) -> None:
    for domain in ("gmail.com", "school.example"):
        assert folded(address(f"{local}{tag}@{domain}")) == folded(address(f"{local}@{domain}"))


@pytest.mark.parametrize(
    ("text", "networks"),
    [
        ("192.0.2.77", ("192.0.2.0/24",)),
        ("::ffff:192.0.2.77", ("192.0.2.0/24",)),
        ("2001:db8:1:2:3:4:5:6", ("2001:db8:1:2::/64", "2001:db8:1::/48")),
        ("fe80::1%eth0", ("fe80::/64", "fe80::/48")),
        ("testclient", ("testclient",)),
        ("", ("",)),
    ],
)
def test_a_network_is_what_one_household_or_school_has(text: str, networks: tuple[str, ...]) -> None:
    assert networks_of(text) == networks


def test_who_has_thousands_of_networks_is_counted_by_what_holds_them(community: Community) -> None:
    limits = Limits(2, 1000, 1000)
    with community.database.writing() as session:
        answers = [
            until(session, community, limits, f"x{n}@one.example", f"2001:db8:1:{n:x}::1")
            for n in range(2 * NETWORKS_OF_A_SITE + 3)
        ]
        assert answers.count(None) == 2 * NETWORKS_OF_A_SITE
        assert until(session, community, limits, "y@one.example", "2001:db8:2::1") is None
