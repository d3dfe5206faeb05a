"""What servers say of the moment: too much at once, trouble of theirs or on the way, and time that is over."""

from newsletter.feedback.verdicts import Reason

from .rows import row

PROGRAM = row(  # a program that delivers failed: what it prints last need not be about the mailbox
    Reason.SYSTEM,
    r"procmail: (?:couldn't|could not|program failure|error)",
    r"command (?:died|failed|terminated|timed out|time limit exceeded)",
    r"(?:cannot|can't|couldn't|unable to|failed to) (?:create|exec(?:ute)?|chdir|fork|append|lock)\b",
    r"could not exec|has wrong (?:mode|owner)|failed to read response template|can(?: ?not|'t) open new",
)
RATE = row(
    Reason.RATE,
    r"too many (?:\w+ ){0,2}(?:connections?|recipients?|messages?|mails?|e-?mails?|sessions?|requests?|concurrent|simultaneous|rcpts?|deliver|invalid recipients|unknown|hosts?|smtp)",
    r"rate[- ]?limit|limit(?:ed)? (?:the )?rate|\bthrottl|slow(?:ing)? down|(?:sending|connection|message|delivery) (?:rate|limit)|unusual(?:ly high)? (?:rate|volume|amount|sending|traffic)",
    r"(?:exceed|reach)\w* .{0,40}(?:rate|per (?:hour|minute|day|second|connection)|connections?|maximum number of (?:messages|recipients|connections))",
    r"(?:connections?|sessions?|messages?|mails?|recipients?) .{0,30}(?:limit|exceeded|maximum)\b(?!.{0,12}size)",
    r"(?:daily|hourly|sending|sender) (?:(?!relay)\w+ )?quota|frequency (?:limit|of)|too frequent|excessive|max(?:imum)? (?:\w+ )?(?:sessions?|connections?|recipients?|messages per)\b|concurren\w+ .{0,20}(?:limit|exceed)|too (?:fast|frequent|often|quickly)|maximum number of concurrent|ports are busy|mail flood|4\.7\.28\b|5\.7\.28\b|receiving mail at a rate",
)
UNSURE = row(  # the DNS did not answer, or the server wants it once more: nobody knows yet
    Reason.SYSTEM,
    r"(?:not found|error|failure|failed)[,;:]? (?:please )?try again|servfail|dns query failed|unexpected name server reply|gr[ae]y-?list",
    r"\b(?:ldap|directory|database) (?:look-?up |server |query )?(?:failure|failed|error|timeout|time-?out|unavailable|down)\b",
    r"licen[cs]e (?:has |is )?(?:expired|invalid|exceeded)",
)
LOOP = row(
    Reason.SYSTEM,
    r"mail (?:is )?loop|loops? back|too many hops|(?:maximum )?hop count|routing loop|looping|forwarded more than the maximum|too many \"?received|delivered-to: .{0,30}loop",
)
UNREACHED = row(
    Reason.EXPIRED,
    r"(?:connection|connect|operation|session) timed out|socket error|did not accept our requests|host not reachable",
)
LOST = row(
    Reason.SYSTEM,
    r"establish an smtp connection",
    r"no route to host|(?:network|host) (?:is )?unreachable|server .{0,20}(?:is )?not accessible|lookup (?:failure|failed|error)|name server|temporary (?:dns|name)|dns (?:error|fail|server|lookup|problem|timeout)|servfail|name service error|temporary failure in name resolution",
    r"ldap|sql (?:error|server)|database|internal (?:system |server |software )?error|(?:system|server|local|software|program|unexpected|processing) (?:error|problem|fault)|configuration (?:error|problem)|misconfigur|i/o error|input/output",
    r"disk (?:is )?full|no space left|not enough (?:disk )?space|insufficient (?:system |disk )?(?:storage|resources|memory)|out of (?:memory|disk|storage|space)|system (?:is )?(?:full|busy|down|storage)|mail system (?:is )?full",
    r"(?:service|server|system|host|resources?|transport) (?:is |are )?(?:currently |temporarily )?(?:unavailable|not available|busy|down|overload|shutting down)|try again later|try later|closing (?:transmission|connection|channel)|service refus",
    r"lost connection|connection (?:was )?(?:lost|reset|dropped|closed|aborted)|(?:dropped|broken|reset) connection|broken pipe|unexpected(?:ly)? (?:clos|disconnect|eof)|lost in",
    r"transaction failed",
    r"temporary (?:failure|error|problem|local)|mailer (?:error|failure|died|problem)|pipe (?:to|command)|x-unix|error transferring|exit (?:status|code)|permission denied|no such file|can(?:not|'t) open|error writing|write error",
)
OVER = row(
    Reason.EXPIRED, r"message (?:has )?(?:expired|timed out)|envelope expired|queue\.expired|delivery (?:time )?expired"
)
EXPIRED = row(
    Reason.EXPIRED,
    r"message (?:has )?(?:expired|timed out)|(?:delivery|retry|queue|envelope|mail|time)\w*\.? ?(?:time )?(?:has )?expired|queue\.expired|expired;",
    r"retry time(?:out)? |retries|failing for a long time|delivery attempts|failed \d+ attempts|after \d+ tries|(?:too many|number of|maximum) (?:delivery |retry )?(?:attempts|retries)",
    r"tim(?:ed?|ing)[ -]?out|timeout",
    r"(?:not|could not be|cannot be|been) (?:able to )?(?:delivered|deliver|sent).{0,30}(?:for|within|in|after|last|until) .{0,20}(?:\d|day|hour|second|minute|period|multiple)|not (?:been )?(?:delivered|deliverable) (?:within|for|after)|deliver for the last|undelivered (?:after|for)|in the queue (?:for )?too long|delivered for too long|too old",
    r"(?:remote )?(?:host|server|mx)\b.{0,40}(?:not (?:responding|reachable|respond)|unreachable|did ?n[o']t (?:respond|accept our requests))|socket error|unable to (?:connect|contact|reach)|could ?n[o']t (?:connect|contact|reach)|(?:connect|connection|connecting) .{0,30}(?:failed|failure|error)|not reachable",
    r"find a gateway|giving up|cannot send message for|(?:was|is|has been) delayed",
)
