import signal

import pytest

from newsletter.commands.signals import told_to_stop


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_may_come_while_the_event_itself_is_being_set(number: signal.Signals) -> None:
    with told_to_stop() as stop:
        with stop._cond:  # type: ignore[attr-defined]  # noqa: SLF001 - what the main thread holds while it sets or awaits the event
            signal.raise_signal(number)
        assert stop.wait(10)


def test_afterwards_signals_mean_what_they_meant() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with told_to_stop() as stop:
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before
    assert not stop.is_set()
