"""Calls a function in a child process: warm, limited, and replaced where it goes too far."""

import atexit
import os
import pickle
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import IO, ParamSpec, TypeVar

from . import answers
from .answers import ConfinedFault, TakesTooLong, TakesTooMuch
from .calls import BEGUN, USUAL, Call, Limits

_Given = ParamSpec("_Given")
_Returned = TypeVar("_Returned")
# No site's start-up code, no working folder: what can be imported here can be imported there, and nothing else is read.
_COMMAND = (sys.executable, "-SP", "-m", f"{__package__}.child")
_KEPT_VARIABLES = ("LD_LIBRARY_PATH", "PYTHONHOME", "TZ")
_OUT_OF_TIME = (-signal.SIGPROF, -signal.SIGALRM)
_START_SECONDS = 60.0
_GRACE_SECONDS = 1.0
_READ_AT_ONCE = 1 << 16


class Confinement:
    """Calls functions on what people typed in child processes; safe for many threads.

    `confinement(function, *arguments)` returns what the function returns, and raises what it raises where that is one
    of our errors. The function stands at the top of a module and names the type that it returns, one made of plain
    values and dataclasses; its arguments are pickled, so give it no secret. Raises `TakesTooLong`, `TakesTooMuch` and
    `NestedTooDeeply`; a child that went over its limits is ended, and the next call has a new one. Children start when
    they are needed, at most one a processor and at least two, and a call has one for itself.
    """

    def __init__(self, limits: Limits = USUAL) -> None:
        self._limits = limits
        self._places = threading.BoundedSemaphore(max(2, os.cpu_count() or 2))
        self._idle: list[_Child] = []

    def __call__(
        self, function: Callable[_Given, _Returned], /, *arguments: _Given.args, **named: _Given.kwargs
    ) -> _Returned:
        """What the function returns for these arguments, worked out in a child."""
        call = Call(function.__module__, function.__qualname__, arguments, named, self._limits)
        with self._places:
            answer = self._answer(call)
        returned: _Returned = answers.read(answer, function)
        return returned

    def start(self, *modules: str) -> None:
        """Let a child load the modules meanwhile, for a call that will come; one that waits already is enough."""
        if not self._idle:
            self._idle.append(_Child(modules))

    def close(self) -> None:
        """End the children that wait. A later call starts new ones."""
        while (waiting := self._waiting()) is not None:
            waiting.end()

    def _answer(self, call: Call) -> bytes:
        chosen = self._waiting() or _Child()
        try:
            answer = chosen.answer(call)
        except BaseException:
            chosen.end()
            raise
        if chosen.calls < self._limits.calls:
            self._idle.append(chosen)
        else:
            chosen.end()
        return answer

    def _waiting(self) -> "_Child | None":
        """A child that waited for a call, and is nobody else's from now on."""
        while self._idle:
            try:
                waiting = self._idle.pop()
            except IndexError:  # another thread was quicker
                return None
            if waiting.is_alive:
                return waiting
            waiting.end()
        return None


@cache
def confined() -> Confinement:
    """The children of this process, whatever installations it opens: they hold nothing of any."""
    ours = Confinement()
    atexit.register(ours.close)
    return ours


class _Child:
    """One child process, for one call at a time."""

    def __init__(self, modules: Sequence[str] = ()) -> None:
        self.calls = 0
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and modules
            (*_COMMAND, *modules),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            cwd="/",
            env=_environment(),
            start_new_session=True,  # an interrupt at the terminal is for us
        )

    @property
    def is_alive(self) -> bool:
        """Whether it can still be called."""
        return self._process.poll() is None

    def answer(self, call: Call) -> bytes:
        """The line that answers the call. Raises `TakesTooLong`, `TakesTooMuch`, `ConfinedFault`."""
        self.calls += 1
        try:
            self._ask(pickle.dumps(tuple(call)))
            self._line(_START_SECONDS, len(BEGUN))
        except (OSError, EOFError) as error:
            raise ConfinedFault(f"No child process can call {call.module}.{call.name}.") from error
        try:
            return self._line(call.limits.patience_seconds + _GRACE_SECONDS, call.limits.answer_bytes)
        except TimeoutError as error:
            raise TakesTooLong from error
        except EOFError as error:
            raise self._cause() from error

    def end(self) -> None:
        """End it at once."""
        with self._process:  # closes the pipes and waits
            self._process.kill()

    def _ask(self, request: bytes) -> None:
        rest = memoryview(request)
        while rest:
            rest = rest[os.write(_descriptor(self._process.stdin), rest) :]

    def _line(self, seconds: float, longest: int) -> bytes:
        """The next line that it says. Raises `TimeoutError`, and `EOFError` where it ended or says too much."""
        said = _descriptor(self._process.stdout)
        waiting = select.poll()
        waiting.register(said, select.POLLIN)
        until = time.monotonic() + seconds
        line = bytearray()
        while not line.endswith(b"\n"):
            if not waiting.poll(max(0.0, until - time.monotonic()) * 1000):
                raise TimeoutError
            more = os.read(said, min(_READ_AT_ONCE, longest - len(line)))
            if not more:
                raise EOFError
            line += more
        return bytes(line)

    def _cause(self) -> Exception:
        """Why a call that had begun has no answer."""
        try:
            code = self._process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            code = 0
        return TakesTooLong() if code in _OUT_OF_TIME else TakesTooMuch()


def _descriptor(pipe: IO[bytes] | None) -> int:
    if pipe is None:
        raise ValueError("The child has no such pipe.")
    return pipe.fileno()


def _environment() -> dict[str, str]:
    """What may be known to the child: where modules lie, and none of our settings."""
    paths = (str(Path(path).absolute()) for path in (*sys.path, str(Path(__file__).parents[2])))
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    return {"PYTHONPATH": os.pathsep.join(dict.fromkeys(paths)), "PYTHONUTF8": "1", **kept}
