"""Files that one process writes for itself, and another may take over once that process is dead.

Whoever makes such a file holds a lock on it as long as it lives; the kernel lets go of the lock with the process. A
file whose lock is free was left by somebody who died, and belongs to whoever gets the lock.
"""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def create(path: Path, head: bytes = b"") -> int:
    """Make a file that begins with `head`; the open descriptor holds its lock. Raises `OSError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Locked before it has its name, so that nobody takes it for a dead process's.
    unnamed = path.with_name(f"{path.name}.new")
    file = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        append(file, head)
        unnamed.rename(path)
    except OSError:
        os.close(file)
        unnamed.unlink()
        raise
    return file


def append(file: int, lines: bytes) -> None:
    """Add all of it or nothing: half a line would hide what it says, and spoil the next. Raises `OSError`."""
    written = os.write(file, lines)
    if written < len(lines):
        os.ftruncate(file, os.fstat(file).st_size - written)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def whole_lines(file: int) -> list[str]:
    """The lines of a file; a last one that was cut short was never acted upon."""
    os.lseek(file, 0, os.SEEK_SET)
    with os.fdopen(os.dup(file), encoding="utf-8") as text:
        return [line.rstrip("\n") for line in text if line.endswith("\n")]


@contextmanager
def locked(path: Path) -> Iterator[int | None]:
    """The open file where its lock is free and it still has its name, else None."""
    try:
        file = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        yield None
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        yield None
        return
    try:
        yield file if path.exists() and os.path.samestat(os.fstat(file), path.stat()) else None
    finally:
        os.close(file)
