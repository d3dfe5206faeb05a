"""In whose name the issue goes."""

from collections.abc import Iterator

from newsletter.issues.document import MEDIA
from newsletter.rendering import headers
from newsletter.rendering.headers import SenderInvalid
from newsletter.rendering.pictures import Pictures
from newsletter.rendering.readers import Identity

from .catalog import Check
from .findings import Finding, error, warning

_NOWHERE = ("localhost", "localdomain", "example.com", "invalid")


def findings(identity: Identity, pictures: Pictures) -> Iterator[Finding]:
    """What there is to say about the sender, the postal address and the logo."""
    logo = pictures.get(identity.brand.logo)
    if identity.brand.logo.startswith(MEDIA) and (logo is None or not logo.width):
        sentence = f"The logo {identity.brand.logo} is no stored picture, so letters go out without it."
        yield warning(Check.SENDER, 1, "list", sentence, "Set NEWSLETTER_LOGO to a picture of: newsletter media list")
    if not identity.postal_address.strip():
        sentence = "There is no postal address, and the law asks for one (CAN-SPAM, 15 U.S.C. 7704(a)(5))."
        yield error(Check.POSTAL_ADDRESS, 1, "list", sentence, "Set NEWSLETTER_POSTAL_ADDRESS, or that of the list.")
    try:
        domain = headers.sender(identity).domain
    except SenderInvalid as invalid:
        yield error(Check.SENDER, 1, "list", f"From is {identity.from_header!r}. {invalid}", "Set NEWSLETTER_FROM.")
        return
    if "." not in domain or domain.rpartition(".")[2] in _NOWHERE or domain in _NOWHERE:
        sentence = f"Nobody can answer to an address at {domain}."
        yield warning(Check.SENDER, 1, "list", sentence, "Set NEWSLETTER_FROM to an address of your own domain.")
