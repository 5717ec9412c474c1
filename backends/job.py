"""A job on this machine: work done in a thread, so that several QPUs can run at once."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count

from .errors import InputError
from .qpu import Expectations

Work = Callable[[], list[Expectations]]
_MOST = 64
"""Jobs that run at once; further ones wait for one of these."""


class _Threads:
    """The threads of all jobs: starting one for every job would take longer than many a job."""

    def __init__(self) -> None:
        self.start()
        os.register_at_fork(after_in_child=self.start)  # a child has none of its parent's threads

    def start(self) -> None:
        self.name, self.number = uuid.uuid4().hex[:12], count(1)  # asking for randomness takes long on some machines
        self.pool = ThreadPoolExecutor(_MOST, thread_name_prefix="job")


_threads = _Threads()


class LocalJob:
    """A `Handle` for work that starts at once in another thread.

    Attributes:
        job_id: Unique.
    """

    def __init__(self, work: Work, qpu: str) -> None:
        """Start ``work`` for the device named ``qpu``."""
        self.job_id = f"local-{_threads.name}-{next(_threads.number)}"
        self._qpu = qpu
        self._future = _threads.pool.submit(self._run, work)

    def _run(self, work: Work) -> list[Expectations]:
        try:
            return work()
        except InputError:
            raise
        except BaseException as error:  # whatever ended the work must reach the caller, who waits for it
            raise RuntimeError(f"job {self.job_id} on {self._qpu} failed: {type(error).__name__}: {error}") from error

    def result(self) -> list[Expectations]:
        """Wait; one `Expectations` per request, in order. Raises what the work raised."""
        return self._future.result()
