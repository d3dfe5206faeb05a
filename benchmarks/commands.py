"""`newsletter --help` beside the smallest Click program under the same interpreter."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from .bench import Bench
from .pairs import Bar, Row, alternate, seconds_of

_ROUNDS = 15
_OURS = (str(Path(sys.executable).with_name("newsletter")), "--help")
_EMPTY = (sys.executable, "-c", "import click\n@click.command()\ndef empty(): pass\nempty()", "--help")


def rows(bench: Bench) -> Iterator[Row]:
    """One row."""
    bench.say("newsletter --help")
    _milliseconds(_OURS)  # the first run may have to write bytecode
    pairs = alternate(lambda: _milliseconds(_OURS), lambda: _milliseconds(_EMPTY), _ROUNDS)
    yield Row("newsletter --help", "ms", "an empty Click program", Bar(2, is_ceiling=True), tuple(pairs))


def _milliseconds(command: Sequence[str]) -> float:
    return 1000 * seconds_of(lambda: subprocess.run(command, check=True, capture_output=True))
