"""One device of an account: its status and calibration, its batches and sessions, its jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import runtime
from .jobs import Jobs
from .snapshot import taken

if TYPE_CHECKING:
    from .account import Account


class RuntimeBackend:
    """One device of an account.

    Attributes:
        account: Whose it is.
        backend: The client's.
        name: At IBM, such as ``ibm_fez``.
        jobs: What is submitted to it.
    """

    def __init__(self, account: Account, backend: Any) -> None:
        self.account, self.backend = account, backend
        self.name = str(backend.name)
        self.jobs = Jobs(account, backend)

    def snapshot(self) -> dict[str, Any]:
        """Configuration and calibration as they are now, as plain JSON values."""
        with self.account.translated():
            return taken(self.account.service.backend(self.name))

    def status(self) -> tuple[bool, str, int]:
        """Whether the device takes jobs, its status in a word, and jobs in its queue."""
        with self.account.translated():
            status = self.backend.status()
        return bool(status.operational), str(status.status_msg), int(status.pending_jobs)

    def open_lane(self, mode: str, max_seconds: float | None) -> Any:
        """A batch or session to submit to."""
        with self.account.translated():
            return runtime.open_lane(self.backend, mode, max_seconds)

    def close_lane(self, lane: Any) -> None:
        """Take no more jobs in it; those submitted go on."""
        with self.account.translated(of_a_job=True):
            lane.close()

    def is_open(self, lane: Any) -> bool:
        """Whether a batch or session takes jobs."""
        with self.account.translated(of_a_job=True):
            details = lane.details()
        return bool(details and details.get("accepting_jobs"))
