"""What the toolkit itself takes per round on a device behind a network: everything but the network and the device.

    python benchmarks/overhead.py                1,000 parameter sets a round, journal on disk
    python benchmarks/overhead.py --sets 10000

The device is an instant one: it accepts a job, says at once that it is done, and returns +1 for every output. What is
left is what every round pays: checks, packing, circuits with their angles as the sampler takes them, the key of the job,
the price, three durable writes to the journal, and putting the results together. One line per kind of round, medians:

    values            a forward round
    jacobian          a round of parameter shifts
    client            what qiskit-ibm-runtime then takes to encode such a job (not the toolkit's)
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import numpy as np

from backends import Expectations
from backends.fakes import fake_device
from backends.pubs import Pubs
from backends.remote.qpu import JobStatus, RemoteQPU, State, Submission
from qlstm import QLSTM, Ansatz
from qpartition import Dispatcher, Journal, Topology, Workload, plan


class InstantQPU(RemoteQPU):
    """Does everything that a real device's QPU does before and after the network."""

    def __init__(self, name: str) -> None:
        super().__init__(f"instant:{name}", lambda: fake_device(name, f"instant:{name}"))
        self._pubs = Pubs(self.num_qubits, self._circuits)
        self.sent: list = []

    def operational(self) -> bool:
        """Always."""
        return True

    def submit(self, submission: Submission, tag: str, stop: threading.Event) -> str:
        """Puts the circuits together."""
        self.sent = [self._pubs.of(bundle) for bundle in submission.requests]
        return uuid.uuid4().hex

    def find(self, tag: str) -> list[JobStatus]:
        """None is ever lost."""
        return []

    def status(self, job_id: str) -> JobStatus:
        """At once."""
        return JobStatus(job_id, State.DONE)

    def fetch(self, job_id: str, submission: Submission) -> list[Expectations]:
        """All +1."""
        requests = [request for bundle in submission.requests for request in bundle.requests]
        return [Expectations(np.ones((r.sets, r.outputs)), np.zeros((r.sets, r.outputs))) for r in requests]

    def cancel(self, job_id: str) -> None:
        """Nothing waits."""

    def billed(self, job_id: str) -> float | None:
        """Not charged."""


def main(sets: int, rounds: int) -> None:
    model = QLSTM(1, 4, parts=2, partition="shared-input", ansatz=Ansatz.chen2024(depth=2)).double()
    qpus = [InstantQPU("fez"), InstantQPU("torino")]
    made = plan(Workload.of(model, batch=16, steps=4), Topology(qpus, core_qubits=3), shots=1024)
    keys = list(made.mapping)
    sizes = {key: (s.inputs, s.weights) for key, s in made.live.workload.by_key.items()}
    derivatives = sum(2 * int(made.live.workload.active[key].sum()) for key in keys)
    rng = np.random.default_rng(0)
    with (
        tempfile.TemporaryDirectory() as folder,
        Journal(Path(folder) / "run.sqlite") as journal,
        Dispatcher(made, journal=journal) as devices,
    ):

        def ask(method: Callable, rows: int) -> tuple[float, int]:
            inputs = {key: rng.normal(size=(rows, sizes[key][0])) for key in keys}
            weights = {key: rng.normal(size=sizes[key][1]) for key in keys}
            before, began = devices.report().parameter_sets, time.perf_counter()
            method(inputs, weights)
            return time.perf_counter() - began, devices.report().parameter_sets - before

        print(f"{'':10}{'sets':>8}{'ms a round':>12}{'quartiles':>16}")
        for name, rows in (("values", sets // len(keys)), ("jacobian", max(1, sets // derivatives))):
            method = getattr(devices, name)
            ask(method, rows)
            times, counts = zip(*(ask(method, rows) for _ in range(rounds)), strict=True)
            low, middle, high = 1000 * np.quantile(times, (0.25, 0.5, 0.75))
            print(f"{name:10}{counts[0]:>8}{middle:>12.1f}{f'{low:.1f}-{high:.1f}':>16}")
        print(f"{'client':10}{'':>8}{1000 * encoding(qpus):>12.1f}")


def encoding(qpus: list[InstantQPU]) -> float:
    """Seconds that the client needs to encode the last jobs."""
    from qiskit_ibm_runtime.executor_sampler.prepare import prepare
    from qiskit_ibm_runtime.options_models.sampler import SamplerOptions
    from qiskit_ibm_runtime.quantum_program.params_converters import QUANTUM_PROGRAM_PARAMS_CONVERTERS

    began = time.perf_counter()
    for qpu in qpus:
        program, options = prepare(qpu.sent, SamplerOptions(), 1024)
        QUANTUM_PROGRAM_PARAMS_CONVERTERS["v2.0"].encoder(program, options).model_dump(mode="json")
    return time.perf_counter() - began


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=1000, help="parameter sets a round")
    parser.add_argument("--rounds", type=int, default=30)
    chosen = parser.parse_args()
    main(chosen.sets, chosen.rounds)
