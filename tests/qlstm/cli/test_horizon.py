"""Several steps ahead: ``--horizon`` forecasts them at once, ``--free-run`` one after the other."""

import json

import numpy as np
import pytest

SMALL = ("--hidden", 2, "--ansatz", "chen2024", "--depth", 1, "--epochs", 2)
CSV = ("train", "waves.csv", "--target", "y", *SMALL)


@pytest.fixture(autouse=True)
def _no_figures(monkeypatch):
    from qlstm.training import Run
    from qlstm.training.forecasts import Forecast

    monkeypatch.setattr(Run, "draw", lambda run: None)
    monkeypatch.setattr(Forecast, "draw", lambda forecast, path: None)


@pytest.fixture
def alone(here, qlstm):
    """A run that sees y only."""
    assert qlstm(*CSV, "--features", "y", "--out", "run", "--quiet")[0] == 0
    return here / "run"


@pytest.fixture
def joint(here, qlstm):
    """A run that forecasts three steps of y from y and u."""
    assert qlstm(*CSV, "--horizon", 3, "--out", "run", "--quiet")[0] == 0
    return here / "run"


def test_a_run_of_several_steps_draws_the_first_and_the_last(here, qlstm, monkeypatch):
    from matplotlib.figure import Figure

    from qlstm.figures import points, steps

    monkeypatch.undo()
    monkeypatch.chdir(here)
    seen = {}
    for module in (points, steps):
        monkeypatch.setattr(
            module, "forecast_figure", lambda values, **more: seen.update(more, values=values) or Figure()
        )
    assert qlstm(*CSV, "--horizon", 3, "--window", 5, "--out", "run", "--quiet")[0] == 0
    assert seen["labels"] == ["1 step ahead", "3 steps ahead"]
    assert seen["points"].tolist() == list(range(5, 29))  # 22 windows; the last point of 30 is left out
    y = np.sin(np.arange(5, 29) / 3)
    np.testing.assert_allclose(seen["truth"], np.column_stack([[*y[:22], *[np.nan] * 2], [*[np.nan] * 2, *y[2:]]]))
    assert seen["boundary"] == 5 + 14 + 2 - 0.5  # 14 windows train, and the last of them sees point 20
    assert qlstm("forecast", "run", "waves.csv", "--quiet")[0] == 0
    assert seen["points"].tolist() == list(range(5, 33))
    assert qlstm("forecast", "run", "waves.csv", "--free-run", 6, "--start", 20, "--quiet")[0] == 0
    assert seen["points"].tolist() == list(range(14, 26))  # as much before the start as after it
    np.testing.assert_allclose(seen["truth"][:, 0], np.sin(np.arange(14, 26) / 3))
    assert np.isfinite(seen["values"][:, 0]).tolist() == [False] * 6 + [True] * 6
    assert (seen["boundary"], seen["begins"]) == (19.5, "free run begins")


def test_figures_are_written(here, qlstm, monkeypatch):
    monkeypatch.undo()
    monkeypatch.chdir(here)
    assert qlstm(*CSV, "--horizon", 2, "--features", "y", "--out", "run", "--quiet")[0] == 0
    assert qlstm("forecast", "run", "waves.csv", "--quiet")[0] == 0
    assert qlstm("forecast", "run", "waves.csv", "--free-run", 3, "--quiet")[0] == 0
    for folder in (".", "forecast-waves", "free-run-waves"):
        assert (here / "run" / folder / "forecast.png").read_bytes().startswith(b"\x89PNG")


def test_errors_are_told_apart_by_steps_and_their_mean_is_the_error(joint, qlstm, table):
    code, out, _ = qlstm(*CSV, "--horizon", 3, "--out", "again", "--json")
    result = json.loads(out)
    assert code == 0
    assert table(joint / "metrics.csv")[-1]["test_mse_3"] == repr(result["metrics"]["test_mse_3"])
    for part in ("metrics", "linear_fit"):
        for name in ("mse", "r2"):
            apart = [result[part][f"test_{name}_{step}"] for step in (1, 2, 3)]
            assert np.mean(apart) == pytest.approx(result[part][f"test_{name}"])
        assert len({result[part][f"test_mse_{step}"] for step in (1, 2, 3)}) == 3
    assert json.loads((joint / "config.json").read_text())["model"]["output_size"] == 3


