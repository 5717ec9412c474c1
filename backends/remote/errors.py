"""What can go wrong between here and a device, and passes; what does not pass is an `InputError` or a `PausedError`."""

from __future__ import annotations


class Unreachable(Exception):
    """The service did not answer, or not now; the request may have been carried out all the same.

    Attributes:
        retry_after: Seconds that the service asks to wait; None if it does not say.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Missing(Exception):
    """The service does not know the job."""


class Offline(Exception):
    """The device takes no jobs now, and has not for as long as the policy waits."""
