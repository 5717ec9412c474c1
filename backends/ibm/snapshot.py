"""Configuration and calibration of a device, written down as JSON values and read again without a connection."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from qiskit.exceptions import QiskitError

from ..errors import InputError
from .runtime import parsed


def taken(backend: Any) -> dict[str, Any]:
    """``{"configuration": ..., "properties": ...}`` of the client's ``backend``, as plain JSON values."""
    properties = backend.properties()
    values = {
        "configuration": backend.configuration().to_dict(),
        "properties": None if properties is None else properties.to_dict(),
    }
    plain: dict[str, Any] = json.loads(json.dumps(values, default=_plain))
    return plain


class Recorded:
    """A device as `taken` saw it: what `backends.device.Device` asks of a backend, without a connection."""

    def __init__(self, snapshot: Mapping[str, Any]) -> None:
        """From a snapshot.

        Raises:
            InputError: If it is not one.
        """
        try:
            self._configuration, self._properties, self.target = parsed(snapshot)
        except (KeyError, TypeError, ValueError, AttributeError, QiskitError) as error:
            raise InputError(
                f"this is not the snapshot of an IBM device ({type(error).__name__}: {error}); use an intact file"
            ) from None

    def configuration(self) -> Any:
        """As the service gave it."""
        return self._configuration

    def properties(self) -> Any:
        """Calibration, or None."""
        return self._properties


def _plain(value: object) -> object:
    """What JSON does not know: dates, numpy and complex numbers."""
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, complex):
        return [value.real, value.imag]
    return value.tolist() if hasattr(value, "tolist") else str(value)
