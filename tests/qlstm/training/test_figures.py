"""Figures: drawn from the numbers given, nothing left behind."""

import struct

import numpy as np
import pytest
from matplotlib.figure import Figure

from backends.errors import InputError
from qlstm import figures

ROWS = [{"epoch": 1, "train_mse": 0.5, "test_mse": 0.25}, {"epoch": 2, "train_mse": 0.125, "test_mse": 0.0625}]


@pytest.fixture
def drawn(monkeypatch):
    """The figures that are saved."""
    seen = []
    monkeypatch.setattr(Figure, "savefig", lambda self, *a, **k: seen.append(self))
    return seen


def lines(figure):
    return {line.get_label(): np.asarray(line.get_xydata()) for axes in figure.axes for line in axes.lines}


def test_loss_curves_show_the_rows_on_a_logarithmic_axis(drawn, tmp_path):
    figures.loss_curves(ROWS, tmp_path / "loss.png")
    curves = lines(drawn[0])
    assert curves["train"].tolist() == [[1, 0.5], [2, 0.125]]
    assert curves["test"].tolist() == [[1, 0.25], [2, 0.0625]]
    assert drawn[0].axes[0].get_yscale() == "log"


def test_forecast_shows_truth_boundary_and_band(drawn, tmp_path):
    value, truth = np.array([1.0, 2.0, 3.0]), np.array([1.5, 2.5, np.nan])
    error = np.full(3, 0.25)
    figures.forecast(value, tmp_path / "f.png", truth=truth, points=[4, 5, 6], boundary=4.5, stderr=error)
    curves = lines(drawn[0])
    assert curves["forecast"].tolist() == [[4, 1.0], [5, 2.0], [6, 3.0]]
    assert curves["truth"][:2].tolist() == [[4, 1.5], [5, 2.5]]
    assert curves["test begins"][:, 0].tolist() == [4.5, 4.5]
    (band,) = drawn[0].axes[0].collections
    vertices = band.get_paths()[0].vertices
    assert vertices[:, 1].min() == 0.5
    assert vertices[:, 1].max() == 3.5


def test_one_panel_per_target(drawn, tmp_path):
    figures.forecast(np.zeros((5, 2)), tmp_path / "f.png")
    assert len(drawn[0].axes) == 2


def test_files_are_png_and_alone(tmp_path):
    figures.loss_curves(ROWS[:1], tmp_path / "loss.png")
    path = figures.forecast(np.sin(np.arange(20)), tmp_path / "forecast.png", name="sine")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["forecast.png", "loss.png"]
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG")
    assert struct.unpack(">II", content[16:24]) == (960, 432)


def test_what_cannot_be_drawn(tmp_path):
    with pytest.raises(InputError, match="no finished epoch"):
        figures.loss_curves([], tmp_path / "a.png")
    with pytest.raises(InputError, match="truth of shape"):
        figures.forecast([1.0, 2.0], tmp_path / "a.png", truth=[1.0])
    with pytest.raises(InputError, match="one point per forecast"):
        figures.forecast([1.0, 2.0], tmp_path / "a.png", points=[1])
    with pytest.raises(InputError, match="cannot write"):
        figures.loss_curves(ROWS, tmp_path / "nowhere" / "a.png")
    assert not list(tmp_path.iterdir())


def test_several_steps_are_drawn_each_at_its_own_points(drawn, tmp_path):
    values = np.arange(12.0).reshape(2, 3, 2)  # two forecasts, three steps, two targets
    figures.ahead(values, tmp_path / "f.png", points=[7, 8], truth=values + 100, boundary=8.5)
    panels = drawn[0].axes
    assert [axes.get_ylabel() for axes in panels] == ["1 step ahead"] * 2 + ["3 steps ahead"] * 2
    curves = [axes.lines[1].get_xydata() for axes in panels]
    shown = [curve[np.isfinite(curve[:, 1])].tolist() for curve in curves]
    assert shown == [[[7, 0], [8, 6]], [[7, 1], [8, 7]], [[9, 4], [10, 10]], [[9, 5], [10, 11]]]
    truth = panels[2].lines[0].get_xydata()
    assert truth[np.isfinite(truth[:, 1])].tolist() == [[9, 104], [10, 110]]


def test_one_step_ahead_is_the_usual_figure(drawn, tmp_path):
    figures.ahead(np.ones((3, 1, 1)), tmp_path / "f.png", points=[4, 5, 6])
    (axes,) = drawn[0].axes
    assert axes.get_ylabel() == "" and axes.lines[0].get_xydata().tolist() == [[4, 1], [5, 1], [6, 1]]
