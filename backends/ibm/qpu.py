"""A device of IBM Quantum as a QPU."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..device import Device
from ..pubs import Pubs, opened_result
from ..qpu import Expectations, Limits, Mode
from ..remote.errors import Missing
from ..remote.qpu import JobStatus, RemoteQPU, Submission
from ..remote.retry import rest
from .lanes import Lane
from .options import Options
from .pace import Pace

if TYPE_CHECKING:
    from .account import Account
    from .backend import RuntimeBackend

MAX_EXECUTIONS = 10_000_000
"""Circuits x shots of one job."""
OPEN_PACE, OPEN_PENDING = 5.0, 3
"""Submissions a minute and waiting jobs on the Open plan."""


class IBMQPU(RemoteQPU):
    """A real device, reached through the account's credentials; nothing is asked of the service before it is needed.

    Attributes:
        options: How jobs are run.
    """

    def __init__(
        self,
        name: str,
        connect: Callable[[], Account],
        options: Options | None = None,
        snapshot: Mapping[str, Any] | None = None,
    ) -> None:
        """A device of the account that ``connect`` gives.

        Args:
            name: At IBM, such as ``ibm_fez``.
            connect: The account.
            options: How jobs are run.
            snapshot: What `snapshot` gave earlier: cores, circuits and prices follow that calibration, not today's.
        """
        super().__init__(f"ibm:{name}", self._read)
        self.options = options or Options()
        self._ibm_name, self._connect = name, connect
        self._snapshot = None if snapshot is None else dict(snapshot)

    @property
    def mode(self) -> Mode:  # type: ignore[override]
        """How jobs are run: ``batch``, ``session`` or ``job``."""
        return self.options.mode  # type: ignore[return-value]

    @cached_property
    def account(self) -> Account:
        """The connection."""
        return self._connect()

    @cached_property
    def backend(self) -> RuntimeBackend:
        """The device, as the adapter has it."""
        return self.account.backend(self._ibm_name)

    def snapshot(self) -> dict[str, Any]:
        """Configuration and calibration that this object goes by, as JSON values; `open_qpu` takes it back."""
        if self._snapshot is None:
            self._snapshot = self.backend.snapshot()
        return self._snapshot

    @property
    def limits(self) -> Limits:  # type: ignore[override]
        """What the device takes in one job."""
        return Limits(max_shots=self.device.max_shots, max_executions=MAX_EXECUTIONS)

    def remaining_seconds(self) -> float | None:
        """QPU seconds that the account has left; None if it has no limit."""
        return self.account.remaining_seconds()

    def queue(self) -> tuple[str, int]:
        """Status of the device in a word, and jobs waiting on it."""
        operational, word, pending = self.backend.status()
        return ("online" if word == "active" else word) if operational else "offline", pending

    def operational(self) -> bool:
        """See `RemoteQPU`."""
        return self.backend.status()[0]

    def submit(self, submission: Submission, tag: str, stop: threading.Event) -> str:
        """See `RemoteQPU`."""
        pubs = [self._pubs.of(bundle) for bundle in submission.requests]
        self._pace.wait(lambda seconds: rest(seconds, stop))

        def send(lane: Any) -> str:
            return self.backend.jobs.submit(pubs, submission.shots, tag, lane, self.options, submission.most_seconds)

        return self._lane.submit(send, submission.most_seconds, self._most_pending, stop)

    def find(self, tag: str) -> list[JobStatus]:
        """See `RemoteQPU`."""
        return self.backend.jobs.find(tag)

    def status(self, job_id: str) -> JobStatus:
        """See `RemoteQPU`."""
        try:
            status = self.backend.jobs.status(job_id)
        except Missing:
            self._lane.ended(job_id)
            raise
        (self._lane.ended if status.state.is_final else self._lane.waits)(job_id)
        return status

    def fetch(self, job_id: str, submission: Submission) -> list[Expectations]:
        """See `RemoteQPU`."""
        results = self.backend.jobs.results(job_id)
        pairs = zip(results, submission.requests, strict=True)
        return [found for data, bundle in pairs for found in opened_result(data, bundle)]

    def cancel(self, job_id: str) -> None:
        """See `RemoteQPU`."""
        self.backend.jobs.cancel(job_id)
        self._lane.given_up(job_id)

    def billed(self, job_id: str) -> float | None:
        """See `RemoteQPU`."""
        return self.backend.jobs.billed(job_id)

    def close(self) -> None:
        """Close the batch or session that is open."""
        if "_lane" in self.__dict__:
            self._lane.close()

    def _read(self) -> Device:
        from .snapshot import Recorded

        device = Device.of(Recorded(self.snapshot()), self.name)
        return device if self.options.rep_delay is None else device.with_rep_delay(self.options.rep_delay)

    @cached_property
    def _lane(self) -> Lane:
        return Lane(self.backend, self.options)

    @cached_property
    def _pubs(self) -> Pubs:
        return Pubs(self.num_qubits, self._circuits)

    @cached_property
    def _pace(self) -> Pace:
        return Pace(OPEN_PACE if self.options.pace is None and self.account.is_open_plan else self.options.pace)

    @cached_property
    def _most_pending(self) -> int | None:
        return OPEN_PENDING if self.options.pending is None and self.account.is_open_plan else self.options.pending
