"""The record of a run."""

import csv
import io

from qlstm.training import History


def filled():
    history = History()
    for loss in (1.0, 0.5, 0.1 + 0.2, 0.3):
        history.add({"train_mse": loss, "test_mse": loss, "test_r2": float("nan"), "whole_r2": 0.5, "seconds": 0.01})
    return history


def test_rows_are_numbered_and_the_csv_keeps_every_bit():
    history = filled()
    rows = list(csv.DictReader(io.StringIO(history.to_csv())))
    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4"]
    assert [float(row["test_mse"]) for row in rows] == history.column("test_mse")
    assert list(rows[0]) == ["epoch", "train_mse", "test_mse", "test_r2", "whole_r2", "seconds"]


def test_columns_of_devices_follow():
    history = History()
    history.add({"train_mse": 1.0, "test_mse": 1.0, "test_r2": 0.0, "whole_r2": 0.0, "seconds": 1.0, "rounds": 5})
    assert history.to_csv().splitlines()[0].endswith("seconds,rounds")


def test_final_is_the_last_row_and_when_it_had_converged():
    final = filled().final()
    assert final["epoch"] == 4
    assert final["drop99_epoch"] == 3
    assert History().final() == {}
    assert History().to_csv() == "epoch,train_mse,test_mse,test_r2,whole_r2,seconds\n"
