"""Compare the mappings: measured error on two unequal devices, and the time to map 4,096 sub-VQCs on 20 chips.

    python benchmarks/mapping.py                        both tables
    python benchmarks/mapping.py --error --qpu fake:brisbane --qpu fake:fez --seeds 16
    python benchmarks/mapping.py --scale --seconds 10   the time limit of ``optimal``

The error is the mean |<Z> - exact| over all sub-VQCs and random parameter sets, with exact noisy expectations
(no shots), so that only gates and readout count. Every seed has parameters of its own, the same for all mappings,
and another draw of the random mapping; the uncertainty is the standard error over the seeds, and gains are taken
seed by seed.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from harness import results

from backends import open_qpu
from backends.errors import InputError
from qlstm import QLSTM
from qpartition import Topology, Workload, plan
from qpartition.dispatch import Dispatcher
from qpartition.mapping import MAPPINGS, place
from qpartition.objective import Objective
from qpartition.pricing import price
from qpartition.tables import table

BLIND = ("round-robin", "random")
CHIPS = (
    "torino", "fez", "marrakesh", "brisbane", "kyiv", "sherbrooke", "quebec", "cusco", "kawasaki", "osaka",
    "kingston", "aachen", "boston", "pittsburgh", "strasbourg", "brussels", "miami", "berlin", "brooklyn", "washington",
)  # fmt: skip


def options(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--error", action="store_true", help="only the measured error")
    parser.add_argument("--scale", action="store_true", help="only 4,096 sub-VQCs on 20 chips")
    parser.add_argument("--qpu", action="append", help="devices of the error table (fake:torino and fake:fez)")
    parser.add_argument("--parts", type=int, default=2, help="parts of the model of the error table")
    parser.add_argument("--seeds", type=int, default=8, help="repetitions of the error table")
    parser.add_argument("--rows", type=int, default=16, help="parameter sets of each sub-VQC and seed")
    parser.add_argument("--seconds", type=float, default=10.0, help="time limit of optimal")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write all numbers there")
    chosen = parser.parse_args(arguments)
    if chosen.seeds < 2 or min(chosen.rows, chosen.parts) < 1:
        parser.error("at least 2 seeds, 1 row and 1 part are needed")
    return chosen


def measured_errors(chosen: argparse.Namespace) -> dict[str, Any]:
    """Error by mapping, one number per seed."""
    topology = Topology([open_qpu(spec) for spec in chosen.qpu or ("fake:torino", "fake:fez")], core_qubits=4)
    workload = Workload.of(QLSTM(2 * chosen.parts, 2 * chosen.parts, parts=chosen.parts), batch=16, steps=4)
    exact = Topology([open_qpu("exact")], core_qubits=4)
    errors: dict[str, list[float]] = {name: [] for name in MAPPINGS}
    for seed in range(chosen.seeds):
        rng = np.random.default_rng(seed)
        inputs = {s.key: rng.uniform(-np.pi, np.pi, (chosen.rows, s.inputs)) for s in workload.subvqcs}
        weights = {s.key: rng.uniform(-np.pi, np.pi, s.weights) for s in workload.subvqcs}
        with Dispatcher(plan(workload, exact, shots=None)) as reference:
            truth = reference.values(inputs, weights)
        for name in MAPPINGS:
            extra = {"random": {"seed": seed}, "optimal": {"time_limit": chosen.seconds}}.get(name, {})
            with Dispatcher(plan(workload, topology, name, shots=None, **extra)) as devices:
                found = devices.values(inputs, weights)
            errors[name].append(float(np.mean([np.abs(found[k].value - truth[k].value).mean() for k in truth])))
    scores = {
        name: Objective().score(place(name, workload, topology), price(workload, topology)).total for name in MAPPINGS
    }
    print(f"{len(workload.keys)} sub-VQCs on {topology}: mean |<Z> - exact|, {chosen.seeds} seeds\n")
    print(error_table(errors, scores))
    return {"errors": errors, "objective": scores}


def error_table(errors: dict[str, list[float]], scores: dict[str, float]) -> str:
    """One mapping per line: error, gains over the blind mappings, and objective."""
    rows = []
    for name, found in errors.items():
        gains = [mean_and_error(np.array(errors[blind]) - found, signed=True) for blind in BLIND]
        rows.append([name, mean_and_error(np.array(found)), *gains, f"{scores[name]:.4f}"])
    return table(["mapping", "measured", *(f"less than {blind}" for blind in BLIND), "objective"], rows)


def mean_and_error(values: Any, signed: bool = False) -> str:
    """Mean and its standard error over the seeds."""
    return f"{values.mean():{'+' if signed else ''}.4f} +- {values.std(ddof=1) / np.sqrt(len(values)):.4f}"


def scale(chosen: argparse.Namespace) -> dict[str, Any]:
    """Seconds to map 1,024 parts x 4 gates on 20 chips."""
    seconds: dict[str, float] = {}
    clock = perf_counter()
    topology = Topology([open_qpu(f"fake:{name}") for name in CHIPS], core_qubits=4)
    seconds["cores of 20 chips"], clock = perf_counter() - clock, perf_counter()
    workload = Workload.of(QLSTM(2048, 2048, parts=1024), batch=16, steps=4)
    seconds["workload of 4,096 circuits"], clock = perf_counter() - clock, perf_counter()
    costs = price(workload, topology)
    seconds["first profiles of all cores"] = perf_counter() - clock
    print(f"\n{len(workload.keys)} sub-VQCs, {len(topology.qpus)} chips, {len(topology.cores)} cores of 4 qubits\n")
    rows: list[list[Any]] = []
    for name in MAPPINGS:
        clock = perf_counter()
        placement = place(name, workload, topology, **({"time_limit": chosen.seconds} if name == "optimal" else {}))
        seconds[name] = perf_counter() - clock
        score, load = Objective().score(placement, costs), Counter(core.name for core in placement.values())
        numbers = [f"{seconds[name]:.2f}", f"{score.total:.4f}", f"{score.makespan:.0f}", f"{score.error:.4f}"]
        rows.append([name, *numbers, f"{score.worst:.4f}", len(load), max(load.values()), placement.note])
    heads = ["mapping", "mapped in s", "objective", "makespan s", "error", "worst", "cores", "most on one", "note"]
    print(table(heads, rows))
    print("Before that: " + ", ".join(f"{what} {took:.1f} s" for what, took in list(seconds.items())[:3]))
    return {"seconds": seconds}


def main(arguments: Sequence[str]) -> int:
    """Print what was asked for."""
    chosen = options(arguments)
    both = chosen.error == chosen.scale
    try:
        found = measured_errors(chosen) if both or chosen.error else {}
        found |= scale(chosen) if both or chosen.scale else {}
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    results.save(chosen.json, found)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
