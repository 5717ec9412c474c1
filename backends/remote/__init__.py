"""Devices behind a network: jobs that are paid for, delivered once and only once."""

from .delivery import Delivery
from .errors import Missing, Offline, Unreachable
from .ledger import Attempt, Ledger, MemoryLedger, Outcome
from .qpu import JobStatus, RemoteQPU, State, Submission
from .retry import RetryPolicy

__all__ = [
    "Attempt",
    "Delivery",
    "JobStatus",
    "Ledger",
    "MemoryLedger",
    "Missing",
    "Offline",
    "Outcome",
    "RemoteQPU",
    "RetryPolicy",
    "State",
    "Submission",
    "Unreachable",
]
