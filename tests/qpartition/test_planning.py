"""Plans: numbers by hand, text, JSON round trip, refusals."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends.errors import InputError
from backends.qpu import Limits
from qpartition import GRADIENTS, Counts, Plan, Schedule, Tally, Topology, Workload, plan
from tests.qpartition import toy

B, T, SHOTS = 2, 3, 100


def make(jacobian: Any = "deferred", shots: int | None = SHOTS, parts: int = 2, batch: int = B, **options: Any) -> Plan:
    workload = Workload.of(toy.Model(toy.cell(parts=parts)), batch, T)
    width = {"num_qubits": options.pop("num_qubits")} if "num_qubits" in options else {}
    return plan(workload, Topology(toy.two_devices(**width)), shots=shots, jacobian=jacobian, **options)


def test_costs_are_those_counted_by_hand() -> None:
    """8 sub-VQCs, 4 per device on 3 cores, so 2 on the busiest; each device is billed for these.

    Jacobian rows: 4 weights always, 2 angles of h after the first step, 2 sets each.
    """
    p = make()
    values, shifts = 8 * B * T, 8 * B * 2 * (T * 4 + (T - 1) * 2)
    assert (p.forward.rounds, p.forward.jobs, p.forward.parameter_sets) == (T, 2 * T, values)
    assert (p.step.rounds, p.step.jobs) == (T + 1, 2 * (T + 1))
    assert p.step.parameter_sets == values + shifts
    assert p.step.executions == SHOTS * (values + shifts) // 2
    per_execution = 250e-6 + 1e-7 * toy.circuit().size()
    assert p.step.qpu_seconds == pytest.approx(2 * 2 * (T + 1) + SHOTS * (values + shifts) / 2 * per_execution)
    assert p.step.makespan == pytest.approx(p.step.qpu_seconds / 2)
    assert set(p.step.per_qpu) == {"a", "b"}
    assert p.step.per_qpu["a"] == p.step.per_qpu["b"]


def test_fused_saves_the_extra_round_and_nothing_else() -> None:
    deferred, fused = make("deferred"), make("fused")
    assert fused.step.rounds == T
    assert fused.step.jobs == 2 * T
    assert fused.step.executions == deferred.step.executions
    assert fused.forward == deferred.forward


def test_exact_expectations_count_once_per_parameter_set() -> None:
    p = make(shots=None)
    assert 2 * p.step.executions == p.step.parameter_sets > 0


def test_without_packing_every_parameter_set_is_a_circuit_of_its_own() -> None:
    packed, alone = make(), make(packing=False)
    assert alone.step.executions == SHOTS * alone.step.parameter_sets == 2 * packed.step.executions
    assert alone.step.jobs == packed.step.jobs
    assert alone.step.parameter_sets == packed.step.parameter_sets
    assert "one circuit each" in str(alone)


@pytest.mark.parametrize(("train", "evaluated", "epochs"), [(5, 7, 3), (4, 0, 2), (1, 1, 1)])
def test_a_schedule_is_priced_step_by_step(train: int, evaluated: int, epochs: int) -> None:
    p = make(schedule=Schedule(train, evaluated, epochs))
    full, rest = divmod(train, B)
    by_hand = p.step.times(full)
    if rest:
        by_hand += make(batch=rest).step
    if evaluated:
        by_hand += make(batch=evaluated).forward
    assert p.epoch is not None
    assert p.epoch.rounds == by_hand.rounds
    assert p.epoch.executions == by_hand.executions
    assert p.epoch.qpu_seconds == pytest.approx(by_hand.qpu_seconds)
    assert p.run == p.epoch.times(epochs)
    assert make().epoch is make().run is None


@pytest.mark.parametrize("jacobian", ["deferred", "fused"])
def test_each_gradient_has_its_price(jacobian: Any) -> None:
    """Per row 4 weights matter; all rows of a sub-VQC together have 4 x B x T weight derivatives."""
    price = {name: make(jacobian, gradient=name, samples=3).step for name in GRADIENTS}
    extra = 1 if jacobian == "deferred" else 0
    values, inputs, weights = 8 * B * T, 8 * B * 2 * (T - 1) * 2, 8 * B * 2 * T * 4
    assert price["twin"] == price["exact"] == make().forward
    assert price["spsa"].rounds == 2 * T
    assert price["spsa"].executions == 2 * make().forward.executions
    assert price["parameter-shift"].parameter_sets == values + inputs + weights
    assert price["sampled-shift"].parameter_sets == values + inputs + 8 * 2 * 3
    assert price["sampled-shift"].rounds == T + extra + 1
    everything = make(jacobian, gradient="sampled-shift", samples=10**6).step
    assert everything.parameter_sets == values + inputs + weights


def test_a_device_that_gets_nothing_has_no_jobs() -> None:
    workload = Workload.of(toy.Model([toy.circuit()]), B, T)
    p = plan(workload, Topology(toy.two_devices()))
    assert list(p.step.per_qpu) == ["a"]
    assert p.step.jobs == T + 1


def test_layers_on_devices_of_their_own_are_idle_at_the_ends_of_the_wavefront() -> None:
    listed = toy.cell(1) + toy.cell(1, layer=1)
    mapping = {c.name: "a/0" if c.metadata["layer"] == 0 else "b/0" for c in listed}
    p = plan(Workload.of(toy.Model(listed), B, T), Topology(toy.two_devices()), mapping)
    assert p.forward.rounds == T + 1
    assert p.forward.jobs == 2 * T
    assert p.mapping == mapping


def test_the_circuits_say_what_runs_where() -> None:
    first = make().circuits[0]
    assert (first.key, first.core, first.qubits, first.parameters) == ("l0.i.p0", "a/0", 3, 4 + 9)
    assert first.physical == (0, 1, 2, 3)
    assert (first.active, first.two_qubit_gates) == (4 + 4, 3)


def test_text_is_an_aligned_table() -> None:
    lines = str(make()).splitlines()
    assert lines[0].startswith(
        "8 sub-VQCs on 6 cores of 2 QPUs, packed side by side, batch 2, 3 steps, 100 shots, parameter-shift (deferred)"
    )
    costs = [line for line in lines if line.startswith(("  a", "  b", "forward", "training"))]
    assert len(costs) == 6
    assert len({line.index("%") for line in costs}) == 1
    assert all(len(line) < 120 for line in lines)
    assert any(line.endswith("QPU seconds  of 600 s  makespan s") for line in lines)
    assert str(make(parts=16, num_qubits=48)).splitlines()[15] == "... and 12 more cores"
    assert "exact" in str(make(shots=None))


@settings(max_examples=10, deadline=None)
@given(
    parts=st.integers(1, 3), shots=st.none() | st.integers(1, 10**5), jacobian=st.sampled_from(["deferred", "fused"])
)
def test_a_saved_plan_is_the_same_plan(parts: int, shots: int | None, jacobian: str, tmp_path_factory: Any) -> None:
    p = make(jacobian, shots, parts)
    path = tmp_path_factory.mktemp("plan") / "plan.json"
    p.save(path)
    loaded = Plan.load(path)
    assert loaded == p
    assert str(loaded) == str(p)
    assert loaded.to_json() == p.to_json()
    assert [f.name for f in path.parent.iterdir()] == ["plan.json"]
    again = plan(p.live.workload, p.live.topology, loaded.mapping, loaded.shots, jacobian=jacobian)  # type: ignore
    assert again == p


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"shots": 0}, "shots=0 must be an integer of at least 1, or None"),
        ({"shots": 1.5}, "shots=1.5 must be"),
        ({"shots": 10**6}, "1000000 shots exceed the 100000 that a accepts"),
        ({"gradient": "parameter_shift"}, "unknown gradient 'parameter_shift': did you mean 'parameter-shift'"),
        ({"jacobian": "later"}, "unknown jacobian 'later'"),
        ({"mapping": "round"}, "unknown mapping 'round'"),
        ({"gradient": "sampled-shift", "samples": 0}, "samples=0 must be an integer of at least 1"),
        ({"gradient": []}, r"unknown gradient '\[\]'"),
    ],
)
def test_refusals(arguments: dict[str, Any], message: str) -> None:
    devices = toy.two_devices(limits=Limits(max_shots=10**5, max_executions=500_000))
    with pytest.raises(InputError, match=message):
        plan(Workload.of(toy.Model(toy.cell(parts=2)), B, T), Topology(devices), **arguments)


MODEL = toy.Model([toy.circuit()])
WORK, TOPOLOGY = Workload.of(MODEL, B, T), Topology(toy.two_devices())


@pytest.mark.parametrize(
    ("workload", "topology", "message"),
    [
        (None, TOPOLOGY, r"None is not a Workload; make one with Workload.of\(model, batch, steps\)"),
        (MODEL, TOPOLOGY, r"is not a Workload; make one with Workload.of\("),
        (WORK, None, r"None is not a Topology; make one with Topology\("),
        (WORK, [*toy.two_devices()], r"is not a Topology; make one with Topology\("),
    ],
)
def test_arguments_of_another_kind(workload: Any, topology: Any, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        plan(workload, topology)
    assert "\n" not in str(caught.value)


def test_numpy_integers_are_stored_as_plain_ones() -> None:
    p = plan(WORK, TOPOLOGY, shots=np.int64(5), samples=np.int64(2), schedule=Schedule(np.int64(3), 0, np.int64(1)))
    assert type(p.shots) is type(p.samples) is int
    assert p == plan(WORK, TOPOLOGY, shots=5, samples=2, schedule=Schedule(3, 0, 1))
    json.loads(p.to_json())


def _edited(**changes: Any) -> str:
    return json.dumps(json.loads(make().to_json()) | changes)


def _circuits(**changes: Any) -> list[Any]:
    first, *others = json.loads(make().to_json())["circuits"]
    return [first | changes, *others]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not JSON"),
        ("[" * 10**5, "is not JSON"),
        ("[]", r"does not hold a plan: \[\] stands where format should be; make the plan again"),
        ("{}", "does not hold a plan: format is missing"),
        (_edited(format=99), "format 99, this version reads 6"),
        (_edited(shots="many"), "shots='many'"),
        (_edited(jacobian="later"), "unknown jacobian 'later'"),
        (_edited(gradient="none"), "unknown gradient 'none'"),
        (_edited(mitigation=["zne"]), r"mitigation=\['zne'\] does not go with folds="),
        (_edited(circuits=[]), "it has no circuits"),
        (_edited(circuits=[{"key": "k"}]), "core is missing"),
        (_edited(circuits=[3]), "3 stands where key should be"),
        (_edited(circuits=_circuits(fidelity=float("nan"))), "fidelity=nan of circuit 'l0.i.p0' must be a finite"),
        (_edited(circuits=_circuits(depth=-1)), "depth=-1 of circuit 'l0.i.p0' must be"),
        (_edited(circuits=_circuits(key="l0.i.p1")), "2 circuits are named 'l0.i.p1'"),
        (_edited(circuits=_circuits(physical=[-1])), r"physical=\[-1\] of circuit 'l0.i.p0' must be a list of qubits"),
        (_edited(step={"rounds": 1}), "saved counts cannot be read"),
        (_edited(step={"rounds": -1, "makespan": 0, "per_qpu": {}}), "non-negative"),
    ],
)
def test_files_that_hold_no_plan_are_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "plan.json"
    path.write_text(content)
    with pytest.raises(InputError, match=message) as error:
        Plan.load(path)
    assert not re.search(r"\n|Error\(", str(error.value))


def test_paths_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read the plan"):
        Plan.load(tmp_path / "missing.json")
    with pytest.raises(InputError, match="cannot write"):
        make().save(tmp_path / "missing" / "plan.json")
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="cannot write"):
        make().save(tmp_path / "folder")
    assert [f.name for f in tmp_path.iterdir()] == ["folder"]


@pytest.mark.parametrize("path", ["", None, 5])
def test_paths_that_are_none(path: Any) -> None:
    for use in (make().save, Plan.load):
        with pytest.raises(InputError, match=r"path=.* is no path of a file; give one"):
            use(path)


def test_counts_add_up_round_by_round() -> None:
    a, b = Tally(1, 2, 20, 2.5), Tally(1, 1, 10, 2.25)
    counts = Counts.of_rounds([{"a": a, "b": b}, {}, {"b": b}], ["a", "b", "c"])
    assert counts.rounds == 2
    assert counts.total == Tally(3, 4, 40, 7.0)
    assert counts.per_qpu["b"] == Tally(2, 2, 20, 4.5)
    assert counts.per_qpu["c"] == Tally()
    assert Counts.from_dict(json.loads(json.dumps(counts.as_dict()))) == counts
