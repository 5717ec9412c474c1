"""Time a noisy parameter-shift training step, simulated by the twin, by Qiskit Aer, and in qiskit-machine-learning.

    python benchmarks/noisy.py                          everything that is installed
    python benchmarks/noisy.py --no-qml                 twin and Aer only
    python benchmarks/noisy.py --qml-python PATH        an interpreter that has qiskit-machine-learning

The step: 2 parts of 3 qubits (hidden size 5, chen2020 of depth 2), batch 16, 4 steps, 1024 shots, all parameter shifts
in one deferred round, on fake:fez and fake:torino. Twin and Aer simulate the same jobs on the same cropped cores and
draw as many shots. Routes are visited in turn, round after round; the twin, which is short, several times before and
after each visit of Aer, and a ratio is that of Aer to the median of the twin's times around it.
qiskit-machine-learning (EstimatorQNN, TorchConnector, BackendEstimatorV2 on Aer's model of the whole FakeFez) does one
circuit for a few samples; its step is extrapolated from there.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from harness import report, results
from harness.noisy_step import BATCH, QUBITS, ROUTES, SHOTS, STEPS, Route, Step, sets, thinned

PEER = Path(__file__).parent / "harness" / "noisy_qml.py"
BESIDE = 10
"""Visits of the twin before, and after, one of Aer."""
Seconds = dict[str, list[float]]
"""By route, one for each round; by ``twin beside <route>`` the medians of the twin around it."""


def options(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line, checked."""
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").splitlines()[0], epilog=(__doc__ or "").partition("\n\n")[2],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--rounds", type=int, default=2, help="visits of every route (default %(default)s)")
    parser.add_argument("--no-qml", action="store_true", help="leave qiskit-machine-learning out")
    parser.add_argument("--qml-python", default=sys.executable, metavar="PATH", help="interpreter that has it")
    parser.add_argument("--qml-samples", type=int, default=2, help="samples to extrapolate from (default %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every sample there")
    chosen = parser.parse_args(arguments)
    if chosen.rounds < 1 or not 1 <= chosen.qml_samples <= BATCH:
        parser.error(f"--rounds must be at least 1, --qml-samples 1..{BATCH}")
    return chosen


def measured(rounds: int) -> tuple[Seconds, Seconds, int, float]:
    """Seconds of whole steps and of their simulation by route; parameter sets of a step; difference of <Z>."""
    steps, routes = {name: Step(name) for name in ROUTES}, {name: Route(name) for name in ROUTES}
    steps["twin"].take()
    jobs = steps["twin"].jobs
    exact = [routes[name].replay(thinned(jobs, 100), None)[1] for name in ("twin", "aer")]
    difference = max(float(abs(a - b).max()) for a, b in zip(*exact, strict=True))
    if difference > 1e-8:
        raise SystemExit(f"twin and Aer differ by {difference:.1e}: nothing is timed")
    for name in ROUTES:  # noise models, programs and kernels are made before anything is timed
        routes[name].replay(jobs if name == "twin" else thinned(jobs, 500))
        steps[name].optimiser.param_groups[0]["lr"] = 1e-9  # every step the same work, with weights of its own
    steps["twin"].take()
    whole: Seconds = {}
    simulation: Seconds = {}
    for _ in range(rounds):
        for name in ROUTES:
            if name != "twin":
                visit(simulation, name, lambda route: routes[route].replay(jobs)[0])
                visit(whole, name, lambda route: steps[route].take())
    return whole, simulation, sets(jobs), difference


def visit(seconds: Seconds, name: str, take: Callable[[str], float]) -> None:
    """One time of a route, and the twin's around it."""
    twin = [take("twin") for _ in range(BESIDE)]
    seconds.setdefault(name, []).append(take(name))
    twin += [take("twin") for _ in range(BESIDE)]
    seconds.setdefault("twin", []).append(median(twin))
    seconds.setdefault(f"twin beside {name}", []).append(median(twin))


def qml(python: str, samples: int) -> dict[str, Any] | str:
    """What the peer measured, or why it could not."""
    command = [python, str(PEER), "FakeFez", *map(str, (SHOTS, QUBITS, QUBITS, 2, samples))]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["failed"])[-1]
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def show(whole: Seconds, simulation: Seconds, count: int, difference: float) -> None:
    """The tables of twin and Aer."""
    print(f"\nOne training step: {count} parameter sets of {SHOTS} shots; twin and Aer agree to {difference:.0e}\n")
    header = ["", "simulation, s", "us per set", "Aer / twin", "whole step, s", "Aer / twin"]
    rows = []
    for name, title in ROUTES.items():
        one, step = median(simulation[name]), median(whole[name])
        rows.append(
            [
                title,
                f"{one:.3f}",
                f"{one / count * 1e6:.1f}",
                _ratio(simulation, name),
                f"{step:.3f}",
                _ratio(whole, name),
            ]
        )
    print(report.table(header, rows))
    print("\nRatios: median over rounds (least-most).")


def _ratio(seconds: Seconds, name: str) -> str:
    if name == "twin":
        return ""
    found = [above / below for above, below in zip(seconds[name], seconds[f"twin beside {name}"], strict=True)]
    return f"{median(found):.0f} ({min(found):.0f}-{max(found):.0f})"


def show_qml(found: dict[str, Any] | str, python: str, step: float) -> None:
    """The peer's line; extrapolated, and saying so."""
    if isinstance(found, str):
        print(f"\nqiskit-machine-learning was not measured with {python} ({found}); install it, or give --qml-python")
        return
    circuits = 4 * 2
    seconds = (found["forward"] + found["backward"]) / found["samples"] * BATCH * STEPS * circuits
    print(
        f"\nqiskit-machine-learning {found['version']}: forward {found['forward']:.2f} s, backward {found['backward']:.2f} s "
        f"for {found['samples']} sample(s) of one circuit;\nEXTRAPOLATED to {BATCH} x {STEPS} samples of {circuits} circuits: "
        f"{seconds:.0f} s a step, {seconds / step:.0f} times the twin's whole step"
    )


def main(arguments: Sequence[str]) -> int:
    """Measure and print."""
    chosen = options(arguments)
    machine = report.machine()
    print(report.preamble(machine))
    whole, simulation, count, difference = measured(chosen.rounds)
    show(whole, simulation, count, difference)
    found: dict[str, Any] = {"machine": machine, "sets": count, "whole": whole, "simulation": simulation}
    if not chosen.no_qml:
        found["qml"] = qml(chosen.qml_python, chosen.qml_samples)
        show_qml(found["qml"], chosen.qml_python, median(whole["twin"]))
    results.save(chosen.json, found)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
