"""A core: a connected region of a device, cropped to its own qubits, couplings, calibration and noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Edge = tuple[int, int]


@dataclass(frozen=True)
class Calibration:
    """Error rates and times of a set of qubits, indexed from 0.

    Durations are in seconds, errors are probabilities. ``two_qubit`` is keyed by the directed
    coupling; all mappings are empty for an ideal device. ``durations`` are those of the couplings one by one,
    ``two_qubit_seconds`` their median.
    """

    one_qubit: Mapping[int, float] = field(default_factory=dict)
    two_qubit: Mapping[Edge, float] = field(default_factory=dict)
    readout: Mapping[int, float] = field(default_factory=dict)
    t1: Mapping[int, float] = field(default_factory=dict)
    t2: Mapping[int, float] = field(default_factory=dict)
    one_qubit_seconds: float = 0.0
    two_qubit_seconds: float = 0.0
    readout_seconds: float = 0.0
    rep_delay: float = 0.0
    date: str = ""
    durations: Mapping[Edge, float] = field(default_factory=dict)

    @property
    def is_ideal(self) -> bool:
        """True when no error rate is recorded."""
        return not (self.one_qubit or self.two_qubit or self.readout)


@dataclass(frozen=True)
class Core:
    """Where sub-VQCs run: ``qubits`` of the device ``qpu``, renumbered 0..n-1 inside the core.

    Attributes:
        qpu: Name of the device the core belongs to.
        index: Number of the core on its device, best (lowest summed error) first; -1 for one of chosen qubits.
        qubits: Physical qubits of the device; position in this tuple is the core's own qubit number.
        edges: Directed couplings between the core's own qubit numbers; empty means all-to-all (ideal).
        calibration: Calibration of the core, in the core's own qubit numbers.
        error: Summed error of the core (two-qubit, one-qubit and readout), the quantity regions are ranked by.
    """

    qpu: str
    index: int
    qubits: tuple[int, ...]
    edges: tuple[Edge, ...] = ()
    calibration: Calibration = field(default_factory=Calibration)
    error: float = 0.0

    @property
    def name(self) -> str:
        """``<qpu>/<index>``, or ``<qpu>/q<qubit>-<qubit>-...`` for a core of chosen qubits; unique in a topology."""
        return f"{self.qpu}/{self.index if self.index >= 0 else 'q' + '-'.join(map(str, self.qubits))}"

    @property
    def num_qubits(self) -> int:
        """Number of qubits in the core."""
        return len(self.qubits)
