import json
from pathlib import Path

import pytest

from newsletter.feedback.conversations import Step
from newsletter.ledger.settling import Settlement
from newsletter.ledger.tables import DeliveryState
from newsletter.sending.journal import AttemptJournal, dead_journals
from newsletter.sending.outcomes import Outcome


def a_dead_journal(folder: Path) -> AttemptJournal:
    journal = AttemptJournal(folder, "dead")
    journal.begin_group(7, {1: 1, 2: 1, 3: 2, 4: 1})
    journal.begun([1, 2])
    journal.replied(1, Outcome(DeliveryState.ACCEPTED, "queue 9", None))
    journal.begun([3])
    journal.replied(3, Outcome(DeliveryState.DEFERRED, None, "451 später"))
    return journal


def verdicts(folder: Path) -> dict[str, dict[int, str]]:
    return {
        owner: {seq: records.verdict(7, seq, 2 if seq == 3 else 1).state.value for seq in (1, 2, 3, 4)}
        for owner, records in dead_journals(folder)
    }


def test_a_dead_journal_tells_begun_answered_and_untouched_apart(tmp_path: Path) -> None:
    a_dead_journal(tmp_path).close(keep=True)
    assert verdicts(tmp_path) == {"dead": {1: "accepted", 2: "unknown", 3: "deferred", 4: "pending"}}
    assert list(tmp_path.iterdir()) == []


def test_what_was_answered_is_kept_word_for_word(tmp_path: Path) -> None:
    journal = a_dead_journal(tmp_path)
    assert journal.records().verdict(7, 3, 2).error == "451 später"
    assert journal.records().verdict(7, 1, 1).provider_id == "queue 9"
    assert journal.records().verdict(7, 1, 2).state == DeliveryState.PENDING
    journal.close(keep=False)


def test_where_a_server_refused_is_kept_too(tmp_path: Path) -> None:
    journal = a_dead_journal(tmp_path)
    journal.replied(2, Outcome(DeliveryState.REJECTED, None, "550 gone", Step.RECIPIENT))
    journal.close(keep=True)
    ((_, records),) = dead_journals(tmp_path)
    assert records.answers()[7][1] == Settlement(2, 1, DeliveryState.REJECTED, None, "550 gone", Step.RECIPIENT)
    assert records.verdict(7, 2, 1) in records.answers()[7]
    assert records.verdict(7, 1, 1).step is None


def test_the_journal_of_a_living_sender_is_left_alone(tmp_path: Path) -> None:
    journal = a_dead_journal(tmp_path)
    assert verdicts(tmp_path) == {}
    journal.close(keep=False)
    assert list(tmp_path.iterdir()) == []


def test_what_is_settled_is_forgotten(tmp_path: Path) -> None:
    journal = a_dead_journal(tmp_path)
    journal.forget()
    journal.begin_group(8, {1: 1})
    journal.begun([1])
    assert journal.records().verdict(7, 2, 1).state == DeliveryState.PENDING
    assert journal.records().verdict(8, 1, 1).state == DeliveryState.UNKNOWN
    journal.close(keep=False)


def test_a_journal_from_before_the_last_boot_is_not_believed(tmp_path: Path) -> None:
    a_dead_journal(tmp_path).close(keep=True)
    file = tmp_path / "dead.journal"
    _, rest = file.read_text().split("\n", 1)
    file.write_text(json.dumps({"owner": "dead", "boot": "another"}) + "\n" + rest)
    assert verdicts(tmp_path) == {}
    assert not file.exists()


def test_a_last_line_cut_short_is_passed_over(tmp_path: Path) -> None:
    a_dead_journal(tmp_path).close(keep=True)
    with (tmp_path / "dead.journal").open("a") as file:
        file.write("b 7 4")
    assert verdicts(tmp_path)["dead"][4] == "pending"


def test_a_journal_is_kept_until_its_verdicts_are_written(tmp_path: Path) -> None:
    a_dead_journal(tmp_path).close(keep=True)
    with pytest.raises(OSError, match="the database is away"):
        for _ in dead_journals(tmp_path):
            raise OSError("the database is away")
    assert [file.name for file in tmp_path.iterdir()] == ["dead.journal"]


def test_what_went_again_after_an_answer_is_unknown_until_the_next_answer(tmp_path: Path) -> None:  # F11
    journal = AttemptJournal(tmp_path, "again")
    journal.begin_group(7, {1: 1})
    journal.begun([1])
    journal.replied(1, Outcome(DeliveryState.PENDING, None, "another reader of the call was refused"))
    assert journal.records().verdict(7, 1, 1).state == DeliveryState.PENDING
    journal.begun([1])
    assert journal.records().verdict(7, 1, 1).state == DeliveryState.UNKNOWN
    journal.replied(1, Outcome(DeliveryState.ACCEPTED, "queue 9"))
    assert journal.records().verdict(7, 1, 1).state == DeliveryState.ACCEPTED
    journal.close(keep=False)
