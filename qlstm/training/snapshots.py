"""The calibration of real devices as it was when a run began: a resumed run goes by it, so that its circuits are the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backends.errors import InputError

from .files import write_atomic

if TYPE_CHECKING:
    from backends import QPU


@dataclass
class Snapshots:
    """Snapshots of devices by spec.

    Attributes:
        known: What `backends.ibm.qpu.IBMQPU.snapshot` gave.
    """

    known: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Snapshots:
        """Those of a run; none if it uses no real device.

        Raises:
            InputError: If the file is damaged.
        """
        if not path.exists():
            return cls()
        try:
            values = json.loads(path.read_text())
            if not isinstance(values, dict) or not all(isinstance(one, dict) for one in values.values()):
                raise ValueError("it holds no devices")
        except (OSError, ValueError) as error:
            raise InputError(f"{path} cannot be read ({error}); restore it from a copy") from error
        return cls(values)

    def save(self, path: Path) -> None:
        """Write them, if there are any."""
        if self.known:
            write_atomic(path, json.dumps(self.known))

    def open(self, spec: str) -> QPU:
        """The device as it was, or as it is now, which is then remembered."""
        from backends import open_qpu

        qpu = open_qpu(spec, self.known.get(spec))
        snapshot = getattr(qpu, "snapshot", None)
        if snapshot is not None:
            self.known[spec] = snapshot()
        return qpu
