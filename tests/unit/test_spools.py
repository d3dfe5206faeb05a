import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsletter.events import spools
from newsletter.events.requests import Request, clicked
from newsletter.events.spools import Group, Spool, SpoolFull, dead_spools
from newsletter.tokens import MailClaim
from tests.support.disks import no_file_longer_than

AT = datetime(2026, 12, 2, 12, 30, 1, 5, tzinfo=UTC)
SEEN = Request(AT, "HEAD", 'Möz\u20ac\\"', prefetched=True, opted_out=True, network="192.0.2.0/24")
GROUPS = [Group(number, [clicked(MailClaim(7, seq, 2), SEEN) for seq in range(1, 4)]) for number in (1, 2, 3)]


def left_in(folder: Path) -> list[Group]:
    return [group for dead in dead_spools(folder) for groups in dead.groups() for group in groups]


def filled(folder: Path, groups: list[Group] = GROUPS) -> Path:
    spool = Spool(folder, "one")
    for group in groups:
        spool.append(group)
    spool.close()
    return folder / "one.spool"


def test_what_a_dead_recorder_spooled_is_read_as_it_was(tmp_path: Path) -> None:
    filled(tmp_path)
    assert left_in(tmp_path) == GROUPS


def test_a_spool_is_read_a_little_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spools, "_ONE_READ", 100)
    filled(tmp_path)
    assert [[groups] for groups in GROUPS] == [groups for dead in dead_spools(tmp_path) for groups in dead.groups()]


def test_a_last_line_that_was_cut_short_was_never_answered(tmp_path: Path) -> None:
    file = filled(tmp_path)
    os.truncate(file, file.stat().st_size - 5)
    assert left_in(tmp_path) == GROUPS[:2]


@pytest.mark.parametrize(
    "damage", [b"\0" * 50, b"\xff\xfe{", b"[1]", b'[1, [["click", [1, 2], {}]]]', b"\r\r", b"null"]
)
def test_a_line_that_cannot_be_read_is_said_and_the_others_are_read(
    tmp_path: Path, damage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    file = filled(tmp_path)
    first, second, third = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(first + damage + b"\n" + second + third)
    assert left_in(tmp_path) == GROUPS
    assert f"A line of the spool {file} cannot be read" in caplog.text


def test_a_spool_that_cannot_be_opened_is_said_and_the_others_are_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    filled(tmp_path)
    (tmp_path / "a.spool").mkdir()
    assert left_in(tmp_path) == GROUPS
    assert "a.spool cannot be read: Is a directory" in caplog.text


def test_nobody_else_reads_it(tmp_path: Path) -> None:
    assert filled(tmp_path).stat().st_mode & 0o777 == 0o600


def test_a_spool_is_emptied_only_when_all_of_it_was_passed(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "one")
    assert spool.is_empty
    spool.append(GROUPS[0])
    groups, end = spool.next()
    spool.append(GROUPS[1])
    spool.passed(end)
    spool.forget()
    assert (groups, spool.is_empty) == ([GROUPS[0]], False)
    groups, end = spool.next()
    spool.passed(end)
    spool.forget()
    assert (groups, spool.is_empty, spools.waiting(tmp_path)) == ([GROUPS[1]], True, 0)
    spool.close()
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_no_half_line(tmp_path: Path) -> None:  # F15
    spool = Spool(tmp_path, "one")
    spool.append(GROUPS[0])
    size = spools.waiting(tmp_path)
    with no_file_longer_than(size + 20), pytest.raises(OSError, match="No space"):
        spool.append(GROUPS[1])
    assert spools.waiting(tmp_path) == size
    spool.append(GROUPS[2])
    spool.close()
    assert left_in(tmp_path) == [GROUPS[0], GROUPS[2]]


def test_a_spool_grows_to_its_limit_and_no_further(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "one", largest=1000)
    spool.append(GROUPS[0])
    with pytest.raises(SpoolFull, match="as large as it may be"):
        spool.append(GROUPS[1])
    spool.close()
    assert left_in(tmp_path) == [GROUPS[0]]


def test_where_nothing_can_be_written_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match=r"Not a directory|File exists"):
        Spool(tmp_path / "file", "one").append(GROUPS[0])
