"""The page of thanks behind an answer's link. The tap itself was counted as a click; this page counts nothing."""

from fastapi import APIRouter, Request, Response

from newsletter.issues import issues
from newsletter.issues.tables import Revision
from newsletter.ledger import links
from newsletter.ledger.tables import Campaign, Delivery
from newsletter.rendering.answers import is_answer, said
from newsletter.rendering.variants import Variant
from newsletter.tokens import TokenInvalid

from .site import SiteOf

router = APIRouter()
PATH = "/answer/{token}"


@router.api_route(PATH, methods=["GET", "HEAD"])
def show(token: str, request: Request, site: SiteOf) -> Response:
    """Say which answer was given. Raises `TokenInvalid` for what is no answer's link."""
    claim = site.app.signer.read_mail_token(token)
    with site.app.database.reading() as session:
        link = links.get(session, claim.campaign_id, claim.link_no)
        delivery = session.get(Delivery, (claim.campaign_id, claim.seq))
        campaign = session.get(Campaign, claim.campaign_id)
        if link is None or delivery is None or campaign is None or not is_answer(link.target):
            raise TokenInvalid
        document = issues.document_of(session.get_one(Revision, campaign.revision_id))
    language = Variant.parse(delivery.variant).language
    answer = said(document, link.target, language) or link.label
    return site.pages.message(request, site.pages.words(request, language), "answer.given", answer=answer)
