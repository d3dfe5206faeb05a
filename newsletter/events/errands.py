"""A thread that does one thing after another, for an event loop that must not wait."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, ParamSpec, TypeVar

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


class Errands:
    """What is asked of it is done in order. One that never ends keeps later ones waiting, and nobody from leaving."""

    def __init__(self, name: str) -> None:
        self._asked: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        threading.Thread(target=self._work, name=name, daemon=True).start()

    async def run(
        self, call: Callable[_Arguments, _Result], *arguments: _Arguments.args, **named: _Arguments.kwargs
    ) -> _Result:
        """What the call returns, or the error that it raises. A caller that gives up does not stop what has begun."""
        done: Future[_Result] = Future()
        self._asked.put((done, lambda: call(*arguments, **named)))
        return await asyncio.wrap_future(done)

    def close(self) -> None:
        """Do what is asked already, and no more."""
        self._asked.put(None)

    def _work(self) -> None:
        while (asked := self._asked.get()) is not None:
            done, call = asked
            if not done.set_running_or_notify_cancel():
                continue
            try:
                result = call()
            except BaseException as error:  # noqa: BLE001 - whatever it is, who asked must hear of it
                done.set_exception(error)
            else:
                done.set_result(result)
