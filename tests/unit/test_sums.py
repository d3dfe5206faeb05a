from newsletter.ledger.tables import DeliveryState, Exclusion
from newsletter.reports.sums import sentence

NOTHING = dict.fromkeys(DeliveryState, 0)


def test_a_sum_says_why_readers_were_left_out_and_names_each_end() -> None:
    states = NOTHING | {DeliveryState.ACCEPTED: 12_345, DeliveryState.EXCLUDED: 1_003, DeliveryState.UNKNOWN: 2}
    reasons = {Exclusion.SUPPRESSED: 3, Exclusion.NOTHING_TO_READ: 1_000}
    assert sentence(13_350, states, reasons) == (
        "13,350 = 12,345 accepted + 1,003 excluded (3 never to be mailed, 1,000 nothing in it for them)"
        " + 0 rejected + 2 unknown"
    )


def test_what_is_open_is_in_the_sum_only_while_it_is() -> None:
    states = NOTHING | {DeliveryState.PENDING: 4, DeliveryState.DEFERRED: 1}
    assert sentence(5, states, {}) == "5 = 0 accepted + 0 excluded + 0 rejected + 0 unknown + 4 pending + 1 deferred"


def test_a_sum_that_does_not_hold_is_said_first() -> None:
    said = sentence(1_300, NOTHING | {DeliveryState.ACCEPTED: 1_299}, {})
    assert said == (
        "THE SUM IS BROKEN, please report this: 1,300 is not 1,299 accepted + 0 excluded + 0 rejected + 0 unknown"
    )


def test_every_reason_has_its_words() -> None:
    for reason in Exclusion:
        assert "excluded (1 " in sentence(1, NOTHING | {DeliveryState.EXCLUDED: 1}, {reason: 1})
