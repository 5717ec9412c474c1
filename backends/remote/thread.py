"""Work in a thread that does not keep the process alive."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Waited(Generic[T]):
    """Runs ``work`` at once; unlike those of a pool, its thread does not hold up the end of the process."""

    def __init__(self, work: Callable[[], T], name: str) -> None:
        self._work, self._value, self._error = work, list[T](), list[BaseException]()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._value.append(self._work())
        except BaseException as error:  # whatever ended the work must reach the caller, who waits for it
            self._error.append(error)

    def result(self) -> T:
        """What the work returned; raises what it raised."""
        self._thread.join()
        if self._error:
            raise self._error[0]
        return self._value[0]

    def join(self, seconds: float = 5.0) -> None:
        """Wait for the end, but not for ever."""
        self._thread.join(seconds)
