"""By what a message is known for what it is, where no part of it says so by its content type."""

from .messages import Part
from .originals import copy_in
from .patterns import either
from .replies import is_automatic

_DAEMON = either(
    r"mailer[-_. ]?daemon|post[-_]?master|poostmaster|mail delivery (?:sub)?system|mail deliver system",
    r"mail administrator|mdaemon|mail delivery service|system administrator|microsoft ?exchange",
    r"mail-daemon|internet mail delivery|delivery-?status|mta@|no-reply@sns\.amazonaws",
    r"bounce(?:s|d)?[-_.@]|mail system\b|autoresponder-bounce",
)
_SUBJECT = either(
    r"undeliver|returned (?:mail|to sender)|failure notice",
    r"delivery (?:status notification|failure|failed|problem|error|report|has failed)",
    r"(?:mail|message|e-?mail) (?:delivery )?(?:failed|failure|error|problem|system error)",
    r"could not be delivered|non[- ]?delivery|failed delivery|mail could not|delivery notification",
    r"nondeliverable|not delivered|mail error|warning: could not send|delayed mail|are not member",
    r"unzustellbar|nicht zugestellt|rückläufer|non remis|échec (?:de |d')|non distribu|no se ha podido",
    r"no entregad|n[aã]o entreg|mancato recapito|non recapitabile|onbestelbaar|kan ikke leveres",
    r"ikke leveres|kunde inte levereras|niedostarcz|не доставлен|недоставлен|メールエラー|配信不能",
    r"送信できません|配信エラー|退信",
    r"无法投递|傳遞失敗|반송",
)
_WORDS = either(
    r"could ?n[o'\u2019]t be (?:successfully )?delivered",
    r"(?:was|were|is|been) (?:not delivered|undeliverable|unable to deliver)|unable to deliver",
    r"delivery (?:to|of|has|failed|failure)|failed (?:permanently|to deliver)|not (?:yet )?(?:be(?:en)? )?delivered",
    r"wasn['\u2019]t delivered|permanent (?:error|failure|fatal)|had (?:delivery|permanent)|undeliverable",
    r"did not reach|error (?:occurred )?(?:while )?(?:attempting to |trying to )?deliver|not a member",
    r"rejected|bounced|送信できません|could not deliver|returned to (?:you|sender)|non-delivered",
)
_LATER = either(
    r"warning message only|this is a warning only|has been delayed|is delayed|delayed mail",
    r"still being retried|temporary failure report|you do not need to resend",
    r"will (?:keep trying|be retried|continue to (?:try|be)|retry)|not yet (?:been )?delivered",
    r"status notification \(delay\)|warning: (?:could not send|message)|notification: delayed",
    r"delivery (?:is |has been )?delayed|no action is required on your part|verzögert|retardé|再送を?続け",
)
_FORWARDED = either(
    r"^[ \t]{0,20}(?:fwd?|wg|tr|rv|enc|doorst|i)\s?:",
)
_ANSWER = either(
    r"^[ \t]{0,20}(?:re|aw|sv|antw|res|r|回复|答复)\s?[:\uff1a]",
    r"^[ \t]{0,20}(?:auto(?:matic|mated)?[- ]?(?:reply|response)|out of (?:the )?office)",
    r"^[ \t]{0,20}(?:automatische antwort|réponse automatique)",
)
_ERROR = either(
    r"error message|\b[45]\d\d[ -][45]\.\d|^[ \t]{0,20}(?:error|\W{0,3}5\d\d)\b",
)
_UNMISTAKABLE = either(
    r"^[ \t]{0,20}could not be delivered to: <|qmail-send program",
    r"this message was created automatically by mail delivery software",
    r"^[ \t]{0,20}-{3,}[ \t]{0,5}failure reasons",
    r"you are not a member of this mailing list|this is the mail system at host|this is the mailer-daemon",
)


def is_bounce(message: Part, words: str) -> bool:
    """Whether a server wrote this to say that it gives a copy back, or will."""
    headers = message.headers
    if headers.get("x-failed-recipients"):
        return True
    subject = headers.get("subject")
    is_titled, is_worded = bool(_SUBJECT.search(subject)), bool(_WORDS.search(words))
    if _DAEMON.search(headers.get("from")):
        return is_titled or is_worded or bool(_ERROR.search(words)) or is_later(message, words) or _has_copy(message)
    if _ANSWER.search(subject):
        return False
    is_by_nobody = headers.get("return-path").replace(" ", "") == "<>" and not is_automatic(message)
    is_titled = is_titled or (is_by_nobody and bool(_ERROR.search(words)))
    return (is_titled and is_worded) or bool(_UNMISTAKABLE.search(words))


def _has_copy(message: Part) -> bool:
    """Whether it gives a message back, as a part of it or in its words."""
    return next(message.inner(), None) is not None or bool(copy_in(message))


def is_later(message: Part, words: str) -> bool:
    """Whether the server still tries."""
    return bool(_LATER.search(message.headers.get("subject")) or _LATER.search(words[:3000]))


def is_forwarded(message: Part) -> bool:
    """Whether a person passed it on, as the subject says."""
    return bool(_FORWARDED.match(message.headers.get("subject")))
