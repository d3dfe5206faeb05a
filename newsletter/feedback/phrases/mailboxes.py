"""What servers say of a mailbox: closed, full, unknown, moved, or of a domain that takes no mail."""

from newsletter.feedback.verdicts import Reason

from . import languages
from .rows import row

_MAILBOX = r"(?:mail ?box|mail-?folder|inbox|mail ?file|mail ?store|maildir|mail ?drop)"
_ROOM = r"(?:quota|storage|space|disk|allocation|capacity|size|limit|allowance)"
_PARTY = (
    r"(?:user|customer|account|recipient|addressee|mail ?box|inbox|(?:e-?)?mail ?address|address|alias|login|person)"
)
_CLOSED = (
    r"(?:disabled|suspended|deactivated|inactive|frozen|locked|on hold|closed|terminated|cancell?ed|discontinued"
    r"|archived|dormant|blocked(?! (?:by|from|you))|restricted(?! to)|expired|paused|not (?:yet )?(?:active|activated|enabled))"
)
_STANDS = (
    r"(?:[ :,]*(?:@|is|are|has|have|been|was|status|state|currently|temporar(?:il)?y|permanently|administratively|now|already"
    r"|either|at this time|that you tried to reach|you are trying to reach|\(s\)|account|mail ?box|id|name|address)){0,7}[ :,]*"
)
_NONE = r"(?:unknown|no such|non-?existent|unrecogni[sz]ed|undefined|inexistent|invalid|bad|illegal|wrong|incorrect|unlisted)"
_WHICH = r"(?:(?:local|virtual|destination|final|smtp|target|remote|internal|(?:e-?)?mail|user|mail ?box|recipient|[^\w\s]) ?){0,8}"
"""No two of them begin alike, but for a mail and its box: else the time doubles with each word that follows."""
_IS_NOT = (
    r"(?:unknown|unrecogni[sz]ed|undeliverable|nonexistent|non-existent|invalid\b|not (?:be )?(?:exist|found|known\b|recogni[sz]ed"
    r"|listed|present\b|valid\b|defined|located|registered)|(?:does|do|did) ?n[o'’]?t (?:currently )?exist|dosn'?t exist|no longer"
    r"|(?:be|is|was|were|been) (?:deleted|removed)|(?:cannot|can't|can not|could ?n[o'’]t|wasn['’]t|isn['’]t) (?:be )?(?:found|known|valid|located|verified))"
)

