"""What a client calls itself. It is a claim: anybody may write a browser's name, so a good one proves nothing."""

import re
from enum import StrEnum
from functools import lru_cache

_KEPT = 4096
_PREFETCHERS = re.compile(r"Mozilla/5\.0|.* Edge/12\.246 Mozilla/5\.0")
"""Apple's Mail Privacy Protection, which says no more than this, and Gmail's own look ahead."""
_IMAGE_PROXIES = re.compile(r"GoogleImageProxy|YahooMailProxy")
_SCANNERS = re.compile(
    r"barracuda|proofpoint|mimecast|safelinks|url ?defense|trend ?micro|symantec|messagelabs|forcepoint|fireeye"
    r"|sophos|cloudmark|virustotal|ironport|mailguard|hornetsecurity|trustwave|link[ -]?(?:scan|check)|url[ -]?scan"
    r"|PhantomJS|Puppeteer|Playwright|Selenium",
    re.IGNORECASE,
)
_MAIL_PROGRAMS = re.compile(
    r"Microsoft Office/|Mozilla/4\.0 \(compatible; ms-office|Outlook-(?:iOS|Android)|Dalvik/\d|Lotus-Notes/|AppleMail/"
    r"|Mail/\d[\d.]* CFNetwork/|(?:Spark|Airmail|MailMate|Superhuman|Canary|BlueMail|Edison|K-9|FairEmail)\b"
)
_WEB_VIEWS = re.compile(r"Mozilla/5\.0 \(Linux; Android [^)]*; wv\)(?!.*compatible;)")
"""An app that shows a page adds its name, which may be that of its preview of links too."""
_BROWSERS = re.compile(
    r"(?:Mozilla|Opera)/\d[\d.]* \(|UCWEB/\d|(?:Nokia|SAMSUNG-|LG-|MOT-)[\w-]+/|(?:BlackBerry|SonyEricsson)\w*/"
)


class Client(StrEnum):
    """What sort of client a name is of."""

    BROWSER = "browser"
    MAIL_PROGRAM = "mail program"
    IMAGE_PROXY = "image proxy"
    """A mailbox provider's: it fetches a picture when the reader looks at the mail, and for nobody else."""
    PREFETCHER = "prefetcher"
    """A mailbox provider's: it fetches pictures whether anybody looks or not."""
    SCANNER = "scanner"
    """A scanner, a crawler, a tool."""
    OTHER = "other"
    """A name that no browser and no mail program has."""


@lru_cache(_KEPT)
def client_of(agent: str) -> Client:
    """What sort of client has this name."""
    if _PREFETCHERS.fullmatch(agent):
        return Client.PREFETCHER
    if _IMAGE_PROXIES.search(agent):
        return Client.IMAGE_PROXY
    if _SCANNERS.search(agent) or (_is_crawler(agent) and not _WEB_VIEWS.match(agent)):
        return Client.SCANNER
    if _MAIL_PROGRAMS.match(agent):
        return Client.MAIL_PROGRAM
    return Client.BROWSER if _BROWSERS.match(agent) else Client.OTHER


def _is_crawler(agent: str) -> bool:
    from crawleruseragents import is_crawler  # noqa: PLC0415 - it reads a large list, and most commands need none

    return bool(is_crawler(agent))
