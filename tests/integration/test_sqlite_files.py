from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from subscribers.db import Database


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "newsletter.db"


@pytest.fixture
def database(file: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{file}")
    with database.writing() as session:
        session.execute(text("CREATE TABLE word (word TEXT)"))
    yield database
    database.close()


def write(database: Database, word: str) -> None:
    with database.writing() as session:
        session.execute(text("INSERT INTO word VALUES (:word)"), {"word": word})


def words(database: Database) -> list[str]:
    with database.reading() as session:
        return list(session.scalars(text("SELECT word FROM word")))


def words_in(file: Path) -> list[str]:
    database = Database(f"sqlite:///{file}")
    found = words(database)
    database.close()
    return found


def moved(file: Path, folder: Path) -> Path:
    """The database with what SQLite keeps beside it, in another folder."""
    folder.mkdir()
    for part in file.parent.glob(f"{file.name}*"):
        part.rename(folder / part.name)
    return folder / file.name


def test_a_file_that_is_gone_is_no_empty_one(database: Database, file: Path, tmp_path: Path) -> None:
    write(database, "kept")
    away = moved(file, tmp_path / "away")
    for use in (lambda: write(database, "lost"), lambda: words(database)):
        with pytest.raises(OperationalError, match=r"newsletter\.db is gone"):
            use()
    assert not file.exists()
    assert words_in(away) == ["kept"]
    for part in away.parent.iterdir():
        part.rename(file.parent / part.name)
    write(database, "back")
    assert words(database) == ["kept", "back"]


def test_a_file_that_takes_the_place_of_another_is_the_database(database: Database, file: Path, tmp_path: Path) -> None:
    write(database, "before the backup")
    database.wipe()  # all of it is in the file now
    backup = tmp_path / "backup.db"
    backup.write_bytes(file.read_bytes())
    write(database, "after it")
    old = moved(file, tmp_path / "old")
    backup.rename(file)
    write(database, "restored")
    assert words(database) == ["before the backup", "restored"]
    assert words_in(old) == ["before the backup", "after it"]


def test_what_is_there_is_left_open(database: Database) -> None:
    opened: list[object] = []
    event.listen(database.engine, "connect", lambda connection, _: opened.append(connection))
    for word in "abc":
        write(database, word)
    assert opened == []
