"""How often people sign up, counted in windows of time, so that nobody can turn the form against somebody.

The windows are aligned and the keys are keyed hashes: no address and no network is kept.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from sqlalchemy import delete
from sqlalchemy.orm import Session

from .addresses import EmailAddress, address_hash
from .db import insert_into
from .tables import Organization, SignUpCount, SignUpKind

WINDOW = timedelta(hours=1)
"""In which networks, domains and all sign-ups are counted."""
_DOTS_SAY_NOTHING = {"gmail.com", "googlemail.com"}
_IPV4_PREFIX, _IPV6_PREFIX, _IPV6_SITE_PREFIX = 24, 64, 48
NETWORKS_OF_A_SITE = 10
"""As many times a network's limit is what the /48 may have that one connection to IPv6 often gets whole: 65,536 /64."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many sign-ups are taken in a `WINDOW`."""

    per_network: int
    per_domain: int
    in_all: int


def refused_until(
    session: Session,
    organization: Organization,
    limits: Limits,
    address: EmailAddress,
    network_address: str,
    now: datetime,
) -> datetime | None:
    """Count a sign-up. Returns when to try again where there were too many, or None.

    From the narrowest to the widest, and no further than the first that is full: one network that is refused cannot
    use up what is for everybody. The same order for all, so that two sign-ups never wait for each other.
    """
    ends_at = _end_of_window(now, WINDOW)
    for kind, value, most in (
        *((SignUpKind.NETWORK, network, most) for network, most in _networks(network_address, limits.per_network)),
        (SignUpKind.DOMAIN, address.key.rpartition("@")[2], limits.per_domain),
        (SignUpKind.ALL, "", limits.in_all),
    ):
        if _count(session, organization, kind, value, ends_at) > most:
            return ends_at
    return None


def may_mail(
    session: Session, organization: Organization, address: EmailAddress, now: datetime, window: timedelta
) -> bool:
    """Count a mail to whoever wrote an address into the form. Returns whether it is the mailbox's first in its window.

    Call it only where there is a mail to send.
    """
    return _count(session, organization, SignUpKind.ADDRESS, folded(address), _end_of_window(now, window)) == 1


def is_first_use(session: Session, organization: Organization, solution: str, valid_until: datetime) -> bool:
    """Count the use of a solution, by a name that tells it from all others. Returns whether it is the first."""
    return _count(session, organization, SignUpKind.SOLUTION, solution, valid_until) == 1


def forget_ended(session: Session, now: datetime) -> int:
    """Delete the counts of windows that have ended. Returns how many there were."""
    ended = delete(SignUpCount).where(SignUpCount.ends_at <= now)
    return len(session.scalars(ended.returning(SignUpCount.key)).all())


def folded(address: EmailAddress) -> str:
    """The mailbox that an address most likely reaches, for counting only: two readers may share one."""
    local, _, domain = address.key.rpartition("@")
    local = local.partition("+")[0] or local
    if domain in _DOTS_SAY_NOTHING:
        return f"{local.replace('.', '')}@gmail.com"
    return f"{local}@{domain}"


def networks_of(network_address: str) -> tuple[str, ...]:
    """The networks an address belongs to: a /24, or a /64 and a /48 of IPv6; what is no address stands for itself."""
    try:
        address = ip_address(network_address.partition("%")[0])
    except ValueError:
        return (network_address,)
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or address
    prefixes = (_IPV6_PREFIX, _IPV6_SITE_PREFIX) if isinstance(address, IPv6Address) else (_IPV4_PREFIX,)
    return tuple(str(ip_network((address, prefix), strict=False)) for prefix in prefixes)


def _networks(network_address: str, per_network: int) -> Iterator[tuple[str, int]]:
    """The networks of an address, each with its limit."""
    yield from zip(networks_of(network_address), (per_network, per_network * NETWORKS_OF_A_SITE), strict=False)


def _end_of_window(now: datetime, window: timedelta) -> datetime:
    seconds = window.total_seconds()
    return datetime.fromtimestamp((now.timestamp() // seconds + 1) * seconds, UTC)


def _count(session: Session, organization: Organization, kind: SignUpKind, value: str, ends_at: datetime) -> int:
    """Count one more; how many that makes. One statement, so that two at once never see the same number."""
    # The kind is part of what is hashed: the hash of an address here is not the one that suppressions have.
    key = address_hash(f"{kind}:{value}", organization.salt)
    first = insert_into(session, SignUpCount).values(kind=kind, key=key, ends_at=ends_at, count=1)
    counted = first.on_conflict_do_update(
        index_elements=["kind", "key", "ends_at"], set_={"count": SignUpCount.count + 1}
    )
    return session.scalars(counted.returning(SignUpCount.count)).one()
