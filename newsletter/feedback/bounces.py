"""Servers that give a copy back, or say that they still try: one verdict a recipient."""

from . import layouts, originals, signs
from .addresses import addresses_in
from .conversations import Step, status_in, step_in
from .headers import Headers
from .judging import Judgement, judge
from .layouts import Told
from .messages import Part
from .statuses import RecipientStatus, statuses
from .verdicts import Kind, Reason, Verdict

LONGEST_TEXT = 500
_GENERAL = frozenset({"", "5.0.0", "4.0.0"})
_MOST = 3000
"""How many characters are looked at of what is said of one recipient."""
_RECIPIENTS = 50
_TELLING = 8
"""A diagnostic of fewer characters tells nothing."""
_THERE = frozenset({Reason.MAILBOX_FULL, Reason.SUSPENDED})
"""What is full or closed is there, whatever code a server gives for it."""
_KINDS = {
    "failed": Kind.BOUNCE,
    "delayed": Kind.DELAYED,
    "delivered": Kind.NONE,
    "relayed": Kind.NONE,
    "expanded": Kind.NONE,
}


def bounces(message: Part, words: str, ours: tuple[str, ...]) -> tuple[Verdict, ...]:
    """What a server says of each recipient; nothing where no server wrote this.

    `words` is what it says to people, without the copy that it gives back; `ours` are the addresses that it came to.
    """
    groups = statuses(message, is_quoted=signs.is_forwarded(message))
    if groups:
        is_one = len({group.recipient for group in groups}) == 1
        return tuple(
            _of_status(group, words if is_one else layouts.about(group.recipient, words)[:_MOST], message)
            for group in groups
        )
    if not signs.is_bounce(message, words):
        return ()
    kind = Kind.DELAYED if signs.is_later(message, words) else Kind.BOUNCE
    told = _told(message, words, ours)
    return tuple(_of_words(one, one.words if len(told) > 1 else words, kind) for one in told)


def _of_status(group: RecipientStatus, words: str, message: Part) -> Verdict:
    step = Step.RECIPIENT if group.is_of_address else step_in(words)
    is_final = group.action == "failed"
    text = group.diagnostic
    judged = judge(group.status, text, step=step, is_final=is_final)
    if (judged.reason is Reason.OTHER and not judged.permanent) or len(text) < _TELLING:
        judged = judge(group.status, f"{text}\n{words}", step=step, is_final=is_final)
    elif judged.permanent and (other := judge("", words, step=step)).reason in _THERE:
        judged = other
    if judged.permanent and group.is_by_rule:
        judged = Judgement(permanent=False, reason=Reason.BLOCKED)
    status = status_in(text) or (status_in(words) if group.status in _GENERAL else "") or group.status
    kind = _kind(group, words, message)
    return _verdict(kind, group.recipient, judged, status, text or words)


def _kind(group: RecipientStatus, words: str, message: Part) -> Kind:
    if group.action in _KINDS:
        return _KINDS[group.action]
    if group.action or not signs.is_later(message, words):
        return Kind.NONE if group.status.startswith("2") else Kind.BOUNCE
    return Kind.DELAYED


def _told(message: Part, words: str, ours: tuple[str, ...]) -> list[Told]:
    """By the header that names those that failed, else by the layout of the words, else by the copy given back."""
    failed = [address for value in message.headers.all("x-failed-recipients") for address in addresses_in(value)]
    if failed:
        return [
            Told(address, layouts.about(address, words) or words)
            for address in list(dict.fromkeys(failed))[:_RECIPIENTS]
        ]
    shunned = [*ours, *addresses_in(message.headers.get("from"))]
    told = layouts.told_of(words, shunned)
    if told:
        return told
    return [Told(address, words) for address in _copy_was_to(message)] or [Told("", words)]


def _copy_was_to(message: Part) -> list[str]:
    inner = next(message.inner(), None)
    headers = inner.headers if inner else Headers.of(originals.copy_in(message))
    named = addresses_in(", ".join(headers.all("to"))) or layouts.labelled(originals.copy_in(message))
    return list(dict.fromkeys(named))[:_RECIPIENTS]


def _of_words(told: Told, words: str, kind: Kind) -> Verdict:
    status = status_in(told.words) or status_in(words)
    is_final = kind is Kind.BOUNCE
    judged = judge(status, told.words, is_final=is_final)
    if judged.reason is Reason.OTHER and not judged.permanent:
        judged = judge(status, words, is_final=is_final)
    return _verdict(kind, told.recipient, judged, status, told.words)


def _verdict(kind: Kind, recipient: str, judged: Judgement, status: str, text: str) -> Verdict:
    text = " ".join(text.split())[:LONGEST_TEXT]
    permanent = judged.permanent if kind is Kind.BOUNCE else None
    return Verdict(kind, recipient, permanent, status, Reason.OTHER if kind is Kind.NONE else judged.reason, text)