def test_a_table_of_the_steps_is_shown(here, qlstm):
    text = qlstm(*CSV, "--horizon", 2)[1]
    assert "By steps ahead" in text
    assert "test mse 1" not in text
    assert "By steps ahead" not in qlstm(*CSV)[1]


def test_one_step_is_as_before(alone, table):
    names = ["epoch", "train_mse", "test_mse", "test_r2", "whole_r2", "seconds"]
    assert list(table(alone / "metrics.csv")[0]) == names


def test_every_window_forecasts_all_steps(joint, qlstm, table):
    code, out, _ = qlstm("forecast", "run", "waves.csv", "--json")
    result, rows = json.loads(out), table(joint / "forecast-waves" / "forecast.csv")
    assert code == 0
    assert [(int(row["point"]), int(row["step"])) for row in rows] == [
        (i + s, s) for i in range(3, 30) for s in (1, 2, 3)
    ]
    truth = np.array([float(row["truth_y"] or "nan") for row in rows])
    point = np.array([int(row["point"]) for row in rows])
    np.testing.assert_allclose(truth[point < 30], np.sin(point[point < 30] / 3), atol=1e-15)
    assert np.isnan(truth[point >= 30]).all()
    error = np.array([float(row["forecast_y"]) for row in rows]) - truth
    for step in (1, 2, 3):
        of_step = error[(np.arange(len(rows)) % 3 == step - 1) & (point < 30)]
        assert result["metrics"][f"mse_{step}"] == pytest.approx(np.mean(of_step**2))
    assert result["next"]["y"] == [float(row["forecast_y"]) for row in rows[-3:]]


def test_a_free_run_is_what_a_user_gets_who_appends_each_forecast(alone, here, qlstm, table):
    code, out, _ = qlstm("forecast", "run", "waves.csv", "--free-run", 4, "--json")
    result = json.loads(out)
    assert code == 0
    by_hand = []
    for _ in range(4):
        by_hand.append(json.loads(qlstm("forecast", "run", "waves.csv", "--json")[1])["next"]["y"])
        with (here / "waves.csv").open("a") as file:
            file.write(f"{by_hand[-1]!r},0\n")
    assert result["next"]["y"] == pytest.approx(by_hand, rel=1e-9)
    assert result["start"] == 30
    assert result["metrics"] == {}
    rows = table(alone / "free-run-waves" / "forecast.csv")
    assert [(row["point"], row["step"], row["truth_y"]) for row in rows] == [
        (str(30 + k), str(k + 1), "") for k in range(4)
    ]


def test_a_free_run_within_the_data_is_compared_with_them(alone, qlstm, table):
    code, out, _ = qlstm("forecast", "run", "waves.csv", "--free-run", 8, "--start", 20, "--json")
    result, rows = json.loads(out), table(alone / "free-run-waves" / "forecast.csv")
    truth = np.array([float(row["truth_y"]) for row in rows])
    np.testing.assert_allclose(truth, np.sin(np.arange(20, 28) / 3), atol=1e-15)
    error = np.array([float(row["forecast_y"]) for row in rows]) - truth
    assert code == 0
    assert result["metrics"] == {
        "points": 8, "mse": pytest.approx(np.mean(error**2)), "r2": pytest.approx(1 - np.mean(error**2) / truth.var()),
    }  # fmt: skip
    assert "free run from point 20" in qlstm("forecast", "run", "waves.csv", "--free-run", 8, "--start", 20)[1]


def test_a_free_run_of_several_steps_at_once_needs_the_other_column(joint, qlstm):
    code, out, _ = qlstm("forecast", "run", "waves.csv", "--free-run", 8, "--start", 22, "--json")
    whole = json.loads(qlstm("forecast", "run", "waves.csv", "--free-run", 3, "--json")[1])
    assert code == 0
    assert len(json.loads(out)["next"]["y"]) == 8
    assert whole["next"] == json.loads(qlstm("forecast", "run", "waves.csv", "--json")[1])["next"]
    code, _, err = qlstm("forecast", "run", "waves.csv", "--free-run", 8)
    assert code == 2
    assert err.startswith("error: 'u' is not forecast")
    assert err.count("\n") == 1


