"""Devices of chosen core errors, widths and speeds, and workloads to place on them; for the tests of mappings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from hypothesis import strategies as st

from backends.checks import opened
from backends.core import Core
from backends.qpu import Bundle, Request
from qpartition.topology import Topology
from qpartition.workload import Workload
from tests.qpartition import toy


@dataclass
class Device(toy.CountingQPU):
    """A toy device whose cores have the given errors, and which takes ``delay`` seconds between executions."""

    errors: tuple[float, ...] = ()
    delay: float = 250e-6
    job: float = 2.0
    num_qubits: int = 64
    given: tuple[int, ...] = field(default=())

    def cores(self, core_qubits: int | None = None, guard: int = 0) -> tuple[Core, ...]:
        widths = self.given or (4,) * len(self.errors)
        starts = [sum(widths[:i]) for i in range(len(widths))]
        plain = super().cores(4)[0]
        return tuple(
            replace(plain, qpu=self.name, index=i, qubits=tuple(range(s, s + w)), error=e)
            for i, (s, w, e) in enumerate(zip(starts, widths, self.errors, strict=True))
        )

    def seconds(self, requests: Sequence[Request | Bundle], shots: int | None) -> float:
        longest = (self.delay + 1e-7 * max(r.circuit.size() for r in opened([given])) for given in requests)
        return self.job + sum(given.sets * (shots or 1) * t for given, t in zip(requests, longest, strict=True))


def fleet(*errors: Sequence[float], **options: object) -> Topology:
    """Devices "d0", "d1", ... with cores of these errors."""
    return Topology([Device(f"d{i}", errors=tuple(e), **options) for i, e in enumerate(errors)])  # type: ignore[arg-type]


def work(*kinds: tuple[int, int], batch: int = 2, steps: int = 2) -> Workload:
    """Sub-VQCs k0, k1, ... each of (qubits, depth)."""
    listed = [toy.circuit(f"k{i}", q, 1, 1, depth, ("h",)) for i, (q, depth) in enumerate(kinds)]
    return Workload.of(toy.Model(listed), batch, steps)


ERRORS = st.integers(0, 32).map(lambda n: n / 64)
DEVICES = st.lists(
    st.builds(
        lambda cores, delay, job: Device(
            errors=tuple(e for e, _ in cores), given=tuple(w for _, w in cores), delay=delay, job=job
        ),
        st.lists(st.tuples(ERRORS, st.integers(1, 4)), min_size=1, max_size=4),
        st.sampled_from((100e-6, 250e-6, 1e-3)),
        st.sampled_from((0.0, 2.0)),
    ),
    min_size=1,
    max_size=3,
)
KINDS = st.lists(st.sampled_from(((1, 1), (2, 1), (2, 2), (3, 1))), min_size=1, max_size=6)


def fitting(devices: Sequence[Device], kinds: Sequence[tuple[int, int]]) -> tuple[Topology, Workload]:
    """The devices, with one core widened where nothing fits otherwise, and the workload."""
    widest = max(q for q, _ in kinds)
    if max(w for d in devices for w in d.given) < widest:
        devices[0].given = (widest, *devices[0].given[1:])
    return Topology(devices), work(*kinds)
