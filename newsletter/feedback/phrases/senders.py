"""What servers say of who sends: the sender's address, the machine, its name and its reputation, and what it may do."""

from newsletter.feedback.verdicts import Reason

from .rows import row

_SENDER = r"(?:sender|originator|envelope[- ]?(?:from|sender)|return[- ]?path|reverse-?path|mail ?from|from address|sending domain)"
_REFUSED = r"(?:reject|denied|deny|refus|block|black|bann|unknown|invalid|bad\b|illegal|malformed|unresolv|not |does ?n|could ?n|cannot|disabled|has (?:no|a? ?null)\b)"
_SHUT = r"(?:suspended|disabled|deactivated|inactive|blocked|locked|frozen|closed|paused|terminated|cancell?ed|expired|restricted)\b"
_OFF = r"(?:suspended|disabled|deactivated|blocked|paused|restricted)\b"
_TIMES = r"(?:hour|day|minute|second|week|month)"
_COUNTED = r"(?:limits?|quotas?|rate|allowance|threshold)\b"

LIMITS = row(  # how much may be sent: said in the words of full mailboxes
    Reason.RATE,
    r"\bthrottl",
    rf"\b(?!(?:daily )?relay quota)(?:daily|hourly|weekly|monthly|peak|sending|send|submission|outgoing|outbound|relay) (?:(?:e?-?mail|user|message|recipient|smtp|relay|sending|submission|account)s? ){{0,3}}{_COUNTED}",
    r"(?:submission|sending|sender|send)quota",
    rf"\b(?:limit|quota|exceed|reach|maximum|max)\w*\b.{{0,60}}(?: per |/ ?){_TIMES}\b",
    r"\b(?:limit|quota)\b.{0,40}\b(?:today|this hour)\b",
    rf"\b(?:sender|sending|client)(?:'s)?\b (?:\w+ ){{0,3}}(?:over|exceed\w*|reach\w*) (?:\w+ ){{0,4}}{_COUNTED}",
    rf"{_COUNTED}.{{0,12}} (?:of|for) (?:the |this |your )?(?:sender|client)\b",
    r"policy rejection\b.{0,20}\bquota",
    r"too many (?:\w+ ){0,2}(?:unknown|invalid|bad|wrong|non-?existent|errors|failures)\b",
)
ACCOUNT = row(  # ours with the server that was to pass it on: said in the words of closed and unknown mailboxes
    Reason.BLOCKED,
    rf"\b(?:your|sender|sender's|sending|client|api) (?:(?:e?-?mail|user|smtp|sending|customer|client|hosting) )?(?:account|user|login|service|subscription|access|domain)\b (?:[\w']+ ){{0,4}}{_SHUT}",
    r"\b(?:sender|sender's|sending) mail ?box\b.{0,20}(?:full|exceed|over)",
    r"\b(?:your (?:e?-?mail |user |customer |smtp )?account|api (?:user|account|key)|(?:client|sending|authenticated) (?:user|account))(?: name)?\b.{0,12}(?:not (?:be )?(?:found|exist|known|valid|active)|does ?n['o]t exist|unknown|invalid)",
    rf"\bsending (?:(?!to\b)[\w.@]+ ){{0,6}}{_OFF}",
    rf"\b(?:outgoing|outbound) (?:e?-?mails?|messages?|smtp)\b (?:[\w.@]+ ){{0,6}}{_OFF}",
    rf"{_OFF} for (?:outgoing|outbound|sending (?!spam))",
    rf"\b(?:smtp|relay(?:ing)?)(?: access| service)? (?:is |has been |was )?{_OFF}",
    r"\byou (?:cannot|can ?not|can't|may not) send\b(?! (?:e?-?mails? |messages? )?to\b)",
    r"(?<!if )\byou(?: are|'re) not (?:an? (?:[\w-]+ )?(?:user|customer|client)\b|one of )|\bnot an? (?:\w+ )?(?:user|customer|client) of (?:this|our|the) (?:\w+ )?(?:relay|gateway)\b",
    r"\bno account for (?:your |this |the )?(?:ip|host|client|server)\b|(?:mail|messages?) from (?:unknown|unauthori[sz]ed|unverified)\b",
)
SENDER = row(
    Reason.BLOCKED,
    rf"\b{_SENDER}(?:'s)?(?: e?-?mail)?(?: address| host| domain| name| dns| verify| verification| callout| @| <@>)*[ :,;]*(?:\w+ ){{0,2}}{_REFUSED}",
    rf"\b(?:unroute?able|invalid|bad|unknown|unverified|illegal|malformed|blocked|unresolvable|blacklisted|unauthori[sz]ed|banned|forbidden|forged|fake|missing|non-?existent) {_SENDER}",
    r"(?:cannot|could ?n[o']t|unable to|can't|failed to) (?:verify|validate|resolve|find) (?:the |your )*(?:sender|domain of sender|envelope|return|mail from)",
    r"sender (?:address )?(?:verify|verification) fail|sender callout",
    r"domain (?:of|in) (?:the )?sender(?: address)?\b|(?:in|for) (?:the )?(?:sender|envelope from) (?:address|domain)",
    r"emetteur invalide",
    r"(?:null|empty) (?:envelope )?sender",
    r"invalid domain name\b",
    r"purported responsible address",
    r"(?:valid|invalid|bad|missing) from:",
    r"invalid dns mx or a\b",
    r"5\.1\.[78]\b",
)
LISTS = row(
    Reason.BLOCKED,
    r"not (?:an? )?(?:member|subscriber)s?\b",
    r"(?:only|must be) .{0,20}(?:members?|subscribers?|owner|moderators?)\b",
    r"(?:permission|authori[sz]ed|allowed|permitted) to (?:post|send) (?:e?-?mails? |messages? )?(?:to|in)\b",
    r"groups\.google\.com/support",
    r"(?:recipient|user|addressee|customer) (?:has )?(?:blocked|refuse[sd]|rejected) (?:you|your|mail from)",
    r"restrict(?:ed|s) (?:to|senders?|who)\b|allowed senders|(?:address|user|recipient|mail ?box) .{0,20}blocked (?:by|from)",
)
FILTER = row(  # of KDDI's: the address was taken, and a filter of the reader's refuses the mail
    Reason.BLOCKED,
    r"55\d ?: user unknown|^@ \[user unknown\]",
    r"domain filter|rejected by (?!.{0,15}(?:spam|content|virus)).{0,20}filter|message filtered|\bsieve\b",
    r"(?:user|recipient|receiver|customer|personal)(?:'s)? (?:mail |personal |own )?filter",
)
RELAY = row(
    Reason.POLICY,
    r"relay(?:ing)?\b.{0,40}(?:denied|not (?:permitted|allowed|authori[sz]ed|enabled|supported)|prohibited|refused|reject|forbidden|disallowed|impossible|attempt)",
    r"(?:unable|not (?:allowed|permitted|authori[sz]ed)|refus\w+|cannot|won't|will not|do not|don't|not|no|denied|attempt) (?:\w+ )?(?:to )?relay",
    r"(?:insecure|open|illegal) (?:mail )?relay\b",
    r"rcpthosts",
    r"not a gateway",
    r"we do ?n[o']t (?:handle|accept) mail for",
    r"(?:server|system|host|machine) (?:is not configured to|does ?n[o']t) (?:relay|handle|route|forward)",
)
IDENTITY = row(
    Reason.POLICY,
    r"\bdmarc\b|\bspf\b|\bdkim\b|domainkeys|sender policy framework|sender[- ]id\b",
    r"spoof|unauthenticated|not authenticated|authentication|not logged ?(?:in|on)\b|(?:bad|invalid|wrong) (?:password|credentials)|\bauth(?:enticate)? (?:is )?(?:required|failed)|(?:must|have to|please) (?:first )?(?:log ?in|sign in)\b|log ?in before",
    r"5\.7\.(?:20|21|22|23|24|26|509)\b",
)
GREETING = row(  # what the machine calls itself; its name is not found either
    Reason.BLOCKED,
    r"\bunknown client\b|host (?:is )?unknown\b.{0,20}\bclient\b|(?:resolve|verify|find|look ?up) (?:the |your )?client\b",
    r"\b(?:unknown|unresolvable|bad|invalid) host(?: ?name)?:? \W{0,2}(?:\d{1,3}\.\d{1,3}\.\d|ipv6:)",
    r"(?:helo|ehlo)\b.{0,60}(?:reject|invalid|denied|refus|not |bad|must|syntax|block|mismatch|does)|(?:invalid|bad) (?:helo|ehlo)",
    r"\b(?:client|your|sending|connecting|originating) (?:[\w-]+ ){0,2}(?:host(?: ?name)?|server|machine|ip|domain)\b.{0,40}(?:not (?:be )?(?:found|resolv)|unknown|no (?:reverse|valid|dns|mx)|does ?n[o']t|invalid)",
)
NAMELESS = row(  # the machine has no name, or not the one that it says
    Reason.BLOCKED,
    r"reverse[ -]?(?:dns|lookup|name|resol|map|address|path dns)|\brdns\b|\bptr\b|fcrdns",
    r"(?:find|resolve|verify|lookup|no|missing|invalid|without|match) (?:a |the |your )?(?:valid )?(?:reverse|rdns|ptr|hostname|host name|client)\b",
)
REPUTATION = row(
    Reason.BLOCKED,
    r"reputation|sender ?score|user complaints|intrusion|spams? (?:coming )?from (?:your|this)",
)
MACHINE = row(
    Reason.BLOCKED,
    r"block ?list|black ?list|\bblocked\b|\bbanned\b|deny ?list|\bdnsbl|\brbls?\b",
    r"spamhaus|spamcop|barracudacentral|sorbs\.net|uceprotect|senderscore|senderbase|invaluement|trendmicro.{0,30}reputation|abuseat",
    r"client host .{0,80}rejected|your (?:ip|host|server|network|mail server|country)\b.{0,60}(?:reject|denied|block|not allowed|refus|list)",
    r"\bip(?: address)?:? .{0,60}(?:block|reject|denied|refus|listed|not (?:allowed|authori[sz]ed|permitted|accepted))",
    r"invalid ip for sending|ip (?:address )?not (?:in|authori)",
    r"refused to talk to me|not accepting connections|my name was rejected|access denied, (?:traffic|bann|sending|spam)",
    r"messages from .{0,60}(?:weren't|were not|was not|not) (?:sent|accepted)|unfortunately, messages from",
    r"(?:dynamic|residential|dial-?up) (?:ip|address|host|client)|generic (?:hostname|ptr|rdns)",
    r"not (?:allowed|permitted|authori[sz]ed) to (?:connect|send (?:mail|e-?mail|messages)?)|no permission to send",
    r"(?:connection|connect) (?:@ )?(?:was |has been |is )?(?:refused|rejected|denied|blocked|prohibited)(?! by \[127| for content)",
    r"suspicious|abus(?:e|ive)\b|relay quota|go away\b|no access from mail server|spams from your ip|spammer|bad guy|e?-?mails? (?:is|are) not welcome",
    r"(?:sending|your) domain .{0,60}(?:block|reject|denied|not allowed|listed|banned)",
    r"not in (?:the |my |our )?(?:white ?list|allow)",
)
