"""The sentence that every campaign ends with: where each copy of its audience is, and that none is missing."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from newsletter.ledger import balance
from newsletter.ledger.tables import DeliveryState, Exclusion

_ALWAYS = (DeliveryState.ACCEPTED, DeliveryState.EXCLUDED, DeliveryState.REJECTED, DeliveryState.UNKNOWN)
_WHY = {
    Exclusion.SUPPRESSED: "never to be mailed",
    Exclusion.UNSUBSCRIBED: "left the list",
    Exclusion.UNCONFIRMED: "not confirmed",
    Exclusion.ERASED: "erased",
    Exclusion.PAUSED: "paused the list",
    Exclusion.OFF_ROSTER: "no longer on the school's list",
    Exclusion.ENOUGH_THIS_MONTH: "had their mail of the month",
    Exclusion.ENOUGH_THIS_WEEK: "had enough mails this week",
    Exclusion.NOTHING_TO_READ: "nothing in it for them",
}


def sum_of(session: Session, campaign_id: int) -> str:
    """The sentence of one campaign. Raises `CampaignNotFound`."""
    found = balance.balance(session, campaign_id)
    return sentence(found.audience, found.counts, balance.exclusions(session, campaign_id))


def sentence(audience: int, states: Mapping[DeliveryState, int], reasons: Mapping[Exclusion, int]) -> str:
    """`N = a accepted + b excluded (why) + c rejected + d unknown`, and the other states where they are not zero.

    A sum that does not hold is said before anything else.
    """
    shown = (*_ALWAYS, *(state for state in DeliveryState if state not in _ALWAYS and states[state]))
    why = ", ".join(f"{count:,} {_WHY[reason]}" for reason, count in reasons.items())
    terms = {state: f"{states[state]:,} {state}" for state in shown}
    if why:
        terms[DeliveryState.EXCLUDED] += f" ({why})"
    if sum(states.values()) != audience:
        return f"THE SUM IS BROKEN, please report this: {audience:,} is not {' + '.join(terms.values())}"
    return f"{audience:,} = {' + '.join(terms.values())}"
