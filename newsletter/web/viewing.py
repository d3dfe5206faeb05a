"""The web copy: what this reader got, from the frozen revision, in a browser."""

from email.utils import format_datetime

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.campaigns.streams import TEST, TestIssue
from newsletter.issues import issues
from newsletter.issues.tables import Revision
from newsletter.ledger.attempts import Due
from newsletter.ledger.tables import Campaign, Delivery
from newsletter.rendering.links import LinkTable
from newsletter.rendering.prepared import rendered
from newsletter.rendering.variants import Variant
from newsletter.sending.composing import copy_of
from newsletter.tokens import VIEW_LINK, MailClaim, TokenInvalid
from subscribers.tables import List, Subscriber

from .site import Site, SiteOf

router = APIRouter()
_HEADERS = {
    # A mail brings its own styles and pictures, and nothing that runs.
    "Content-Security-Policy": (
        "default-src 'none'; img-src 'self' http: https: data:; style-src 'unsafe-inline'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'; sandbox allow-popups allow-popups-to-escape-sandbox"
    ),
    "X-Robots-Tag": "noindex",
}


@router.api_route("/view/{token}", methods=["GET", "HEAD"])
def view(token: str, site: SiteOf) -> Response:
    """The HTML of one copy. Raises `TokenInvalid` for what is no issue's web copy."""
    claim = site.app.signer.read_mail_token(token)
    if claim.link_no != VIEW_LINK:
        raise TokenInvalid
    with site.app.database.reading() as session:
        html = _html(session, site, claim)
    return HTMLResponse(html, headers=_HEADERS)


def _html(session: Session, site: Site, claim: MailClaim) -> str:
    delivery = session.get(Delivery, (claim.campaign_id, claim.seq))
    if delivery is None:
        raise TokenInvalid
    shown, links = _shown(session.get_one(Campaign, claim.campaign_id), delivery)
    document = issues.document_of(session.get_one(Revision, shown.revision_id))
    list_ = session.get_one(List, shown.list_id)
    table = LinkTable.of(document, list_.utm) if links else LinkTable()
    edition = site.app.edition(session, document, list_, table)
    copy = copy_of(claim.campaign_id, _due(session, delivery), format_datetime(delivery.updated_at))
    return _as_page(rendered(edition.content(shown.variant), edition.identity, site.app.signer, copy).html)


def _as_page(html: str) -> str:
    """A mail's HTML, of which its letter is the main part: in a mail program it is one article among others."""
    return html.replace(' role="article"', ' role="main"', 1)


def _shown(campaign: Campaign, delivery: Delivery) -> tuple[TestIssue, bool]:
    """Which revision, list and variant a copy shows, and whether its links are tracked."""
    if campaign.stream == TEST:
        return TestIssue.parse(delivery.variant), False
    if campaign.revision_id is None or campaign.list_id is None:
        raise TokenInvalid
    return TestIssue(campaign.list_id, campaign.revision_id, Variant.parse(delivery.variant)), True


def _due(session: Session, delivery: Delivery) -> Due:
    """The copy's reader as they are now; nobody, where they were erased."""
    reader = session.scalars(select(Subscriber).where(Subscriber.id == delivery.subscriber_id)).one_or_none()
    return Due(
        seq=delivery.seq,
        attempt=delivery.attempt,
        to_address=delivery.to_address,
        payload=delivery.payload,
        public_id=reader.public_id if reader else "",
        name=reader.name if reader else "",
        language=reader.language if reader else "",
    )
