"""The end of a list that never came to anything."""

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from newsletter.errors import NewsletterError
from newsletter.ledger.tables import Campaign, Chunk
from subscribers.tables import ConsentRecord, List, Subscription, Suppression

from .tables import Series


class ListInUse(NewsletterError):
    """Only a list that has no subscribers and never had a mail is deleted. Others: `newsletter lists edit --hidden`."""


def delete(session: Session, list_: List) -> None:
    """Delete a list that has no subscribers, not even such as left, and for which no mail was ever made.

    Raises `ListInUse`: consents and figures outlive what they are about.
    """
    session.refresh(list_, with_for_update=True)  # who subscribes meanwhile waits, or is seen
    why = _use_of(session, list_)
    if why:
        instead = f"Take it off the sign-up form instead: newsletter lists edit {list_.slug} --hidden"
        raise ListInUse(
            f"The list {list_.slug} is not deleted: {why}. {instead if list_.is_public else 'It is hidden.'}"
        )
    session.delete(list_)
    session.flush()


def _use_of(session: Session, list_: List) -> str:
    """What keeps a list, in words; empty: nothing."""
    subscribers = session.scalars(
        select(func.count()).select_from(Subscription).where(Subscription.list_id == list_.id)
    ).one()
    if subscribers:
        return f"{subscribers:,} {'person is' if subscribers == 1 else 'people are'} on it, or left it"
    if _has_past(session, list_):
        return "people said yes or no to it before they were erased"
    if series := _joined(session, select(Series.name).where(Series.list_id == list_.id)):
        return f"the series {series} opens drafts for it"
    if campaigns := _joined(session, select(Campaign.id).where(Campaign.list_id == list_.id)):
        return f"campaign {campaigns} was made for it"
    return "mails were sent in its name" if _is_named_by_letters(session, list_) else ""


def _has_past(session: Session, list_: List) -> bool:
    """Whether consents name the list, or a hash keeps somebody off it."""
    of_consents = select(ConsentRecord.id).where(ConsentRecord.list_id == list_.id)
    of_hashes = select(Suppression.id).where(Suppression.list_id == list_.id)
    return any(session.scalar(found.limit(1)) is not None for found in (of_consents, of_hashes))


def _joined(session: Session, found: Select[str] | Select[int]) -> str:
    return ", ".join(map(str, session.scalars(found.limit(5))))


def _is_named_by_letters(session: Session, list_: List) -> bool:
    """Whether a single mail, such as a test, names the list: in a variant, the ids of its lists come second."""
    of_streams = select(Chunk.variant).join(Campaign, Campaign.id == Chunk.campaign_id)
    variants = session.scalars(of_streams.where(Campaign.stream.is_not(None)).distinct())
    return any(str(list_.id) in variant.split(":")[1].split("+") for variant in variants)
