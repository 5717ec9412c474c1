"""Refusals by the budget name it as it was given, and a price that can be told from it."""

from __future__ import annotations

import re

import pytest

from qpartition.dispatch import budget_text, seconds_text

RUN = "waves.csv --target y --window 2 --hidden 2 --parts 2 --depth 1 --entangler linear --epochs 1 --qpu fake:manila"


@pytest.mark.parametrize(
    "command", ["train", "plan", "compare --mapping greedy", "compare --partition round-robin --wide split"]
)
@pytest.mark.parametrize("budget", ["0.001", "1.0625"])
def test_every_digit_of_a_budget(here, qlstm, command, budget):
    name, *more = command.split()
    code, _, err = qlstm(name, *RUN.split(), *more, "--shots", 16, "--budget", budget)
    assert code == 3
    price = re.search(r"would take ([\d.]+) QPU seconds.* the budget is ([\d.]+);", err)
    assert price and price[2] == budget
    assert float(price[1]) > float(price[2])


def test_numbers_that_are_near():
    assert seconds_text(5.04, 5.0) == "5.04"
    assert seconds_text(60.123, 5.0) == "60.1"
    assert [seconds_text(0.0), seconds_text(0.0004), seconds_text(3.0, 5.0)] == ["0.0", "0.0004", "3.0"]
    assert [budget_text(20), budget_text(0.001), budget_text(16.76323461)] == ["20.0", "0.001", "16.7632"]
