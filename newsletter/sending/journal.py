"""The attempt journal: what a sender had on the wire when it died.

Each sender keeps one file, locked as long as it lives. A `write()` goes in before the bytes that make a message final;
it takes along the replies read since the last one, so that a reply is written before anything else is begun on its
connection. There is no fsync: the page cache survives a killed process, and the boot id in the first
line tells when it did not. Whoever gets the lock of a dead sender's file settles what that sender held.
"""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from newsletter import locked_files
from newsletter.feedback.conversations import Step
from newsletter.ledger.settling import Settlement
from newsletter.ledger.tables import DeliveryState

from .outcomes import Outcome

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_SUFFIX = ".journal"
_ENCODE = json.JSONEncoder().encode


class AttemptJournal:
    """The open journal of one sender. `begin_group` before a group is sent, `forget` once it is settled."""

    def __init__(self, folder: Path, owner: str) -> None:
        self._path = folder / f"{owner}{_SUFFIX}"
        self._head = _line({"owner": owner, "boot": _boot_id()})
        self._file = locked_files.create(self._path, self._head)
        self._campaign_id = 0
        self._attempts: dict[int, int] = {}
        self._unwritten: list[str] = []

    def begin_group(self, campaign_id: int, attempts: dict[int, int]) -> None:
        """Name the group that follows: its campaign, and the attempt number of each `seq`."""
        self._campaign_id, self._attempts = campaign_id, attempts

    def begun(self, seqs: Sequence[int]) -> None:
        """Note that the bytes which make these messages final are about to be written.

        Raises `OSError` where that cannot be noted: then they must not be written.
        """
        answers = len(self._unwritten)
        self._unwritten += [f"b {self._campaign_id} {seq} {self._attempts[seq]}\n" for seq in seqs]
        try:
            self.flush()
        except OSError:
            del self._unwritten[answers:]
            raise

    def replied(self, seq: int, outcome: Outcome) -> None:
        """Note what the other side answered; written with the next `begun`, or by `flush`."""
        state, provider_id, error, step = outcome
        refused = f', "{step}"' if step else ""
        said = f'["{state}", {_quoted(provider_id)}, {_quoted(error)}{refused}]'
        self._unwritten.append(f"r {self._campaign_id} {seq} {self._attempts[seq]} {said}\n")

    def flush(self) -> None:
        """Write what is noted and not written yet."""
        if self._unwritten:
            locked_files.append(self._file, "".join(self._unwritten).encode())
            self._unwritten.clear()

    def forget(self) -> None:
        """Empty the journal: everything in it is settled in the ledger."""
        self._unwritten.clear()
        os.ftruncate(self._file, len(self._head))

    def records(self) -> "Records":
        """What is noted now."""
        self.flush()
        return Records(locked_files.whole_lines(self._file)[1:])

    def close(self, *, keep: bool) -> None:
        """Give up the lock; the file stays only where someone must still read it."""
        if keep:
            with suppress(OSError):  # what cannot be written is settled as unknown
                self.flush()
        else:
            self._path.unlink(missing_ok=True)
        os.close(self._file)


class Records:
    """What a journal says: for each attempt whether it was begun and what was answered."""

    def __init__(self, records: Sequence[str]) -> None:
        self._begun: set[tuple[int, int, int]] = set()
        self._replied: dict[tuple[int, int, int], Settlement] = {}
        for record in records:
            self._read(record)

    def verdict(self, campaign_id: int, seq: int, attempt: int) -> Settlement:
        """Pending where nothing final was written, the outcome where a reply was seen, else unknown."""
        key = (campaign_id, seq, attempt)
        if key in self._replied:
            return self._replied[key]
        if key in self._begun:
            error = "The sender died after the message was handed over and before the answer."
            return Settlement(seq, attempt, DeliveryState.UNKNOWN, error=error)
        return Settlement(seq, attempt, DeliveryState.PENDING)

    def answers(self) -> dict[int, list[Settlement]]:
        """What was taken or refused for good, by campaign: that stays true whoever holds the chunk now."""
        found: dict[int, list[Settlement]] = {}
        for (campaign_id, _, _), settlement in self._replied.items():
            if settlement.state in (DeliveryState.ACCEPTED, DeliveryState.REJECTED):
                found.setdefault(campaign_id, []).append(settlement)
        return found

    def _read(self, record: str) -> None:
        kind, campaign_id, seq, attempt, *rest = record.split(" ", 4)
        key = (int(campaign_id), int(seq), int(attempt))
        if kind == "b":
            self._begun.add(key)
            self._replied.pop(key, None)  # an earlier answer was "again", and this is that time
        else:
            state, provider_id, error, *steps = json.loads(rest[0])
            step = Step(steps[0]) if steps else None
            self._replied[key] = Settlement(key[1], key[2], DeliveryState(state), provider_id, error, step)


def dead_journals(folder: Path) -> Iterator[tuple[str, Records]]:
    """Each dead sender of this host and its records, while we hold its lock; removed once the caller dealt with it.

    A journal from before the last boot is removed unread: its last lines may never have reached the disk, so the
    lease decides.
    """
    for path in sorted(folder.glob(f"*{_SUFFIX}")):
        with locked_files.locked(path) as file:
            if file is None:
                continue
            head, *records = locked_files.whole_lines(file)
            known = json.loads(head)
            if known["boot"] == _boot_id():
                yield known["owner"], Records(records)
            path.unlink(missing_ok=True)


def abandoned(folder: Path) -> int:
    """How many dead senders of this host left a journal that nobody has settled yet."""
    count = 0
    for path in folder.glob(f"*{_SUFFIX}"):
        with locked_files.locked(path) as file:
            count += file is not None
    return count


def _quoted(text: str | None) -> str:
    return "null" if text is None else _ENCODE(text)


def _line(facts: dict[str, str]) -> bytes:
    return json.dumps(facts).encode("ascii") + b"\n"


def _boot_id() -> str:
    """The kernel's id of this boot (Linux, random(4)); empty elsewhere, where only a crash of the host is not seen."""
    return _BOOT_ID.read_text(encoding="ascii").strip() if _BOOT_ID.exists() else ""
