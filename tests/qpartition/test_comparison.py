"""Mappings side by side, on toy devices of known errors and on real snapshots."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backends import open_qpu
from backends.errors import BudgetError, InputError
from qpartition import Comparison, Topology, Workload, compare, draw_comparison
from tests.qpartition import toy

WORKLOAD = Workload.of(toy.Model(toy.cell(parts=1)), batch=2, steps=2)
KEYS = WORKLOAD.keys


def on_toys(mappings: Any = ("round-robin",), **options: Any) -> Comparison:
    return compare(WORKLOAD, Topology(toy.two_devices()), mappings, 100, **options)


def test_costs_are_those_of_the_plans_and_exact_devices_have_no_error() -> None:
    found = on_toys({"spread": "round-robin", "piled": dict.fromkeys(KEYS, "b/2")})
    spread, piled = sorted(found.entries, key=lambda entry: entry.executions)
    assert (spread.mapping, piled.mapping) == ("spread", "piled")
    for entry in found.entries:
        step = found.plans[entry.mapping].step
        assert (entry.jobs, entry.executions) == (step.jobs, step.executions)
        assert (entry.makespan, entry.qpu_seconds) == (step.makespan, step.qpu_seconds)
        assert entry.measured == pytest.approx(0, abs=1e-12)
    assert piled.executions == 2 * spread.executions
    assert piled.core_error == piled.worst_error == pytest.approx(0.2)
    assert spread.core_error == pytest.approx(0.05)
    assert spread.worst_error == pytest.approx(0.1)


def test_the_error_is_that_of_the_devices() -> None:
    """Against the expectations that the devices return when they are asked one by one."""
    qpu = open_qpu("fake:manila")
    topology = Topology([qpu], 3)
    inputs, weights = toy.angles([s.circuit for s in WORKLOAD.subvqcs], rows=5, seed=1)
    entry = compare(WORKLOAD, topology, ["round-robin"], None, angles=(inputs, weights)).entries[0]
    squares = []
    for subvqc in WORKLOAD.subvqcs:
        from backends import Request

        values = np.hstack([inputs[subvqc.key], np.tile(weights[subvqc.key], (5, 1))])
        noisy = qpu.run([Request(subvqc.circuit, values, subvqc.outputs, topology.cores[0])]).result()[0].values
        squares.append((noisy - toy.z(subvqc.circuit, values, subvqc.outputs)) ** 2)
    assert entry.measured == pytest.approx(float(np.sqrt(np.mean(squares))), rel=1e-6)
    assert 0 < entry.measured_stderr < entry.measured
    assert 0.1 < entry.estimated / entry.measured < 10


def test_text_json_and_figure(tmp_path: Path) -> None:
    found = on_toys().with_r2({"round-robin": [0.8, 1.0]})
    assert "0.9000" in str(found)
    assert found.entries[0].r2_stderr == pytest.approx(0.1)
    assert "R2" not in str(on_toys())
    found.save(tmp_path / "compare.json")
    assert json.loads((tmp_path / "compare.json").read_text())["mappings"][0]["r2"] == pytest.approx(0.9)
    draw_comparison(found, tmp_path / "compare.png")
    draw_comparison(on_toys(), tmp_path / "compare.svg")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["compare.json", "compare.png", "compare.svg"]
    assert (tmp_path / "compare.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(InputError, match="its suffix must be one of"):
        draw_comparison(found, tmp_path / "compare.txt2")
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize(
    ("mappings", "message"),
    [
        ([], "at least one mapping"),
        ("greedy", "must be a list of names"),
        (["random", "random"], "'random' is given twice"),
        (["rond-robin"], "did you mean 'round-robin'"),
        (None, "mappings=None must be a list"),
        (3, "mappings=3 must be a list"),
        ([3], "must be a list of names"),
        ({3: "random"}, "must be a list of names"),
    ],
)
def test_refusals(mappings: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        on_toys(mappings)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seed": -1}, "seed=-1 must be an integer of at least 0"),
        ({"seed": "x"}, "seed='x'"),
        ({"budget_seconds": "x"}, "budget_seconds='x' must be a number"),
        ({"budget_seconds": float("nan")}, "budget_seconds=nan"),
        ({"options": 3}, "options=3 must be"),
        ({"options": {"random": 3}}, "must be the options of each mapping"),
        ({"options": {"rond-robin": {}}}, "did you mean 'round-robin'"),
        ({"options": {"round-robin": {"shots": 3}}}, "name 'shots', which is the same for all"),
        ({"angles": 3}, "angles=3 must be two dicts"),
        ({"angles": (1, 2)}, "must be two dicts"),
        ({"angles": ({}, {})}, "hold no row for"),
        ({"angles": ({"nobody": []}, {})}, "none of the"),
    ],
)
def test_wrong_options_are_one_line(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        on_toys(**options)
    assert "\n" not in str(caught.value)


def test_wrong_types_are_one_line() -> None:
    topology, nothing = Topology(toy.two_devices()), on_toys()
    calls: list[tuple[Any, str]] = [
        (lambda: compare(3, topology), "3 is not a Workload"),  # type: ignore[arg-type]
        (lambda: compare(WORKLOAD, [topology]), "is not a Topology"),  # type: ignore[arg-type]
        (lambda: nothing.save(None), "path=None"),  # type: ignore[arg-type]
        (lambda: nothing.with_r2({"round-robin": []}), "one R2 or more"),
        (lambda: nothing.with_r2({"round-robin": ["x"]}), "one R2 or more"),  # type: ignore[list-item]
        (lambda: nothing.with_r2({"round-robbin": [1.0]}), "did you mean 'round-robin'"),
        (lambda: nothing.with_r2(3), "scores=3"),  # type: ignore[arg-type]
    ]
    for call, message in calls:
        with pytest.raises(InputError, match=message) as caught:
            call()
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("mitigation", [(), ("readout",)])
def test_a_budget_is_held_before_anything_runs(mitigation: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    topology = Topology([open_qpu("fake:manila")], 3)

    def measured(budget: float | None) -> Comparison:
        mappings = ["round-robin", "random", "greedy"]
        return compare(WORKLOAD, topology, mappings, 64, budget_seconds=budget, mitigation=mitigation)

    cost = measured(None).qpu_seconds
    assert measured(cost).qpu_seconds == measured(cost * (1 - 1e-12)).qpu_seconds == cost > 0
    monkeypatch.setattr(type(topology.qpus["fake:manila"]), "run", None)
    with pytest.raises(BudgetError, match=rf"would take {cost:.1f} QPU seconds.*the budget is {0.9 * cost:.6g}"):
        measured(0.9 * cost)


@pytest.mark.parametrize("mitigation", ["readout", "zne"])
def test_with_mitigation_nothing_is_estimated(mitigation: str, tmp_path: Path) -> None:
    found = compare(WORKLOAD, Topology([open_qpu("fake:manila")], 3), ["random"], 64, mitigation=[mitigation])
    assert json.loads(found.to_json())["mappings"][0]["estimated"] is None
    line = str(found).splitlines()[1].split()
    assert line[7] == "-"
    assert float(line[8]) > 0
    draw_comparison(found, tmp_path / "compare.png")
