"""Closed forms of Eqs. 9-12 beside the circuits and tallies of real plans."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from backends import open_qpu
from backends.errors import InputError
from qlstm import Ansatz, Forecaster
from qpartition import Plan, Topology, Workload, plan
from qpartition.design import Circuit, Design
from qpartition.resources import counted, resources


def circuit(ansatz: Ansatz) -> Circuit:
    return Circuit(
        ansatz.depth, ansatz.angles_per_qubit, ansatz.uploads, ansatz.encodings_per_input, ansatz.affine_input
    )


def placed(model: Forecaster, cores: int, device: str, shots: int = 10) -> Plan:
    """Part m on device m, block b on its core b mod ``cores``."""
    width = max(one.num_qubits for one in model.circuits())
    parts = max(one.metadata["part"] for one in model.circuits()) + 1
    topology = Topology([open_qpu(device) for _ in range(parts)], width)
    at = [[core.name for core in topology.cores if core.qpu == name] for name in topology.qpus]
    blocks = list(dict.fromkeys(one.name.rpartition(".p")[0] for one in model.circuits()))
    mapping = {
        one.name: at[one.metadata["part"]][blocks.index(one.name.rpartition(".p")[0]) % cores]
        for one in model.circuits()
    }
    return plan(Workload.of(model, batch=3, steps=4), topology, mapping, shots)


MODELS: dict[str, dict[str, Any]] = {
    "chen2020": {},
    "chen2024": {"ansatz": Ansatz.chen2024()},
    "reupload": {"ansatz": Ansatz.reupload(), "partition": "shared-input"},
    "whole": {"parts": 1},
    "three parts": {"parts": 3, "partition": "round-robin"},
    "input first": {"partition": "input-first", "ansatz": Ansatz.chen2024(depth=3)},
    "five VQCs": {"hidden_vqc": True},
}


@pytest.mark.parametrize("jacobian", ["deferred", "fused"])
@pytest.mark.parametrize("options", MODELS.values(), ids=MODELS)
def test_closed_forms_are_what_is_counted(options: dict[str, Any], jacobian: Any) -> None:
    options = {"parts": 2, "partition": "contiguous", "ansatz": Ansatz.chen2020(), **options}
    model = Forecaster(1, 5, jacobian=jacobian, **options)
    design = Design.of(
        1, 5, options["parts"], options["partition"], circuit(options["ansatz"]), hidden_vqc="hidden_vqc" in options
    )
    for cores in (1, 2, 4):
        made = placed(model, cores, "exact")
        for demand in ("forward", jacobian):
            closed = resources(design, steps=4, batch=3, shots=10, cores=cores, demand=demand)
            found = counted(made, demand)
            assert asdict(closed) | {"qpu_seconds": 0} == asdict(found)  # ideal devices bill nothing
            assert closed.parameters == model.n_quantum_parameters


def test_a_quantum_head_needs_no_more_than_is_said() -> None:
    model = Forecaster(1, 5, parts=2, hidden_vqc=True, head="vqc")
    design = Design.of(1, 5, 2, hidden_vqc=True, head_outputs=1)
    closed, found = resources(design, steps=4, batch=3, shots=10), counted(placed(model, 1, "exact"))
    assert (closed.parameters, closed.rounds, closed.jobs) == (found.parameters, found.rounds, found.jobs)
    assert found.sets <= closed.sets <= 1.01 * found.sets


def test_seconds_are_those_of_a_real_plan() -> None:
    model = Forecaster(1, 3, parts=2, ansatz=Ansatz.chen2024(depth=1))
    made = placed(model, 1, "fake:manila", shots=1000)
    design = Design.of(1, 3, 2, circuit=circuit(Ansatz.chen2024(depth=1)))
    longest = max(one.seconds for one in made.circuits)
    closed = resources(design, steps=4, batch=3, shots=1000, circuit_seconds=longest)
    assert counted(made).qpu_seconds == pytest.approx(closed.qpu_seconds, rel=0.01)


def test_a_loaded_plan_is_refused(tmp_path: Path) -> None:
    made = placed(Forecaster(1, 2, ansatz=Ansatz.chen2024(depth=1)), 1, "exact")
    made.save(tmp_path / "plan.json")
    with pytest.raises(InputError, match="a loaded plan has no circuits"):
        counted(Plan.load(tmp_path / "plan.json"))
