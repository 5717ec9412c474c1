"""Ctrl-C, SIGTERM and a lost terminal as a request to stop after the current step."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""SIGHUP: the terminal is gone, as when a connection drops."""


class StopSignals:
    """Context in which the first signal sets `requested` and the second one interrupts at once.

    Outside the main thread, where Python allows no handlers, signals keep their usual meaning.
    """

    def __init__(self) -> None:
        self.requested = False
        self._before: dict[signal.Signals, Any] = {}

    def __call__(self) -> bool:
        """True once a signal has arrived."""
        return self.requested

    def __enter__(self) -> StopSignals:
        if threading.current_thread() is threading.main_thread():
            heard = [
                n for n in _SIGNALS if n != getattr(signal, "SIGHUP", None) or signal.getsignal(n) != signal.SIG_IGN
            ]
            self._before = {number: signal.signal(number, self._handle) for number in heard}  # nohup stays nohup
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
        # os.write, because a handler may interrupt a write of the same Python stream
        with suppress(OSError):  # the terminal may be gone
            os.write(2, b"\nstopping after the current step; once more to stop at once\n")
