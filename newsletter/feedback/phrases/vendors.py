"""Codes of large mail services and of Exchange, as their pages for postmasters explain them: surer than any words."""

from newsletter.feedback.verdicts import Reason

from .rows import row

_FRENCH = r"\b(?:lpn|ofr|ouk)\d{0,3}_"
"""Of La Poste and Orange, whose numbers mean the same."""

GONE = row(  # Orange and Yahoo look for the mailbox when they have the mail
    Reason.NO_SUCH_USER,
    rf"{_FRENCH}416\b",
    r"delivery error: dd this user",
    permanent=True,
    is_first_hand=True,
    is_said_late=True,
)
FULL = row(Reason.MAILBOX_FULL, rf"{_FRENCH}(?:417|513|514)\b", r"p=overquota")  # the latter is of Google
CLOSED = row(Reason.SUSPENDED, rf"{_FRENCH}42[056]\b", r"p=disableduser")
RATE = row(
    Reason.RATE,
    rf"{_FRENCH}10[3459]\b",
    r"\brl0{3,5}\d{1,3}\b",  # Comcast
    r"\brp-00\d\b",  # Outlook.com
    r"\bcx(?:thrt|mxrt|cnct)\b",  # Cox
    r"\b(?:hl:(?:icc|ifc|itc)|(?:mi|rp):(?:dmc|stc|sfq|qrc|drc|trc)|dt:icc)\b",  # NetEase
)
BLOCKED = row(
    Reason.BLOCKED,
    rf"{_FRENCH}(?:102|403|405|415|418|421|423|424|425|503|999)\b",
    r"\b(?:bl[01]{6}|es0{4}[01]0)\b",  # Comcast
    r"\b(?:sc|dy|ou)-00\d\b|\(s31[45]0\)",  # Outlook.com
    r"\[(?:tss?\d{1,2}|bl2\d|ipts\d{1,2})\]",  # Yahoo
    r"\((?:con|rtr|rly|dyn|cm|pz):\w{1,3}\)",  # AOL
    r"\b(?:c(?:x|dr|xrd)bl|ipbl[01]{3,5}|cxdns|aup(?:dns|bl)|cxsndr)\b",  # Cox
    r"\b(?:hl:(?:rep|ipb|mep)|wm:bl[iu]|dt:rbl)\b",  # NetEase
    r"\(bl\)$",  # T-Online
    r"resolver\.rst\.(?:notauthorized|restricted\w*|sendernotin\w*|senderblocked\w*)",  # Exchange
)
POLICY = row(
    Reason.POLICY,
    rf"{_FRENCH}(?:517|630)\b",
    r"\bmi:spf\b|\bdt:sum\b",  # NetEase
    r"resolver\.rst\.\w*auth\w*|transport\.rules\.reject|smtpsend\.sendernotauth",  # Exchange
)
CONTENT = row(
    Reason.CONTENT,
    rf"{_FRENCH}(?:506|510)\b",
    r"\b(?:dt|mi):sp[mb]\b",  # NetEase
    r"\(hv[uc]:b\w?\)",  # AOL
    r"resolver\.rst\.(?:recip|send)\w*size|cat\.invalidcontent",  # Exchange
)
TROUBLE = row(  # of Exchange
    Reason.SYSTEM,
    r"resolver\.(?:adr\.(?:ambiguous|badprimary|invalidinsmtp)|fwd|grp)|dns\.mxloopback|routing\.no",
)
ROWS = (GONE, CLOSED, FULL, RATE, BLOCKED, POLICY, CONTENT, TROUBLE)
