"""What all devices on this machine share: checks, one thread a job, one job at a time, seeds."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Sequence

import numpy as np

from .checks import checked_requests, checked_seed, checked_shots, opened
from .job import LocalJob
from .qpu import QPU, Bundle, Expectations, Handle, Request


class LocalQPU(QPU):
    """A device that answers on this machine; subclasses say how."""

    def __init__(self) -> None:
        """Nothing is loaded or built yet."""
        self._lock = threading.RLock()

    @abstractmethod
    def _execute(self, requests: list[Request], shots: int | None, seed: int | None) -> list[Expectations]:
        """Run checked requests, in a thread of the job."""

    def _execute_bundles(self, bundles: list[Bundle], shots: int | None, seed: int | None) -> list[Expectations]:
        """Run checked bundles. Cores do not disturb each other here, so by default each request is run alone."""
        return self._execute(opened(bundles), shots, seed)

    def run(self, requests: Sequence[Request | Bundle], shots: int | None = None, *, seed: int | None = None) -> Handle:
        """Start all requests as one job; see `QPU.run`.

        Raises:
            InputError: For a foreign core, values of the wrong shape or not finite, shots out of range, or a bundle
                whose cores overlap or whose requests differ in their number of sets.
        """
        checked = checked_requests(requests, self)
        number = checked_shots(shots, self.limits.max_shots, self.name)
        known_seed = checked_seed(seed)

        def work() -> list[Expectations]:
            with self._lock:
                return self._execute_bundles(checked, number, known_seed)

        return LocalJob(work, self.name)

    def seconds(self, requests: Sequence[Request | Bundle], shots: int | None) -> float:
        """0.0: nothing is billed."""
        return 0.0


def spawned(seed: int | None, count: int) -> list[np.random.Generator]:
    """The generator of each request; the same numbers for the same seed.

    It is the same one for all, and they draw from it in their order: making one takes as long as drawing many shots.
    """
    return [np.random.default_rng(seed)] * count
