"""Derivatives of the noisy expectations against the parameter shift of the exact noisy values."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector

from backends import QPU, InputError, Request, open_qpu
from backends.twin import slopes
from qlstm.ansatz import Ansatz
from qlstm.circuits import circuit
from qpartition.shifts import Shifts
from tests.backends.circuits import FloatArray, angles, chen2020


def by_shift(qpu: QPU, request: Request) -> FloatArray:
    shifts = Shifts.of(np.ones(request.values.shape, dtype=bool))
    sets = shifts.values(request.values)
    found = qpu.run([Request(request.circuit, sets, request.outputs, request.core)]).result()[0]
    return shifts.fold(found.values, found.stderr)[0]


def rows_of_one_step(made: QuantumCircuit, rows: int) -> FloatArray:
    """Different inputs, the same weights."""
    values = angles(made, rows, 2)
    weights = [i for i, p in enumerate(made.parameters) if p.name.startswith("theta")]
    values[:, weights] = values[0, weights]
    return values


@pytest.mark.parametrize(
    ("spec", "preset", "qubits", "outputs"),
    [
        ("fake:fez", "chen2020", 3, 2), ("fake:torino", "reupload", 4, 2), ("fake:brisbane", "chen2024", 5, 5),
        ("fake:fez?engine=aer", "chen2020", 2, 1), ("fake:torino?idle=1", "reupload", 3, 3), ("exact", "chen2020", 4, 4),
    ],
)  # fmt: skip
@pytest.mark.parametrize("entries", [2**24, 1])
def test_derivatives_are_shifts(
    spec: str, preset: str, qubits: int, outputs: int, entries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that share weights and rows that share nothing; all at once and one at a time."""
    monkeypatch.setattr(slopes, "_ENTRIES", entries)
    qpu, made = open_qpu(spec), circuit(Ansatz.named(preset, depth=1), 2, qubits)
    core = qpu.cores(qubits)[0]
    requests = [Request(made, v, outputs, core) for v in (rows_of_one_step(made, 4), angles(made, 2))]
    for request, found in zip(requests, qpu.derivatives(requests), strict=True):
        assert found.shape == (request.sets, outputs, made.num_parameters)
        np.testing.assert_allclose(found, by_shift(qpu.twin(), request), atol=1e-9, rtol=0)
        assert np.abs(found).max() > 0.05


def test_only_what_is_wanted() -> None:
    qpu, made = open_qpu("fake:nairobi"), chen2020(3)
    request = Request(made, angles(made, 5), 2, qpu.cores(3)[0])
    mask = np.random.default_rng(0).random(request.values.shape) < 0.3
    mask[:, :4] = False
    (whole,) = qpu.derivatives([request])
    masked, again = qpu.derivatives([request, request], [mask, None])
    np.testing.assert_allclose(masked, whole * mask[:, None, :], atol=1e-14)
    np.testing.assert_array_equal(again, whole)


@pytest.mark.parametrize("spec", ["exact", "aer", "fake:nairobi"])
def test_chain_rule_through_angles_that_are_not_parameters(spec: str) -> None:
    """Scaled, summed and multiplied parameters, against central differences."""
    a = ParameterVector("a", 3)
    made = QuantumCircuit(2)
    made.ry(2 * a[0] - a[1] / 3, 0)
    made.rx(a[1] * a[2], 1)
    made.cx(0, 1)
    made.crx(a[0] + 0.2, 0, 1)
    made.cu(a[2], a[0], a[1], a[0], 1, 0)
    qpu = open_qpu(spec)
    core, values, step = qpu.cores(2)[0], angles(made, 3), 1e-5
    (found,) = qpu.derivatives([Request(made, values, 2, core)])
    for j in range(3):
        moved = [values + sign * step * np.eye(3)[j] for sign in (1, -1)]
        up, down = (qpu.run([Request(made, v, 2, core)]).result()[0].values for v in moved)
        np.testing.assert_allclose(found[:, :, j], (up - down) / (2 * step), atol=1e-6)


def test_twins() -> None:
    qpu, aer = open_qpu("fake:fez"), open_qpu("fake:fez?engine=aer")
    assert qpu.twin() is qpu
    twin = aer.twin()
    assert twin is not aer and twin is aer.twin() and twin.name == aer.name and twin.cores(3) == aer.cores(3)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ([], "0 masks for 1 requests"),
        ([np.ones((2, 5), dtype=bool)], "bool of shape (2, 5); it must be bool of shape (2, 10)"),
        ([np.ones((2, 10))], "float64 of shape (2, 10)"),
    ],
)
def test_bad_masks(wanted: list[np.ndarray], message: str) -> None:
    qpu, made = open_qpu("fake:nairobi"), chen2020(2)
    with pytest.raises(InputError) as caught:
        qpu.derivatives([Request(made, angles(made, 2), 1, qpu.cores(2)[0])], wanted)
    assert message in str(caught.value) and "\n" not in str(caught.value)
