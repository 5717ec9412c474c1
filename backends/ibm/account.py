"""An account of IBM Quantum: its plan, the time it has left, and its devices."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from ..errors import InputError, PausedError, UsageLimitError, unknown_name
from .backend import RuntimeBackend
from .errors import redacted, token_of, translated
from .transport import send_once


class Account:
    """A connection to IBM Quantum.

    Attributes:
        service: The client's ``QiskitRuntimeService``.
    """

    def __init__(self, service: Any) -> None:
        """With a ``QiskitRuntimeService``."""
        self.service = service
        self._secret = token_of(service)
        send_once(service)

    def translated(self, of_a_job: bool = False) -> AbstractContextManager[None]:
        """Context in which errors of the client become those of this project; see `backends.ibm.errors.translated`."""
        return translated(self._secret, of_a_job)

    def redacted(self, error: object) -> str:
        """The message of an error, in one line and without the token."""
        return redacted(error, self._secret)

    @property
    def is_open_plan(self) -> bool:
        """Whether the account is on IBM's free plan, which has no sessions and tighter limits."""
        with self.translated():
            instance = self.service.active_instance()
            plans = [str(one.get("plan")) for one in self.service.instances() if one.get("crn") == instance]
        return plans == ["open"]

    def remaining_seconds(self) -> float | None:
        """QPU seconds that the account has left in this period; None if it has no limit."""
        with self.translated():
            usage = self.service.usage()
        left = usage.get("usage_remaining_seconds")
        return None if left is None else float(left)

    def require_time(self) -> None:
        """Refuse to submit where the account has no time left.

        Raises:
            UsageLimitError: Says how much was used.
        """
        with self.translated():
            usage = self.service.usage()
        if usage.get("usage_limit_reached"):
            raise UsageLimitError(
                f"the IBM Quantum account has used {usage.get('usage_consumed_seconds')} of "
                f"{usage.get('usage_limit_seconds')} QPU seconds, nothing is left; wait for its next period, or use another"
            )

    def devices(self) -> list[dict[str, Any]]:
        """Name, qubits, queue and status of every device of the account."""
        with self.translated():
            backends = self.service.backends()
            found = []
            for backend in backends:
                status = backend.status()
                state = "online" if status.operational and status.status_msg == "active" else status.status_msg
                found.append(
                    {
                        "name": str(backend.name),
                        "qubits": int(backend.num_qubits),
                        "pending": int(status.pending_jobs),
                        "status": str(state),
                    }
                )
        return sorted(found, key=lambda device: device["name"])

    def names(self) -> list[str]:
        """Names of the devices of the account."""
        with self.translated():
            return sorted(str(backend.name) for backend in self.service.backends())

    def least_busy(self) -> str:
        """Name of the device with the shortest queue of those that are on line.

        Raises:
            PausedError: If none is.
        """
        online = [device for device in self.devices() if device["status"] == "online"]
        if not online:
            raise PausedError("ibm:least_busy: no device of the account is on line; try again later, see qlstm qpus")
        return str(min(online, key=lambda device: (device["pending"], device["name"]))["name"])

    def backend(self, name: str) -> RuntimeBackend:
        """A device by name.

        Raises:
            InputError: If the account has no such device.
            PausedError: If the service lists none at all.
        """
        try:
            with self.translated():
                return RuntimeBackend(self, self.service.backend(name))
        except InputError:
            known = self.names()  # asked only now: it loads every device
            if name in known:
                raise
        if not known:
            raise PausedError(
                f"ibm:{name}: IBM Quantum lists no devices for this account now, or cannot be reached; try again later, or "
                "check its instance"
            )
        raise unknown_name("IBM device", name, known)
