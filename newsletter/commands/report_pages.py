"""One campaign's report as a page, with the mail as it was sent."""

from sqlalchemy.orm import Session

from newsletter.app import App
from newsletter.campaigns.arms import with_subject_b
from newsletter.campaigns.lanes import ARM_B
from newsletter.issues import issues
from newsletter.issues.tables import Revision
from newsletter.ledger.states import get
from newsletter.ledger.tables import Campaign
from newsletter.rendering.links import LinkTable
from newsletter.reports import mail_pictures
from newsletter.reports.campaign_page import campaign_page
from newsletter.reports.campaigns import CampaignReport
from newsletter.reports.mail_pictures import MailPicture
from subscribers.tables import List

from .report_outputs import frame_of


def campaign_html(app: App, report: CampaignReport, language: str) -> str:
    """The page; its picture is the mail of a language, or of that which most readers got. Raises `NobodyGotIt`."""
    with app.database.reading() as session:
        campaign = get(session, report.campaign_id)
        list_ = session.get(List, campaign.list_id) if campaign.list_id else None
        picture = _picture(app, session, campaign, list_, report, language) if list_ is not None else None
    return campaign_page(report, picture, frame_of(app, list_.name if list_ else "single mails"))


def _picture(
    app: App, session: Session, campaign: Campaign, list_: List, report: CampaignReport, language: str
) -> MailPicture | None:
    from newsletter.web.pictures import stored_in  # noqa: PLC0415 - only pages need it

    found = mail_pictures.most_sent(session, campaign.id, language)
    if found is None or campaign.revision_id is None:
        return None
    sent, copies, languages = found
    document = issues.document_of(session.get_one(Revision, campaign.revision_id))
    table = LinkTable.of(document, list_.utm)
    if campaign.winner == ARM_B:
        document = with_subject_b(document, campaign.subject_b)
    edition = app.edition(session, document, list_, table)
    subject, html = app.confined(mail_pictures.made, edition, sent.variant, app.clock.now())
    bytes_of = stored_in(app.media_store(), app.settings.base_url)
    style, body, times = mail_pictures.marked(html, report.links, report.totals.tracked, bytes_of)
    return MailPicture(sent, copies, languages, subject, style, body, times)