CLOSED = row(
    Reason.SUSPENDED,
    rf"(?<!your )(?<!sender )\b(?<!\bip )(?<!ipv4 )(?<!ipv6 ){_PARTY}s?{_STANDS}{_CLOSED}\b(?! (?:e?-?mail )?address)",
    rf"\b{_CLOSED}(?: or \w+)? (?:account|mail ?box|user\b|recipient)(?! domain)",
    r"(?:user or|users?) domain is disabled",
    r"invalid/inactive|inactive/invalid",
    r"mailbox unavailable or access denied",
    r"address no longer accepts mail|marked (?:as )?inactive",
    r"recipient suspend(?:s|ed)? the service",
    rf"(?:@[ \"':)]{{0,3}}|this domain|\b{_PARTY} [\"']?[\w.+-]{{1,64}}[\"']?) is (?:a )?(?:currently |temporarily )?(?:suspended|deactivated|disabled|frozen)\b",
    *languages.CLOSED,
)
FULL = row(
    Reason.MAILBOX_FULL,
    rf"{_MAILBOX}.{{0,40}}\b(?:full|overflow)",
    rf"{_MAILBOX}.{{0,40}}(?:exceed|over (?:the |its |their )?|limit (?:is |was )?reached|too large|reached (?:its|the) (?:max|limit|quota|size))",
    r"full mail ?box",
    r"over ?-?(?:the |its |their |your )?(?:disk |storage |allowed |allotted |mail ?box |size )?quota",
    r"[45]\.2\.2\b.{0,30}(?:not enough|out of) (?:disk |storage )?space",
    r"automatically rejected: not enough disk space",
    r"out of quota",
    r"(?<!sending )(?<!sender )(?<!daily )(?<!hourly )(?<!relay )\bquota.{0,25}(?:exceed|violat|full|reached|excess|exhausted|overdrawn|used up)",
    r"(?:disk|mail|storage|user|space|hard|soft|recipient|domain).{0,12} quota.{0,30}(?:exceed|full|reach|over)",
    rf"exceed\w* (?:[\w'’]+ ){{0,4}}(?:mail ?box|storage|disk|space|inbox|folder)(?: {_ROOM})*\b",
    r"exceed\w* (?:the |its |their |his |your |allowed |maximum )*quota\b",
    r"would (?:exceed|be over|go over) (?:[\w']+ ){0,3}quota",
    r"number of messages in recipient's mailbox",
    r"user has (?:exhausted|exceeded|used up|too many messages|no more space|reached)",
    rf"(?:not enough|insufficient|no|lack of|out of) (?:free )?(?:mail ?box |disk |storage )?(?:space|storage|room|quota)\b.{{0,40}}(?:user|recipient|account|{_MAILBOX})",
    rf"(?:user|recipient|account|{_MAILBOX}).{{0,30}}(?:not (?:have )?enough|insufficient|no more|out of|ran out) .{{0,12}}(?:space|storage|room|quota)",
    r"(?:account|recipient|user)(?:'s)? (?:@ )?(?:is |storage )(?:currently )?(?:full|over)\b",
    r"overquota|quotaexceeded|over_quota",
    r"too much mail data",
    r"allowed message storage",
    r"_?mailbox_?full",
    *languages.FULL,
)
SPARED = row(  # whoever sends for us does not try: others had it back or complained
    Reason.OTHER,
    r"suppression list|(?:previously|recently) (?:bounced|unsubscribed|complained)|spam reporting address",
)
KNOWN_TO_BE_NONE = row(  # said by what keeps the mailboxes
    Reason.NO_SUCH_USER,
    r"recipient(?:'s)? (?:e?-?mail )?name is not recogni[sz]ed|unknown recipient\b",
    r"(?:not (?:listed|found) in|ディレクトリ).{0,25}(?:domino|name & address|directory|ません)",
    r"mail\.local: unknown|vdelivermail.{0,40}no such|unknown (?:local )?user: @|vpopmail",
    r"as\(201806281\)|access denied.{0,60}(?:outlook\.com|protection)|5\.4\.1 (?:@ ?: )?access denied",
    r"mailbox unavailable \(s2017062302\)|no valid recipients for this mm|badrcptto|validrcptto",
    r"mailaddress unknown|unknown or illegal (?:alias|user)|unrout(?:e)?able address",
    r"recipientnotfound|recipnotfound",
    r"e-?mail address (?:you entered )?could ?n[o']t be found|wasn't found at\b",
    permanent=True,
    is_first_hand=True,
)
UNKNOWN = row(
    Reason.NO_SUCH_USER,
    rf"\b{_NONE} {_WHICH}{_PARTY}s?\b(?!.{{0,12}}(?:sender|format|syntax))",
    rf"\b{_NONE} (?:local[- ]?part|mail ?user|person|e?-?mail|(?:domino|notes) user|id)\b",
    rf"\b{_PARTY}s?(?:'s)?{_STANDS}(?:could |can |does |do )?{_IS_NOT}",
    r"nosuchuser|usernotfound|unknownuser|user_?unknown|no_such_user",
    r"no (?:mail ?box|account|user|one|recipient|person|e?-?mail)s? (?:here|found|exists?|at this|with th|by th|of th|for th|named|like|available)",
    r"(?:no|not any) (?:mail ?box|valid recipients?)(?:$|[.,;)])",
    r"there is no (?:one|such|user|account|mail ?box|e?-?mail)",
    r"(?:not|isn['’]t|aren['’]t) (?:an? |one of (?:our|the|my) |our |my |the )(?:[\w-]+ ){0,2}(?:users?|mail ?box|recipients?|customers?|mail account|local account)\b(?! (?:list|is))",
    r"not (?:local|registered|valid|known) (?:users?|mail ?box|recipients?|customers?)\b",
    r"(?:unable to|could ?n[o'’]t|cannot|can['’]t|can not) (?:find|locate|verify|match|identify) (?:the |that |this |your )?(?:[\w-]+ )?(?:user|recipient|mail ?box|account|addressee|address)",
    r"(?:name|recipient) (?:is |was )?not (?:recogni[sz]ed|found)",
    r"not (?:listed|found|present|exist) in (?:the )?(?:[\w' &]+ )?(?:domino|public|name|address|directory|list of)",
    r"(?:e-?mail )?address (?:\S{1,40} )?(?:is |was )?(?:misspelled|mistyped|wrong)",
    r"p=nosuchuser",
    r"account (?:has been |was |is )(?:deleted|removed)",
    r"(?:has|have) no (?:such )?(?:mail ?box|account|email)",
    r"does ?n['o]t have an? (?:\S{1,40} )?account",
    r"(?:does ?n['’o]t|not) exist(?:$|[.,;)!]| here| on| at| in (?:this|our|the))(?!.{0,20}(?:dns|file|directory\b))",
    r"not a (?:valid|known|local|legal|recogni[sz]ed) (?:mail ?user|user|mail ?box|recipient|address|account|e?-?mail)",
    r"(?:not|no) (?:known|longer) (?:at this|on this|here|with us|valid|available|in use)\b",
    r"inactive e?-?mail address",
    r"bad destination mail ?box|(?:do|does) ?n[o'’]t know (?:this|that|the|any) (?:user|recipient|address|person)|address is not hosted",
    r"@ (?:dosn't|does ?n[o']t|not) exist|^[\d. ]{3,12}@ is invalid|undeliverable address|addresses were unknown",
    r"mail ?box address (?:is )?not",
    r"nobody here by that name",
    r"dest(?:ination)? (?:address |user )(?:unknown|not)",
    *languages.UNKNOWN,
    permanent=True,
)
NO_HOST = row(
    Reason.NO_SUCH_USER,
    r"(?:unknown|no such|non-?existent|invalid|illegal|bad|unresolvable) (?:mail )?(?:destination )?(?:host|domain)(?:/domain| or domain)?(?: name)?\b(?!.{0,20}(?:sender|helo|ehlo|from))",
    r"(?:host|domain)(?:/domain| or domain)?(?: name)?(?: @| \S{3,80})?:? (?:is |was )?(?:not (?:found|known|exist|registered|valid)|unknown|does ?n['o]t exist|could not be found|invalid|nonexistent)(?!.{0,30}(?:servfail|try again))",
    r"unrout(?:e)?able (?:mail )?(?:domain|address)",
    r"(?:unable|failed|not able) to resolve (?:the )?(?:mx )?(?:host|domain)\b(?!.{0,20}sender)",
    r"nxdomain|domain name not found|name or service not known|no such domain",
    r"could ?n[o']t find any host (?:by that name|named)",
    r"mx records? (?:that )?point to (?:a )?non-?existent",
    r"bad destination (?:system|host)",
    r"no (?:mx or )?(?:a|aaaa|dns|address)(?:,? (?:or|and) (?:mx|a))* records? (?:found )?(?:for|found)(?!.{0,20}(?:sender|your))",
    r"no (?:mail|smtp) (?:servers?|hosts?|exchangers?) (?:appears?|exists?|found|for|could)",
    r"dns\.nonexistentdomain",
    r"dns domain .{0,80}does not exist",
    r"address family not supported for domain",
    r"recipient'?s? domain .{0,20}(?:does not exist|not found|invalid|rejected)",
    *languages.NO_HOST,
    permanent=True,
    is_first_hand=True,
)
MOVED = row(
    Reason.NO_SUCH_USER,
    r"(?:user|recipient|customer|account|mail ?box|he|she|person) (?:@ )?(?:has |have )?(?:been )?moved\b",
    r"has moved to",
    r"(?:e-?mail |mail )?address (?:@ )?(?:has |was )?(?:been )?(?:changed|replaced|migrated|retired)",
    r"user (?:is )?not local\b",
    r"not our user",
    r"(?:use|try|update to) (?:the |my |his |her |our )?(?:new|following) (?:e-?mail |mail )?address",
    r"no longer (?:works?|employed|an employee|with (?:the|this|our)|a (?:user|customer|member))",
    r"has left (?:the |our )?(?:company|organi[sz]ation|school|university|firm)",
    r"has been replaced by",
    *languages.MOVED,
    permanent=True,
    is_first_hand=True,
)
REFUSES_ALL = row(
    Reason.OTHER,
    r"(?:does ?n['’o]t|do not|will not|never|no longer) (?:accept|receive|take)s? (?:any |incoming |e-?)*(?:mail|messages?)(?:$|[.,;!)(]| for this domain| here| at all| \()",
    r"null ?mx\b",
    r"indicated no smtp service",
    r"could ?n[o']t find a mail exchanger",
    r"system not accepting network messages",
    r"accepts no mail\b",
    r"no (?:valid )?mx (?:record|host)s? (?:found|for|exist)",
    permanent=True,
    is_first_hand=True,
)
BARE = row(  # nothing else is said: what stands before the mail is sent is said of the address
    Reason.NO_SUCH_USER,
    r"(?:recipient|address|recipient address) rejected[.:]?(?: - [\w.-]{1,64}| @)?(?: \(in reply to rcpt|$)",
    r"(?:requested (?:mail )?action not taken[:;,. -]*)?(?:mail ?box|account) (?:is )?(?:unavailable|not available|busy or unavailable)",
    permanent=True,
)
