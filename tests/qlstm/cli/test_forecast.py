"""``qlstm forecast``: a trained model on new data."""

import json

import numpy as np
import pytest
import torch

SMALL = ("--hidden", 2, "--ansatz", "chen2024", "--depth", 1, "--epochs", 2)


@pytest.fixture
def trained(here, qlstm):
    assert qlstm("train", "waves.csv", "--target", "y", *SMALL, "--out", "run", "--quiet")[0] == 0
    return here / "run"


def test_forecasts_stand_beside_their_truth(trained, qlstm, table):
    code, out, err = qlstm("forecast", "run", "waves.csv", "--json")
    result = json.loads(out)
    assert code == 0
    assert not err
    rows = table(trained / "forecast-waves" / "forecast.csv")
    assert [int(row["point"]) for row in rows] == list(range(4, 31))
    truth = [float(row["truth_y"]) for row in rows[:-1]]
    assert truth == pytest.approx(np.sin(np.arange(4, 30) / 3), abs=1e-15)
    assert rows[-1]["truth_y"] == ""
    assert result["next"]["y"] == float(rows[-1]["forecast_y"])
    errors = [float(row["forecast_y"]) - y for row, y in zip(rows, truth, strict=False)]
    assert result["metrics"]["points"] == 26
    assert result["metrics"]["mse"] == pytest.approx(np.mean(np.square(errors)))
    assert (trained / "forecast-waves" / "forecast.png").read_bytes().startswith(b"\x89PNG")


def test_a_forecast_is_what_the_model_says_of_that_window(trained, qlstm, table):
    from qlstm import Forecaster
    from qlstm.tasks import Scaler

    state = torch.load(trained / "checkpoint.pt", weights_only=True)
    model = Forecaster.from_config(state["model"]).double()
    model.load_state_dict(state["trainer"]["weights"])
    scaler = Scaler.from_dict(state["data"]["scaler"])
    t = np.arange(30)
    window = np.column_stack([np.sin(t / 3), np.cos(t / 5)])[7:11]
    expected = scaler.inverse(model(torch.as_tensor(scaler.transform(window))[None]).detach().numpy())
    assert qlstm("forecast", "run", "waves.csv", "--quiet") == (0, "", "")
    row = table(trained / "forecast-waves" / "forecast.csv")[7]
    assert row["point"] == "11"
    assert float(row["forecast_y"]) == pytest.approx(expected.item(), rel=1e-12)


def test_training_data_is_not_needed_nor_is_the_truth(here, qlstm, table):
    features = ("--target", "y", "--features", "u")
    assert qlstm("train", "waves.csv", *features, *SMALL, "--out", "run", "--quiet")[0] == 0
    (here / "waves.csv").unlink()
    (here / "new.csv").write_text("u\n0.1\n0.2\n0.3\n0.4\n")
    code, out, _ = qlstm("forecast", "run", "new.csv", "--out", "result", "--json")
    result = json.loads(out)
    assert code == 0
    assert result["metrics"] == {}
    assert result["forecasts"] == 1
    assert [row["point"] for row in table(here / "result" / "forecast.csv")] == ["4"]


def test_a_task_can_be_forecast(here, qlstm):
    assert qlstm("train", "narma2", "--with-u", *SMALL, "--epochs", 1, "--out", "run", "--quiet")[0] == 0
    code, out, _ = qlstm("forecast", "run", "narma2")
    assert code == 0
    assert "296" in out
    assert "r2" in out


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("y\n1\n2\n3\n4\n", ["column", "'u'"]),
        ("y,u\n1,1\n2,2\n", ["2 point(s)", "window of 4"]),
        ("y,u\n1,1\n2,\n3,3\n4,4\n", ["line 3"]),
    ],
)
def test_data_that_do_not_fit(trained, here, qlstm, data, words):
    (here / "new.csv").write_text(data)
    code, out, err = qlstm("forecast", "run", "new.csv")
    assert code == 2
    assert not out
    assert err.startswith("error: ")
    assert all(word in err for word in words)
    assert not (trained / "forecast-new").exists()


def test_a_folder_that_is_in_use(trained, here, qlstm):
    code, _, err = qlstm("forecast", "run", "waves.csv", "--out", "run")
    assert code == 2
    assert "not empty" in err
    assert qlstm("forecast", "run", "waves.csv", "--quiet")[0] == 0
    assert qlstm("forecast", "run", "waves.csv", "--quiet")[0] == 0
