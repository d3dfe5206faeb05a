"""Being told to stop: SIGTERM, or Ctrl-C."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue


@contextmanager
def told_to_stop() -> Iterator[threading.Event]:
    """An event that is set when the process is told to stop, while the block runs.

    A handler interrupts the main thread anywhere, also where that holds the event's own lock and would be waited for
    without end. So the handler only puts a word into a queue made for that, and a thread of its own sets the event.
    """
    stop = threading.Event()
    told: SimpleQueue[bool] = SimpleQueue()

    def heed() -> None:
        if told.get():
            stop.set()

    threading.Thread(target=heed, name="signals", daemon=True).start()
    signals = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, lambda *_: told.put(True)) for number in signals]
    try:
        yield stop
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)
        told.put(False)
