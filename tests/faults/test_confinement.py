"""Functions that go too far in a child process, and what becomes of the child, of its parent and of other calls."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from socket import create_server

import pytest

from newsletter.confinement.answers import ConfinedFault, NestedTooDeeply, TakesTooLong, TakesTooMuch
from newsletter.confinement.calls import Limits
from newsletter.confinement.children import Confinement
from newsletter.errors import NewsletterError
from newsletter.issues.parsing import parse
from newsletter.issues.problems import DocumentInvalid
from tests.support import greedy
from tests.support.greedy import Colour, Kept
from tests.support.waiting import await_truth

SHORT = Limits(seconds=0.5, patience_seconds=2, memory_bytes=256 << 20)
LONGEST_SECONDS = 4
SAMPLE = Path(__file__).parents[2] / "examples" / "2026-12.md"


@pytest.fixture(scope="module")
def confined() -> Iterator[Confinement]:
    made = Confinement(SHORT)
    yield made
    made.close()


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


def is_gone(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text(encoding="ascii").rpartition(")")[2].split()[0] == "Z"


def test_what_a_function_returns_comes_back_as_it_was(confined: Confinement) -> None:
    inner = Kept("", b"", datetime(2026, 12, 2, tzinfo=UTC), Colour.RED, {}, frozenset())
    outer = Kept("año\n\u2028 🎈", b"\x00\xff", inner.at, Colour.RED, {"a": (1, 2)}, frozenset({"x"}), inner)
    assert confined(greedy.echo, outer) == outer
    assert confined(greedy.echo, kept=inner) == inner


def test_a_document_comes_back_with_its_lines_and_its_front_matter(confined: Confinement) -> None:
    text = SAMPLE.read_text(encoding="utf-8")
    there, here = confined(parse, text), parse(text)
    assert (repr(there), there.front_matter, there.field_lines) == (repr(here), here.front_matter, here.field_lines)


def test_a_child_answers_many_calls(confined: Confinement) -> None:
    first = confined(greedy.pid)
    assert first != os.getpid()
    assert {confined(greedy.pid) for _ in range(20)} == {first}


def test_a_child_that_answered_very_many_calls_makes_room_for_a_new_one() -> None:
    confined = Confinement(replace(SHORT, calls=2))
    first, second, third = (confined(greedy.pid) for _ in range(3))
    assert first == second
    assert third != first
    confined.close()
    assert is_gone(third)


@pytest.mark.parametrize(
    ("function", "error"), [(greedy.spin, TakesTooLong), (greedy.wait, TakesTooLong), (greedy.hoard, TakesTooMuch)]
)
def test_what_takes_too_much_is_stopped_and_others_are_unharmed(  # F21
    confined: Confinement, function: Callable[[], object], error: type[Exception]
) -> None:
    resident = resident_bytes()
    with ThreadPoolExecutor(2) as threads:
        began = time.monotonic()
        bomb = threads.submit(confined, function)
        others = threads.submit(lambda: [confined(greedy.one_string, 10) for _ in range(50)])
        assert others.result() == ["a" * 10] * 50
        with pytest.raises(error, match="Make it shorter or simpler, and try again"):
            bomb.result()
        assert time.monotonic() - began < LONGEST_SECONDS
    assert resident_bytes() - resident < 32 << 20
    assert confined(greedy.one_string, 3) == "aaa"


def test_an_answer_that_is_too_long_is_not_taken() -> None:
    confined = Confinement(replace(SHORT, answer_bytes=1 << 20))
    with pytest.raises(TakesTooMuch):
        confined(greedy.one_string, 2 << 20)
    assert len(confined(greedy.one_string, 1 << 19)) == 1 << 19
    confined.close()


def test_what_is_nested_too_deeply_is_said_to_be(confined: Confinement) -> None:  # F21
    with pytest.raises(NestedTooDeeply, match="nested too deeply"):
        confined(greedy.nest)


def test_a_child_that_crashes_takes_nothing_with_it(confined: Confinement) -> None:
    with pytest.raises(TakesTooMuch):
        confined(greedy.crash)
    assert confined(greedy.one_string, 1) == "a"


def test_a_child_that_died_while_it_waited_is_replaced(confined: Confinement) -> None:
    dead = confined(greedy.pid)
    os.kill(dead, signal.SIGKILL)
    await_truth(lambda: is_gone(dead))
    assert confined(greedy.pid) != dead


def test_our_errors_come_back_with_their_sentence(confined: Confinement) -> None:
    with pytest.raises(DocumentInvalid, match=r"line 3: Take it out\."):
        confined(greedy.refuse)


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (greedy.fail, 'KeyError: "nobody\'s mistake"'),
        (greedy.unsayable, "A object cannot leave the child"),
        (greedy.mistaken, "mistaken cannot have answered this"),
    ],
)
def test_a_bug_is_no_persons_mistake_and_says_where_it_is(
    confined: Confinement, function: Callable[[], object], told: str
) -> None:
    with pytest.raises(ConfinedFault) as caught:
        confined(function)
    assert told in str(caught.value)
    assert not isinstance(caught.value, NewsletterError)


def test_a_function_that_is_not_there_is_named(confined: Confinement) -> None:
    with pytest.raises(ConfinedFault, match=r"No child process can call .*<lambda>"):
        confined(lambda: None)


def test_what_a_function_prints_is_no_answer(confined: Confinement) -> None:
    assert confined(greedy.speak) == "said"


def test_no_secret_is_in_the_childs_environment(monkeypatch: pytest.MonkeyPatch) -> None:  # F20
    for name in ("NEWSLETTER_SECRET_KEY", "NEWSLETTER_DATABASE_URL", "AWS_SECRET_ACCESS_KEY", "PGPASSWORD"):
        monkeypatch.setenv(name, "a-secret-of-ours")
    confined = Confinement(SHORT)
    known = confined(greedy.environment)
    confined.close()
    assert "a-secret-of-ours" not in str(known)
    assert set(known) <= {"PYTHONPATH", "PYTHONUTF8", "LD_LIBRARY_PATH", "PYTHONHOME", "TZ", "LC_CTYPE"}


def test_a_child_writes_no_file(confined: Confinement, tmp_path: Path) -> None:
    with pytest.raises(ConfinedFault, match="File too large"):
        confined(greedy.write, str(tmp_path / "file"))
    assert not (tmp_path / "file").read_bytes()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may take the network away")
def test_a_child_has_no_network(confined: Confinement) -> None:
    with create_server(("127.0.0.1", 0)) as server, pytest.raises(ConfinedFault, match="unreachable"):
        confined(greedy.connect, server.getsockname()[1])


def test_a_child_ends_with_its_parent() -> None:
    told = (
        "from newsletter.confinement.children import Confinement; from tests.support import greedy\n"
        "confined = Confinement()\nprint(confined(greedy.pid), flush=True)\nconfined(greedy.wait)"
    )
    with subprocess.Popen([sys.executable, "-c", told], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert not is_gone(child)
        parent.kill()
    await_truth(lambda: is_gone(child))
