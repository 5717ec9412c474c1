"""The figure of a comparison of ways: what was made equal, and prices whose marks do not lie."""

from __future__ import annotations

import pytest

from qlstm import ways_figure
from qlstm.training.ways import Row, WaysResult


def row(way: str, equal: str, executions: int, seconds: float) -> Row:
    return Row(
        way=way, equal=equal, shots=64, core_qubits=2, parameters=9, overhead=1.0, overhead_here=1.0, rounds=5, jobs=5,
        executions=executions, qpu_seconds=seconds, error=0.1, gradient_error=0.1, r2=0.5, r2_stderr=0.1, exact_r2=0.6,
    )  # fmt: skip


@pytest.fixture
def drawn(monkeypatch):
    """The axes of a figure that would be saved."""
    kept = []
    monkeypatch.setattr(ways_figure, "save_figure", lambda figure, path: kept.append(figure))

    def draw(result):
        ways_figure.draw_ways(result, "x.png")
        return kept[-1].axes

    return draw


@pytest.mark.parametrize(
    ("basis", "seconds", "labels"),
    [("QPU seconds", (9.6, 33.0), {"9.6", "33"}), ("executions", (0.0, 0.0), {"900", "3,000"})],
)
def test_prices_are_points_with_their_numbers(drawn, basis, seconds, labels):
    ways = [("split", 900, seconds[0]), ("whole", 3000, seconds[1])]
    rows = [row(name, equal, count, cost) for equal in ("shots", basis) for name, count, cost in ways]
    error, _, _, price = drawn(WaysResult(tuple(rows), ()))
    assert error.get_legend_handles_labels()[1] == ["equal shots", f"equal {basis}"]
    assert price.get_xlabel() == f"{basis} of a step, equal shots"
    assert price.get_xscale() == "log" and not price.patches  # a bar would begin at no zero
    assert {text.get_text() for text in price.texts} == labels