def test_bad_free_runs(alone, qlstm):
    for options, words in (
        (("--start", 5), "add --free-run"),
        (("--free-run", 0), "--free-run=0 must be a whole number of at least 1"),
        (("--free-run", 4, "--start", 3), "give a start from 4 to 30"),
        (("--free-run", 4, "--start", 31), "give a start from 4 to 30"),
        (("--free-run", "many"), "valid integer"),
    ):
        code, out, err = qlstm("forecast", "run", "waves.csv", *options)
        assert code == 2
        assert not out
        assert words in err
        assert err.count("\n") == 1
    assert not (alone / "free-run-waves").exists()


def test_a_free_run_needs_what_is_forecast_among_the_features(here, qlstm):
    assert qlstm(*CSV, "--features", "u", "--out", "run", "--quiet")[0] == 0
    code, _, err = qlstm("forecast", "run", "waves.csv", "--free-run", 2)
    assert code == 2
    assert "nothing can be fed back" in err


def test_devices_train_and_plan_for_the_windows_there_are(here, qlstm, table):
    devices = ("--qpu", "exact", "--shots", 32, "--batch", 8, "--window", 2, "--gradient", "spsa")
    code, out, _ = qlstm("plan", *CSV[1:], *devices, "--horizon", 4, "--json")
    assert code == 0
    assert qlstm(*CSV, *devices, "--horizon", 4, "--out", "run", "--quiet")[0] == 0
    rows = table(here / "run" / "metrics.csv")
    assert {"test_mse_4", "test_r2_4", "qpu_seconds"} <= rows[-1].keys()
    assert int(rows[-1]["rounds"]) == 2 * json.loads(out)["plan"]["epoch"]["rounds"]
    assert int(rows[-1]["executions"]) == 2 * json.loads(out)["plan"]["epoch"]["executions"]


def test_a_run_keeps_its_horizon(joint, here, qlstm):
    more = ("train", "waves.csv", "--out", "run", "--resume", "--epochs", 3)
    code, _, err = qlstm(*more, "--horizon", 2)
    assert code == 2
    assert "--horizon is 2, but the run was started with 3" in err
    assert json.loads(qlstm(*more, "--json")[1])["epochs"] == 3


def test_a_run_from_before_there_was_a_horizon(alone, here, qlstm):
    """Its settings do not name one, in config.json nor in the checkpoint."""
    from qlstm.training import checkpoint

    state = checkpoint.load(alone / "checkpoint.pt")
    del state["settings"]["horizon"]
    checkpoint.save(alone / "checkpoint.pt", state)
    record = json.loads((alone / "config.json").read_text())
    del record["settings"]["horizon"]
    (alone / "config.json").write_text(json.dumps(record))
    assert qlstm("forecast", "run", "waves.csv", "--quiet") == (0, "", "")
    code, out, _ = qlstm("train", "waves.csv", "--out", "run", "--resume", "--epochs", 3, "--json")
    assert code == 0
    assert json.loads(out)["settings"]["horizon"] == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--horizon", 0), "horizon=0 must be an integer of at least 1"),
        (
            ("--horizon", 25),
            "horizon=25 and split=0.67 need at least 31, give more data or a smaller window or horizon",
        ),
        (("--horizon", 3, "--head", "vqc"), "head='vqc' gives 3 outputs from 2 qubits"),
    ],
)
def test_bad_horizons(here, qlstm, options, words):
    code, _, err = qlstm(*CSV, *options)
    assert code == 2
    assert words in err
    assert not (here / "runs").exists()


def test_a_model_of_recorded_data_says_what_is_missing(here, qlstm, monkeypatch):
    """Not that the task has other columns: it is the one that the model was trained on."""
    import sys

    pytest.importorskip("statsmodels")
    assert qlstm("train", "sunspots", *SMALL, "--epochs", 1, "--out", "run", "--quiet")[0] == 0
    monkeypatch.setitem(sys.modules, "statsmodels", None)
    for command in (("forecast", "run", "sunspots"), ("train", "sunspots")):
        code, _, err = qlstm(*command)
        assert code == 2
        assert "pip install 'qpartition[data]'" in err
