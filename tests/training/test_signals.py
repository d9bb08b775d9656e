"""A signal is a wish: noted while training, and as before outside of it."""

import os
import signal
import threading
from pathlib import Path

import pytest

from cutaway.training.callbacks import Callback
from cutaway.training.checkpoints import Progress
from cutaway.training.signals import Interrupted, Stopper
from support import require_attributes
from training.setups import small_model, trainer

SIGNALS = [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_is_noted_and_the_second_stops_at_once(number: signal.Signals) -> None:
    before = [signal.getsignal(each) for each in SIGNALS]
    with pytest.raises(KeyboardInterrupt), Stopper() as stopper:  # noqa: PT012 (which line raises is the point)
        assert stopper.signal is None
        signal.raise_signal(number)
        assert stopper.signal == number
        signal.raise_signal(signal.SIGINT)
        pytest.fail("the second did not stop it")
    assert [signal.getsignal(each) for each in SIGNALS] == before


def test_ignored_ones_stay_ignored() -> None:
    require_attributes("signal", "SIGHUP")
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Stopper() as stopper:
            signal.raise_signal(signal.SIGHUP)
            assert stopper.signal is None
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("number", SIGNALS)
def test_training_makes_its_step_and_saves(tmp_path: Path, number: signal.Signals) -> None:
    class Caller(Callback):
        """Sends a signal with the third line of the log."""

        def __init__(self) -> None:
            self.events: list[str] = []

        def stopping(self) -> None:
            self.events.append("stopping after " + (tmp_path / "checkpoints/latest").read_text())

        def log(self, progress: Progress, figures: object) -> None:
            if progress.step == 3:
                os.kill(os.getpid(), number)

        def finish(self, progress: Progress) -> None:
            self.events.append("finish")

    caller = Caller()
    with pytest.raises(Interrupted, match=rf"at step 3; go on with: cutaway train --resume {tmp_path}$") as raised:
        trainer(tmp_path, callbacks=[caller], steps=9, log_every=1, save_every=100).run()
    assert raised.value.status == 128 + number
    assert caller.events == ["stopping after step-0\n", "finish"], "once each, and before saving"
    assert (tmp_path / "checkpoints/latest").read_text() == "step-3\n"


def test_in_another_thread_training_works_without_listening(tmp_path: Path) -> None:
    steps: list[int] = []
    learner = trainer(tmp_path, small_model(), steps=2)
    thread = threading.Thread(target=lambda: steps.append(learner.run().step))
    thread.start()
    thread.join()
    assert steps == [2]
