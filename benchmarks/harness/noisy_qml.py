"""qiskit-machine-learning's EstimatorQNN and TorchConnector on a noisy backend, timed on a few samples.

Run as a script by `benchmarks/noisy.py`, in any interpreter that has qiskit-machine-learning; prints one JSON object.
It needs nothing of this repository.
"""

from __future__ import annotations

import json
import sys
from time import perf_counter


def main(device: str, shots: int, qubits: int, outputs: int, depth: int, samples: int) -> dict[str, object]:
    """Seconds of forward and backward of one circuit on ``samples`` samples."""
    import qiskit_ibm_runtime.fake_provider as fakes
    import torch
    from qiskit import QuantumCircuit
    from qiskit.circuit import ParameterVector
    from qiskit.primitives import BackendEstimatorV2
    from qiskit.quantum_info import SparsePauliOp
    from qiskit.transpiler import generate_preset_pass_manager
    from qiskit_aer import AerSimulator
    from qiskit_machine_learning import __version__
    from qiskit_machine_learning.connectors import TorchConnector
    from qiskit_machine_learning.gradients import ParamShiftEstimatorGradient
    from qiskit_machine_learning.neural_networks import EstimatorQNN

    phi, theta = ParameterVector("phi", 2 * qubits), ParameterVector("theta", 3 * qubits * depth)
    circuit, weights = QuantumCircuit(qubits), iter(theta)
    circuit.h(range(qubits))
    for k in range(qubits):
        circuit.ry(phi[k], k)
        circuit.rz(phi[qubits + k], k)
    for _ in range(depth):
        for distance in (1, 2):
            for k in range(qubits):
                circuit.cx(k, (k + distance) % qubits)
        for k in range(qubits):
            circuit.rz(next(weights), k)
            circuit.ry(next(weights), k)
            circuit.rz(next(weights), k)
    backend = AerSimulator.from_backend(getattr(fakes, device)())
    manager = generate_preset_pass_manager(3, backend=backend, seed_transpiler=11)
    isa = manager.run(circuit)
    letters = ["I" * (qubits - 1 - k) + "Z" + "I" * k for k in range(outputs)]
    observables = [SparsePauliOp(one).apply_layout(isa.layout) for one in letters]
    estimator = BackendEstimatorV2(backend=backend, options={"default_precision": shots**-0.5})
    gradient = ParamShiftEstimatorGradient(estimator)
    qnn = EstimatorQNN(
        circuit=isa, observables=observables, input_params=list(phi), weight_params=list(theta), estimator=estimator,
        gradient=gradient, input_gradients=True,
    )  # fmt: skip
    layer = TorchConnector(qnn)
    inputs = torch.rand(samples, 2 * qubits, dtype=torch.float64, requires_grad=True)
    start = perf_counter()
    value = layer(inputs)
    forward = perf_counter() - start
    start = perf_counter()
    value.square().sum().backward()
    backward = perf_counter() - start
    return {"forward": forward, "backward": backward, "samples": samples, "version": __version__}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], *map(int, sys.argv[2:]))))
