"""Mappings side by side, on toy devices of known errors and on real snapshots."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backends import open_qpu
from backends.errors import InputError
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
    ],
)
def test_refusals(mappings: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        on_toys(mappings)
