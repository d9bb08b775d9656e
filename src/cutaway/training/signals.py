"""Ctrl-C, SIGTERM and SIGHUP as requests to stop after the current step."""

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType

from cutaway.errors import JobError


class Interrupted(JobError):
    """Training was interrupted and has saved; `status` is the exit status that shells expect."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
"""SIGHUP comes when the terminal is closed; Windows does not have it."""


class Stopper:
    """Records the first signal while the block lasts; a second one stops at once.

    Ignored signals stay ignored, as `nohup` wants it. Python allows this in the main thread only; in other threads,
    signals keep their handlers.

    Args:
        when_asked: called once, when the signal arrives.
    """

    def __init__(self, when_asked: Callable[[], None] = lambda: None) -> None:
        self._when_asked = when_asked
        self.signal: int | None = None
        self._old: dict[int, object] = {}

    def __enter__(self) -> "Stopper":
        is_main = threading.current_thread() is threading.main_thread()
        for number in SIGNALS if is_main else ():
            if signal.getsignal(number) == signal.SIG_IGN:
                continue
            self._old[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for number, handler in self._old.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal.signal returned

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.signal is not None:
            raise KeyboardInterrupt
        self.signal = number
        self._when_asked()
