"""What is said of several seeds, and how it is written."""

from __future__ import annotations

import csv
import statistics

import numpy as np
import pytest

from qlstm.reproduce.experiments import EXPERIMENTS
from qlstm.reproduce.setups import Data, Printed, Row, Setup
from qlstm.reproduce.summary import SUMMARY, summaries
from qlstm.reproduce.tables import Table, shown, to_csv
from qlstm.reproduce.trials import Trial

SETUP = Setup(Data(task="pendulum"), None)


def trial(seed: int, whole: float, test: float, losses: list[float]) -> Trial:
    curve = np.array(losses)
    return Trial(SETUP, seed, 63, test, whole, curve, curve, np.zeros(2))


def test_mean_sd_worst_and_medians() -> None:
    trials = {
        (SETUP, seed): trial(seed, whole, test, losses)
        for seed, whole, test, losses in (
            (0, 0.9, 0.7, [1.0, 0.1, 0.0]), (1, 0.8, 0.9, [1.0, 0.0, 0.5]), (2, 1.0, 0.5, [1.0, 0.2, 0.0]),
        )
    }  # fmt: skip
    summary, runs = summaries([Row("g", "m", SETUP, Printed(0.98, 81))], trials)
    line = dict(zip(SUMMARY, summary.rows[0], strict=True))
    assert line["paper R2"] == 0.98
    assert line["paper epoch"] == 81
    assert (line["parameters"], line["seeds"]) == (63, 3)
    assert line["whole R2"] == pytest.approx(0.9)
    assert line["sd"] == pytest.approx(statistics.stdev([0.9, 0.8, 1.0]))
    assert (line["worst"], line["test worst"]) == (0.8, 0.5)
    assert (line["drop99"], line["argmin"]) == (3, 3)
    assert [row[1] for row in runs.rows] == [0, 1, 2]
    assert not runs.listed


def test_one_seed_has_no_spread_and_unfinished_rows_are_left_out() -> None:
    other = Setup(Data(task="narma2"), None)
    summary, _ = summaries([Row("g", "a", SETUP), Row("g", "b", other)], {(SETUP, 0): trial(0, 0.9, 0.8, [1.0])})
    assert [row[0] for row in summary.rows] == ["a"]
    assert summary.rows[0][SUMMARY.index("sd")] is None


def test_csv_keeps_every_digit() -> None:
    tables = [Table("t", "one, two", ("x", "y"), ((1 / 3, None),)), Table("t", "three", ("x", "y"), ((2, "a"),))]
    rows = list(csv.reader(to_csv(tables).splitlines()))
    assert rows == [["group", "x", "y"], ["one, two", repr(1 / 3), ""], ["three", "2", "a"]]


@pytest.mark.parametrize(
    ("cell", "text"),
    [(None, "-"), ("a", "a"), (1234567, "1,234,567"), (0.98765432, "0.9877"), (0.99987, "0.99987"), (0.00021, "0.00021"),
     (1.0, "1"), (34.5, "34.5"), (1540.26, "1,540.3"), (27648.1, "27,648"), (-1.25, "-1.25"), (float("nan"), "nan")],
)  # fmt: skip
def test_numbers_for_people(cell: str | int | float | None, text: str) -> None:
    assert shown(cell) == text


def test_every_model_of_the_paper_stands_beside_its_number() -> None:
    printed = {name: [row.printed for row in EXPERIMENTS[name].rows if row.printed] for name in ("table1", "table2")}
    assert [number.r2 for number in printed["table1"]] == [0.9898, 0.9913, 0.9938, 0.9903, 0.9936]
    assert [number.epoch for number in printed["table1"]] == [81, 68, 38, 27, 31]
    assert [number.r2 for number in printed["table2"]] == 2 * [0.5477, 0.8611, 0.2651, 0.7799, 0.7523]
