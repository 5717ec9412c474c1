"""What a device behind a network can do: seven requests, each of which may fail."""

from __future__ import annotations

import hashlib
import threading
import uuid
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ..checks import checked_requests, checked_seed, checked_shots
from ..device_qpu import DeviceQPU
from ..errors import InputError
from ..qpu import Bundle, Expectations, Handle, Request

if TYPE_CHECKING:
    from .ledger import Ledger
    from .retry import RetryPolicy


class State(StrEnum):
    """Where a job is."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """True where it stays."""
        return self in (State.DONE, State.FAILED, State.CANCELLED)


@dataclass(frozen=True)
class JobStatus:
    """A job as the service sees it.

    Attributes:
        job_id: Of the service.
        state: Where it is.
        reason: Why it failed.
        retry: Whether the same job may succeed if it is submitted again.
    """

    job_id: str
    state: State
    reason: str = ""
    retry: bool = True


@dataclass(frozen=True)
class Submission:
    """One job of a run, before it has an id.

    Attributes:
        key: Identifies the job within all runs: the same run, round, device, circuits, parameters and shots have the
            same key. Hexadecimal.
        requests: What is run.
        shots: Per parameter set.
        round: Number of the round.
        part: Number of the job within the round and device.
        estimated: QPU seconds by the usage rule.
        most_seconds: The service is told to end the job after so many QPU seconds; None for its own limit.
    """

    key: str
    requests: tuple[Bundle, ...]
    shots: int
    round: int = 0
    part: int = 0
    estimated: float = 0.0
    most_seconds: float | None = None

    @property
    def sets(self) -> int:
        """Parameter sets, bundles opened."""
        return sum(bundle.sets * len(bundle.requests) for bundle in self.requests)

    @property
    def executions(self) -> int:
        """Circuits run x shots."""
        return sum(bundle.sets for bundle in self.requests) * self.shots

    def tag(self, attempt: int) -> str:
        """What a submitted job is found by; every attempt has its own."""
        return f"qp-{self.key[:40]}-{attempt}"


class RemoteQPU(DeviceQPU):
    """A device that runs jobs elsewhere. `Delivery` turns these requests into results that arrive once.

    Every request may raise `Unreachable`; those about a job `Missing`; an `InputError`, `BudgetError` or `PausedError`
    says that trying again is no use.
    """

    @abstractmethod
    def operational(self) -> bool:
        """Whether the device takes and runs jobs now."""

    @abstractmethod
    def submit(self, submission: Submission, tag: str, stop: threading.Event) -> str:
        """Submit ONE job that carries ``tag``; its id. Must not try again by itself: that could pay twice.

        It may wait for its turn before; ``stop`` ends that with a `PausedError`, and nothing is submitted then.
        """

    @abstractmethod
    def find(self, tag: str) -> list[JobStatus]:
        """All jobs that carry ``tag``, whatever has become of them."""

    @abstractmethod
    def status(self, job_id: str) -> JobStatus:
        """What has become of a job."""

    @abstractmethod
    def fetch(self, job_id: str, submission: Submission) -> list[Expectations]:
        """The results of a job that is done, one per request, bundles opened, in order."""

    @abstractmethod
    def cancel(self, job_id: str) -> None:
        """Cancel a job; nothing happens if it is over."""

    @abstractmethod
    def billed(self, job_id: str) -> float | None:
        """QPU seconds that the service has charged for a job; None as long as it does not say."""

    def run(self, requests: Sequence[Request | Bundle], shots: int | None = None, *, seed: int | None = None) -> Handle:
        """Submit all requests as one job and see it through; see `QPU.run`.

        Nothing is kept on disk here: a `Dispatcher` with a `Journal` survives a crash.

        Raises:
            InputError: As `LocalQPU.run`, and for shots=None or a seed: a real device has neither exact
                expectations nor seeds.
        """
        if checked_seed(seed) is not None:
            raise InputError(f"seed={seed} on {self.name}: a real device draws its own shots; leave the seed out")
        bundles = tuple(checked_requests(requests, self))
        number = self.counted_shots(shots)
        key = hashlib.sha256(uuid.uuid4().bytes).hexdigest()
        return self.deliver(Submission(key, bundles, number, estimated=self.seconds(bundles, number)))

    def deliver(
        self,
        submission: Submission,
        ledger: Ledger | None = None,
        policy: RetryPolicy | None = None,
        left: Callable[[], float | None] = lambda: None,
    ) -> RemoteHandle:
        """See a job through in a thread of its own.

        Args:
            submission: The job.
            ledger: Where it is written down; in memory by default.
            policy: How long to wait for what.
            left: QPU seconds that the job may still take, asked before every attempt; None for no limit.
        """
        return RemoteHandle(self, submission, ledger, policy, left)

    def counted_shots(self, shots: int | None) -> int:
        """``shots`` as an int.

        Raises:
            InputError: For None, or a number that the device does not take.
        """
        number = checked_shots(shots, self.limits.max_shots, self.name)
        if number is None:
            raise InputError(f"shots=None on {self.name}: it returns shots only; give 1..{self.limits.max_shots} shots")
        return number

    def _execute(self, requests: list[Request], shots: int | None, seed: int | None) -> list[Expectations]:
        raise NotImplementedError("a remote device runs jobs, see `deliver`")

    def close(self) -> None:
        """Give back what is held on the service, such as an open session; the device can still be used."""


class RemoteHandle:
    """A job that is being delivered; `result` waits for it.

    Attributes:
        job_id: What the service calls it, once it has been submitted; until then the key of the submission.
    """

    def __init__(
        self,
        qpu: RemoteQPU,
        submission: Submission,
        ledger: Ledger | None,
        policy: RetryPolicy | None,
        left: Callable[[], float | None],
    ) -> None:
        from .delivery import Delivery
        from .thread import Waited

        self._delivery = Delivery(qpu, submission, ledger, policy, left)
        self._waited = Waited(self._delivery.run, f"deliver-{qpu.name}")

    @property
    def job_id(self) -> str:
        """See the class."""
        return self._delivery.job_id or self._delivery.submission.key

    def result(self) -> list[Expectations]:
        """Wait; one `Expectations` per request, in order. Raises what stopped the delivery."""
        return self._waited.result()

    def stop(self) -> None:
        """Ask for an end of all waiting; the job goes on, and whoever delivers the same submission next takes it up."""
        self._delivery.stop.set()

    def abandon(self) -> None:
        """Stop waiting, and wait until that is done, though not for ever."""
        self.stop()
        self._waited.join()
