"""Closed forms of Eqs. 9-12, by hand; beside real plans they stand in tests/qlstm/test_resource_counts.py."""

from __future__ import annotations

import pytest

from backends.errors import InputError
from qpartition.design import Circuit, Design
from qpartition.resources import resources


def test_parameters_by_hand() -> None:
    design = Design.of(1, 5, 2, circuit=Circuit(depth=2, angles=3), hidden_vqc=True, head_outputs=1)
    assert [part.qubits for part in design.gate] == [3, 3]
    assert design.gate_parameters == 4 * 2 * (2 * 3 * 3)  # Eq. 11
    assert design.extra == 2
    assert design.parameters == 144 + 2 * 3 * (3 + 2) + 2 * 3 * 5  # Eq. 12, with the blocks' own widths


def test_a_step_by_hand() -> None:
    design = Design.of(1, 3, 2, circuit=Circuit(depth=1, angles=1, encodings=1))  # two parts of two qubits
    need = resources(design, steps=3, batch=5, shots=100, cores=2, rep_delay=1e-3, circuit_seconds=0.0)
    # part 0: h0, h1, both read; part 1: h2, x, one read: its last RY on the other qubit does nothing
    shifts = (3 * 2 + 2 * 2, 3 * 1 + 2 * 1)
    sets = [5 * 3 + 2 * 5 * each for each in shifts]
    assert need.rounds == 4
    assert need.jobs == 8
    assert need.sets == 4 * sum(sets)
    assert need.executions == 2 * sum(sets) * 100  # two gates on each core, one after the other
    assert need.qpu_seconds == pytest.approx(2 * 8 + need.executions * 1e-3)
    assert (need.core_qubits, need.qubits_per_qpu, need.qubits) == (2, 4, 8)
    assert resources(design, steps=3, batch=5, demand="forward").jobs == 6


def test_more_parts_mean_narrower_circuits_and_more_jobs() -> None:
    needs = [resources(Design.of(1, 31, parts), steps=4) for parts in (1, 2, 4, 8)]
    assert [need.qubits_per_qpu for need in needs] == [32, 16, 8, 4]
    assert [need.jobs for need in needs] == [5, 10, 20, 40]
    assert len({need.parameters for need in needs}) == 1


def test_bad_input() -> None:
    design = Design.of(1, 3)
    with pytest.raises(InputError, match="steps=0 must be an integer of at least 1"):
        resources(design, steps=0)
    with pytest.raises(InputError, match="unknown demand 'fuesd': did you mean 'fused'"):
        resources(design, steps=2, demand="fuesd")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="is not a Design"):
        resources(3, steps=2)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="parts=4 exceeds hidden_size=3"):
        Design.of(1, 3, 4)
    with pytest.raises(InputError, match="depth=0 of a circuit must be"):
        Circuit(depth=0)
