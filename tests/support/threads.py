"""Several at the same moment."""

import threading
from collections.abc import Callable


def at_once(*works: Callable[[], object]) -> list[BaseException]:
    """Do all of this in threads that begin together; what was raised."""
    raised: list[BaseException] = []
    together = threading.Barrier(len(works))

    def work(one: Callable[[], object]) -> None:
        together.wait()
        try:
            one()
        except BaseException as error:  # noqa: BLE001 - the test says which of them may be
            raised.append(error)

    threads = [threading.Thread(target=work, args=(one,)) for one in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised
