"""What servers say of the mail itself, and of rules that it breaks."""

from newsletter.feedback.verdicts import Reason

from . import languages
from .rows import row

POLICY = row(
    Reason.POLICY,
    r"for policy reasons|security (?:polic|issue|threat|risk)|content presents a potential|due to (?:a )?policy",
)
RULES = row(
    Reason.POLICY,
    r"policy (?:reasons?|violation|rejection|restriction|reject)|polic(?:y|ies)\b.{0,30}(?:reject|denied|block|prohibit|not accept)|due to .{0,20}polic|(?:reject|deni|block|refus)\w* (?:by|per) .{0,30}polic",
    r"administrative(?:ly)? (?:prohibit|denied|reject)|delivery not authori[sz]ed",
    r"multiple (?:addresses|from|senders).{0,30}(?:header|from)|(?:message-?id|date|from|subject|to|header).{0,20}(?:header )?(?:missing|duplicate|multiple|invalid|is required)|(?:missing|duplicate|invalid|malformed|bad) (?:\W?\w+\W? )?(?:headers?|message-?id)|headers? (?:fail|syntax)|(?:lone|bare|stray) (?:cr|lf|carriage|line)",
    r"protocol violation|header error|not (?:rfc|compliant)|rfc ?\(?[5]?[32]\d\d\)?.{0,30}(?:violat|complian|conform|not|5322)|violates? rfc|rfc 5322",
    r"virus|infected|malware|trojan|phish(?:ing)?|malicious",
    r"starttls|must issue a starttls|tls (?:is )?(?:required|negotiation)|encryption (?:is )?(?:required|needed)|requires (?:tls|encryption)|tlsa|\bdane\b|mta-sts",
    r"attachments?\b.{0,40}(?:not (?:allowed|accepted|permitted)|reject|prohibit|block|forbidden)|executable|(?:prohibited|forbidden|banned) (?:attachment|file)",
    r"5\.7\.9\b",
)
WORDS = row(
    Reason.CONTENT,
    r"(?:blacklisted|blocked|listed) (?:url|link|uri|domain in)|surbl|uribl|\burl\b.{0,40}(?:list|block|reject|spam)",
    r"\bspam\b|spam (?:message|content|score|detected|filter)|spamassassin|looks like spam|\bube\b|\buce\b|unsolicited|\bjunk(?:mail)?\b|bulk (?:e?-?mail|message)|spamminess|high-?probability|advertis|(?:prohibited|forbidden|bad|banned) (?:words?|phrases?|content)",
    r"content (?:was |is )?(?:reject|restrict|filter|block|not accept|policy|violation|denied)|message content|rejected (?:due to|because of|by|for) (?:its |the |message )?content|content (?:of (?:this|your) )?(?:message|mail)",
    r"mail rejected\. ",
    *languages.CONTENT,
)
SIZE = row(
    Reason.CONTENT,
    r"(?:message|mail|e-?mail|letter|attachment|headers?|body|line|size)\b.{0,40}(?:too (?:large|big)|(?<!queue )(?<!for )too long|exceeds?\b.{0,40}(?:size|limit|maximum|length)|larger than)",
    r"(?:size|length|line) (?:limit|of|exceed).{0,30}(?:exceed|larger|too)|maximum (?:message |mail )?size|max(?:imum)? message|(?:size|line|length) limit\b|exceeds (?:fixed |the )?(?:maximum|size|administrative)",
    r"mime\b.{0,40}(?:error|malform|invalid|nest)|malformed mime|8bitmime|not (?:7|8)-?bit|smtputf8|conversion|improper.{0,12}charset|media (?:error|type)",
)
