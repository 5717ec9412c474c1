"""Cut circuits beside plain qiskit-addon-cutting: the same circuits, cuts, observables and shots, in one run.

    python benchmarks/cutting.py
    python benchmarks/cutting.py --sets 20 --shots 4096

For every circuit (RY, then layers of a chain of CNOTs and RY; all <Z_i>):

    subexperiments    distinct circuits that are run: emitted by the addon / ours
    reconstruction    seconds from the bits of all shots of a parameter set to its expectations: addon / ours
    total             seconds for all parameter sets, from the circuit to expectations: addon / ours

The addon generates experiments per parameter set (it does not cut circuits with free angles), runs them on qiskit-aer's
sampler, and reconstructs. Its total is extrapolated from the first sets, as many as take some seconds. Ours cuts once,
simulates fragments exactly and draws shots from that, as a device that is as fast as can be. The mean error of both, over
sets and observables, is printed beside what the shots explain.
"""

from __future__ import annotations

import argparse
import time
from statistics import median

import numpy as np
from harness import report
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit.primitives import StatevectorEstimator
from qiskit.quantum_info import PauliList, SparsePauliOp
from qiskit_addon_cutting import generate_cutting_experiments, partition_problem, reconstruct_expectation_values
from qiskit_aer.primitives import SamplerV2

from qpartition.cutting import Knitted, cut

CASES = ((4, 1, 2), (6, 1, 3), (6, 2, 3), (6, 1, 2), (8, 1, 2), (8, 2, 4))
"""Qubits, layers, qubits of a fragment."""
PATIENCE = 8.0
"""Seconds that the addon is given per circuit, at least one set."""


def chain(qubits: int, layers: int) -> QuantumCircuit:
    circuit, angles = QuantumCircuit(qubits), iter(ParameterVector("a", qubits * (layers + 1)))
    for q in range(qubits):
        circuit.ry(next(angles), q)
    for _ in range(layers):
        for q in range(qubits - 1):
            circuit.cx(q, q + 1)
        for q in range(qubits):
            circuit.ry(next(angles), q)
    return circuit


def addon(circuit: QuantumCircuit, values: np.ndarray, labels: str, strings: list[str], shots: int) -> dict:
    """Plain addon-cutting, set by set."""
    total, knitting, found, emitted = [], [], [], 0
    for row in values:
        began = time.perf_counter()
        problem = partition_problem(
            circuit.assign_parameters(row), partition_labels=labels, observables=PauliList(strings)
        )
        experiments, coefficients = generate_cutting_experiments(problem.subcircuits, problem.subobservables, np.inf)
        sampler = SamplerV2()
        results = {label: sampler.run(own, shots=shots).result() for label, own in experiments.items()}
        ran = time.perf_counter()
        found.append(reconstruct_expectation_values(results, coefficients, problem.subobservables))
        total.append(time.perf_counter() - began)
        knitting.append(time.perf_counter() - ran)
        emitted = sum(len(own) for own in experiments.values())
        if sum(total) > PATIENCE:
            break
    return {"set": median(total), "knit": median(knitting), "values": np.array(found), "circuits": emitted}


def ours(circuit: QuantumCircuit, values: np.ndarray, labels: str, strings: list[str], shots: int) -> dict:
    """Cut once, all sets together."""
    began = time.perf_counter()
    knitted = cut(circuit, strings, cuts=labels)
    estimates = knitted.expectations(values, shots, seed=0)
    total = time.perf_counter() - began
    angles = knitted.angles.at(values)
    measured = knitted.simulation.measured(angles, None, np.random.default_rng(0))
    ran = time.perf_counter()
    knitted.estimates(angles, measured)
    knit = time.perf_counter() - ran + len(values) * read_bits(knitted, shots)
    return {"total": total, "knit": knit / len(values), "estimates": estimates, "circuits": knitted.subexperiments}


def read_bits(knitted: Knitted, shots: int) -> float:
    """Seconds from the bits of every shot of one set to the expectations that are contracted; the addon does that too."""
    rng, seconds = np.random.default_rng(0), 0.0
    for fragment in knitted.fragments:
        wide = fragment.width + len(fragment.slots)
        bits = rng.integers(0, 2**wide, (fragment.subexperiments, shots), dtype=np.uint16)
        began = time.perf_counter()
        signs = 1 - 2 * (np.bitwise_count(np.arange(2**wide, dtype=np.uint16)).astype(np.int8) & 1)
        for q in range(fragment.width):
            signs[bits & ((1 << q) | (2**wide - 2**fragment.width))].mean(axis=1)
        seconds += time.perf_counter() - began
    return seconds


def main(sets: int, shots: int) -> None:
    print(report.preamble(report.machine()))
    print(f"{sets} parameter sets, {shots} shots a subexperiment\n")
    head = ["qubits", "layers", "fragments", "subexperiments", "reconstruction", "total"]
    head += ["error, addon", "error, ours", "expected"]
    print("  ".join(f"{name:>15}" for name in head))
    for qubits, layers, width in CASES:
        circuit = chain(qubits, layers)
        values = np.random.default_rng(0).uniform(-3, 3, (sets, circuit.num_parameters))
        strings = ["I" * (qubits - 1 - q) + "Z" + "I" * q for q in range(qubits)]
        labels = "".join("ABCD"[q // width] for q in range(qubits))
        exact = (
            StatevectorEstimator()
            .run([(circuit, [[SparsePauliOp(s)] for s in strings], values)])
            .result()[0]
            .data.evs.T
        )
        theirs, mine = (route(circuit, values, labels, strings, shots) for route in (addon, ours))
        errors = [np.sqrt(np.mean((v - exact[: len(v)]) ** 2)) for v in (theirs["values"], mine["estimates"].values)]
        cells = (
            str(qubits), str(layers), "+".join(str(labels.count(label)) for label in sorted(set(labels))),
            f"{theirs['circuits']}/{mine['circuits']} = {theirs['circuits'] / mine['circuits']:.1f}",
            f"{theirs['knit'] / mine['knit']:.0f}x", f"{theirs['set'] * sets / mine['total']:.0f}x",
            f"{errors[0]:.3f}", f"{errors[1]:.3f}", f"{np.sqrt(np.mean(mine['estimates'].stderr ** 2)):.3f}",
        )  # fmt: skip
        print("  ".join(f"{cell:>15}" for cell in cells), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=100, help="parameter sets")
    parser.add_argument("--shots", type=int, default=1024, help="per subexperiment")
    chosen = parser.parse_args()
    main(chosen.sets, chosen.shots)
