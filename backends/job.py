"""A job on this machine: work done in a thread, so that several QPUs can run at once."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import Future

from .errors import InputError
from .qpu import Expectations

Work = Callable[[], list[Expectations]]


class LocalJob:
    """A `Handle` for work that starts at once in a thread of its own.

    Attributes:
        job_id: Unique.
    """

    def __init__(self, work: Work, qpu: str) -> None:
        """Start ``work`` for the device named ``qpu``."""
        self.job_id = f"local-{uuid.uuid4().hex}"
        self._qpu = qpu
        self._future: Future[list[Expectations]] = Future()
        self._thread = threading.Thread(target=self._run, args=(work,), name=f"{qpu} {self.job_id}")
        self._thread.start()

    def _run(self, work: Work) -> None:
        try:
            self._future.set_result(work())
        except InputError as error:
            self._future.set_exception(error)
        except BaseException as error:  # whatever ended the work must reach the caller, who waits for it
            failure = RuntimeError(f"job {self.job_id} on {self._qpu} failed: {type(error).__name__}: {error}")
            failure.__cause__ = error
            self._future.set_exception(failure)

    def result(self) -> list[Expectations]:
        """Wait; one `Expectations` per request, in order. Raises what the work raised."""
        return self._future.result()
