"""What can go wrong between here and a device, and passes.

Where nobody waits for it to pass, it is what it derives from: a `PausedError`.
"""

from __future__ import annotations

from ..errors import PausedError


class Unreachable(PausedError):
    """The service did not answer, or not now; the request may have been carried out all the same.

    Attributes:
        retry_after: Seconds that the service asks to wait; None if it does not say.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Missing(PausedError):
    """The service does not know the job."""


class Offline(PausedError):
    """The device takes no jobs now, and has not for as long as the policy waits."""
