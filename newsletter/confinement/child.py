"""The child: it takes calls from its parent one after the other and answers each within its limits.

Its parent is trusted, and so are the pickles that it sends. The child ends when its parent does, for then its standard
input ends; a call that runs at that moment ends by its own limits. PR_SET_PDEATHSIG would not do: it ends the child
with the thread that started it.
"""

import ctypes
import gc
import importlib
import os
import pickle
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from . import answers
from .calls import BEGUN, Call, Limits

_MOST_FILES = 64
_NO_NEW_PRIVILEGES = 38  # PR_SET_NO_NEW_PRIVS
_NEW_NETWORK = 0x40000000  # CLONE_NEWNET


def main() -> None:
    """Load the modules that the command line names, then answer calls from standard input until it ends."""
    calls, said = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb", buffering=0)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1):  # what a function prints is no answer
        os.dup2(nothing, stream)
    _shut_in()
    gc.disable()  # saves a sixth of the time that modules take
    for module in sys.argv[1:]:
        importlib.import_module(module)
    with suppress(EOFError):
        while True:
            _answer(calls, said)


def _answer(calls: BinaryIO, said: BinaryIO) -> None:
    gc.disable()
    call = Call(*pickle.load(calls))  # noqa: S301 - the parent's own
    function = _function(call)
    gc.enable()
    said.write(BEGUN)
    with _limited(call.limits):
        answer = _result(function, call)
    said.write(answer)


def _function(call: Call) -> Callable[..., Any]:
    found: Callable[..., Any] = getattr(importlib.import_module(call.module), call.name)
    return found


def _result(function: Callable[..., Any], call: Call) -> bytes:
    try:
        return answers.written(function(*call.arguments, **call.named))
    except MemoryError:
        raise  # ends this child: nobody knows what it still holds
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent is told
        return answers.refusal(error)


@contextmanager
def _limited(limits: Limits) -> Iterator[None]:
    """Keep the limits of one call: the kernel ends the process at the end of its time, whatever it is doing."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    _limit(resource.RLIMIT_AS, _address_space() + limits.memory_bytes, hard)
    signal.setitimer(signal.ITIMER_PROF, limits.seconds)
    signal.setitimer(signal.ITIMER_REAL, limits.patience_seconds)
    yield
    signal.setitimer(signal.ITIMER_PROF, 0)
    signal.setitimer(signal.ITIMER_REAL, 0)
    _limit(resource.RLIMIT_AS, hard, hard)


def _address_space() -> int:
    """In bytes, as the kernel counts it for RLIMIT_AS."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()


def _shut_in() -> None:
    """For the child's whole life: it writes no file, starts no process, dumps no memory and has no network."""
    sys.dont_write_bytecode = True
    _limit(resource.RLIMIT_FSIZE, 0, 0)
    _limit(resource.RLIMIT_CORE, 0, 0)
    _limit(resource.RLIMIT_NOFILE, _MOST_FILES, _MOST_FILES)
    _limit(resource.RLIMIT_NPROC, 0, 0)  # does not hold root
    system = ctypes.CDLL(None)
    system.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    system.unshare(_NEW_NETWORK)  # only root may; for others the network is there, and nothing that would use it


def _limit(what: int, soft: int, hard: int) -> None:
    with suppress(ValueError, OSError):
        resource.setrlimit(what, (soft, hard))


if __name__ == "__main__":
    main()
