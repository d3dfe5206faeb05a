"""The whole examination of the installation in the working folder."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session

from newsletter.app import App, build
from newsletter.errors import NewsletterError
from newsletter.ledger.tables import Campaign, CampaignKind, CampaignState
from newsletter.rendering.readers import Identity
from newsletter.settings import Settings, load
from subscribers.tables import List

from . import configuration, receivers, returned_mail, school_years, surroundings
from .findings import Finding, error, ok, warning


def examine() -> Iterator[Finding]:
    """Look at everything, in an order in which one may mend it. It changes nothing, sends nothing and never raises.

    Only the mail service and the mailbox's server are talked to.
    """
    try:
        settings = load()
    except NewsletterError as problems:
        yield error("settings", str(problems), "Correct each setting named; docs/settings.md has them all.")
        return
    app = _opened(settings)
    if isinstance(app, Finding):
        yield app
        yield from configuration.examine(settings, [_nobody(settings)])
        yield from returned_mail.examine(settings)
        yield from surroundings.examine(settings, settings.state_folder / "journals")
        return
    try:
        yield from _installation(app)
    finally:
        app.close()


def _installation(app: App) -> Iterator[Finding]:
    yield ok("database", "The database answers and has this version's shape.")
    with app.database.reading() as session:
        lists = session.scalars(select(List).order_by(List.id)).all()
        identities = [app.identity(list_) for list_ in lists]
        findings = [*_campaigns(session), *school_years.examine(session, app), *receivers.examine(session, app)]
    yield from configuration.examine(app.settings, identities or [_nobody(app.settings)])
    yield from returned_mail.examine(app.settings)
    yield from surroundings.examine(app.settings, app.journals)
    yield from findings


def _opened(settings: Settings) -> App | Finding:
    """The installation, or what keeps it from being opened."""
    try:
        return build(settings)
    except NewsletterError as refusal:
        return error("database", str(refusal), "Nothing works before this is mended.")
    except SQLAlchemyError as failure:
        why = type(failure.orig if isinstance(failure, DBAPIError) else failure).__name__
        return error("database", f"The database cannot be read ({why}).", "See that NEWSLETTER_DATABASE_URL is right.")


def _campaigns(session: Session) -> Iterator[Finding]:
    """Those that wait for a person."""
    waiting = session.scalars(
        select(Campaign)
        .where(Campaign.kind == CampaignKind.BROADCAST, Campaign.state.in_((CampaignState.STOPPED, CampaignState.HELD)))
        .order_by(Campaign.id)
    ).all()
    yield from map(_waiting, waiting)
    if not waiting:
        yield ok("campaigns", "No campaign waits for a person.")


def _waiting(campaign: Campaign) -> Finding:
    about = f"campaign {campaign.id}"
    if campaign.state == CampaignState.STOPPED:
        said = campaign.stop_reason or "Nobody wrote down why."
        return warning(
            about, f"It is stopped: {said}", f"When that is mended: newsletter campaigns resume {campaign.id}"
        )
    return warning(
        about,
        "It is held: its time passed while nothing ran, or this database is a restored copy.",
        f"Send it by `newsletter campaigns schedule {campaign.id} --now`, or cancel it.",
    )


def _nobody(settings: Settings) -> Identity:
    """In whose name mail goes that is no list's."""
    return Identity(
        organization=settings.organization,
        list_id=0,
        list_slug="new lists",
        list_name="",
        from_header=settings.from_,
        reply_to=settings.reply_to,
        postal_address=settings.postal_address,
        base_url=settings.base_url,
    )
