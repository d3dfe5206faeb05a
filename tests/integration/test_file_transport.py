import json
import threading
from email import message_from_bytes
from pathlib import Path

import pytest

from newsletter.sending.file import FileTransport
from newsletter.sending.transports import TransportUnavailable
from tests.support.outgoing import Notes, a_group, a_prepared_message

ADDRESSES = [f"r{n}@x.example" for n in range(40)]


def entries(folder: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in (folder / "index.jsonl").read_text().splitlines()]


def test_each_message_is_a_file_that_the_index_names(tmp_path: Path) -> None:
    notes, group = Notes(), a_group(a_prepared_message(), *ADDRESSES)
    connection = FileTransport.parse(f"file://{tmp_path}/outbox").connect()
    outcomes = connection.send(group, notes)
    connection.close()
    folder = tmp_path / "outbox"
    assert [(one["key"], one["to"]) for one in entries(folder)] == [(one.key, one.to) for one in group]
    assert (folder / entries(folder)[7]["file"]).read_bytes() == group[7].message()
    assert message_from_bytes(group[7].message())["Message-ID"].startswith(f"<{group[7].key}@")
    assert sorted(file.name for file in folder.iterdir()) == sorted(
        [*(f"{one.key}.eml" for one in group), "index.jsonl"]
    )
    assert dict(outcomes) == notes.answers
    assert {outcome.state.value for _, outcome in outcomes} == {"accepted"}
    assert notes.begun_seqs == [one.seq for one in group]


def test_threads_share_one_folder(tmp_path: Path) -> None:
    prepared, transport = a_prepared_message(), FileTransport(tmp_path)

    def work(part: int) -> None:
        connection = transport.connect()
        connection.send(a_group(prepared, *ADDRESSES)[part::4], Notes())
        connection.close()

    threads = [threading.Thread(target=work, args=(part,)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one["to"] for one in entries(tmp_path)) == sorted(ADDRESSES)


@pytest.mark.parametrize("full", ["index.jsonl", "messages"])
def test_a_full_disk_stops_at_the_first_message_that_does_not_fit(tmp_path: Path, full: str) -> None:  # F15
    group, notes = a_group(a_prepared_message(), *ADDRESSES[:2]), Notes()
    if full == "index.jsonl":
        (tmp_path / full).symlink_to("/dev/full")
    else:
        (tmp_path / f".{group[0].key}.part").symlink_to("/dev/full")
    connection = FileTransport(tmp_path).connect()
    with pytest.raises(TransportUnavailable, match="No space left on device"):
        connection.send(group, notes)
    connection.close()
    assert {seq: outcome.state.value for seq, outcome in notes.answers.items()} == {1: "pending"}
    assert list(tmp_path.glob("*.eml")) == []
    assert list(tmp_path.glob(".*.part")) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(TransportUnavailable, match="taken/outbox cannot be written"):
        FileTransport.parse(f"file://{tmp_path}/taken/outbox").connect()


def test_a_transport_without_a_folder_is_refused() -> None:
    with pytest.raises(TransportUnavailable, match="names no folder"):
        FileTransport.parse("file:")


def test_a_relative_folder_is_the_working_directorys() -> None:
    assert FileTransport.parse("file:var/outbox").folder == Path("var/outbox")
    assert FileTransport.parse("file:///var/out%20box").folder == Path("/var/out box")
