"""Two-qubit gates and expected fidelity of sub-VQCs on cores: this package beside Qiskit's own transpiler.

python benchmarks/transpile.py                       chen2020 depth 2, 3-5 qubits, fez, torino and brisbane
python benchmarks/transpile.py --ansatz chen2024     another ansatz
"""

from __future__ import annotations

import argparse
from math import prod

from qiskit import QuantumCircuit
from qiskit.transpiler import Target, generate_preset_pass_manager

from backends import Core, open_qpu
from backends.device import cropped_target
from qlstm import Ansatz
from qlstm.circuits import circuit as sub_vqc

SEEDS = range(5)


def main() -> None:
    """A row per device and width: range over the best cores, and the mean fidelity."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--ansatz", default="chen2020")
    parser.add_argument("--qpu", action="append", help="default fez, torino and brisbane")
    parser.add_argument("--cores", type=int, default=4, help="best cores looked at (default %(default)s)")
    chosen = parser.parse_args()
    print(f"{'device':15}{'qubits':>7}{'Qiskit, best of 5':>22}{'here':>10}{'fidelity':>12}{'here':>8}")
    for spec in chosen.qpu or ["fake:fez", "fake:torino", "fake:brisbane"]:
        for width in (3, 4, 5):
            circuit = sub_vqc(Ansatz.named(chosen.ansatz), width, width)
            qpu, rows = open_qpu(spec), []
            for core in qpu.cores(width)[: chosen.cores]:
                target = cropped_target(qpu.device, core.qubits)
                ours = qpu.profile(circuit, core, 1)
                rows.append((*qiskit_best(circuit, target, core), ours.two_qubit_gates, ours.fidelity))
            theirs, survives, gates, fidelity = zip(*rows, strict=True)
            means = (sum(survives) / len(rows), sum(fidelity) / len(rows))
            print(f"{spec:15}{width:7}{span(theirs):>22}{span(gates):>10}{means[0]:12.3f}{means[1]:8.3f}")


def qiskit_best(circuit: QuantumCircuit, target: Target, core: Core) -> tuple[int, float]:
    """Fewest two-qubit gates of five level-3 seeds on the core's own target, and that circuit's fidelity."""
    managers = (generate_preset_pass_manager(3, target=target, seed_transpiler=seed) for seed in SEEDS)
    best = min((manager.run(circuit) for manager in managers), key=lambda isa: isa.num_nonlocal_gates())
    wires = best.layout.final_index_layout(filter_ancillas=True)
    gates = [(item.name, tuple(best.find_bit(bit).index for bit in item.qubits)) for item in best.data]
    errors = [target[name].get(where) for name, where in [*gates, ("measure", (wires[0],))] if name != "barrier"]
    return best.num_nonlocal_gates(), prod(1 - (values.error or 0.0) for values in errors if values is not None)


def span(numbers: tuple[int, ...]) -> str:
    """Least and most."""
    return str(min(numbers)) if min(numbers) == max(numbers) else f"{min(numbers)}-{max(numbers)}"


if __name__ == "__main__":
    main()
