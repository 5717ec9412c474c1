"""Words, drawings and the classical baseline."""

from __future__ import annotations

import fnmatch
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from qlstm.report.classical import Lstm, nearest_hidden, size, train_classical
from qlstm.report.svg import CURVES, inline
from qlstm.report.wording import NONE, number, public, r2, sentence, uncertain
from qlstm.tasks import Dataset, Series
from qlstm.training import RunSettings

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"no file {Path.home()}/x y/data.csv: check", "no file x y/data.csv: check"),
        ("read /srv/data/a.csv and ~/b/c.csv", "read a.csv and c.csv"),
        ("from crn:v1:bluemix:public:quantum:us:a/1:2:: it came", "from (an account) it came"),
        ("theta'(t) in rad/s, 5 / 7, fake:fez/1, </script>", "theta'(t) in rad/s, 5 / 7, fake:fez/1, </script>"),
    ],
)
def test_folders_and_accounts_are_not_named(text: str, said: str) -> None:
    assert public(text) == said


def test_a_path_with_spaces_is_known_as_the_task() -> None:
    assert public("'/srv/my data/a.csv', 24 points", "/srv/my data/a.csv") == "'a.csv', 24 points"


def test_numbers() -> None:
    assert [number(v) for v in (0.0, 1234.56, 9.4e-8, float("nan"), None)] == ["0", "1,235", "9.400e-08", NONE, NONE]
    assert [r2(v) for v in (1.0, 0.99999, 0.5, -0.25)] == ["1.0000", "> 0.9999", "0.5000", "\N{MINUS SIGN}0.2500"]
    assert uncertain(0.046565, 0.000467) == "0.04657 ± 0.00047"
    assert uncertain(123.4, 5.2) == "123.4 ± 5.2" and uncertain(0.5, None) == "0.5"
    assert sentence("fake:fez: late") == "fake:fez: late." and sentence("it is so") == "It is so."


def drawn() -> Figure:
    figure = Figure(figsize=(3, 2))
    axes = figure.subplots()
    axes.semilogy([1, 2], [0.1, 1.0], color=next(iter(CURVES)), label="a <b> & c")
    axes.legend()
    return figure


def test_figures_are_text_in_the_colours_of_the_page() -> None:
    one, again, other = (inline(drawn, name, "a & b", CURVES) for name in ("x", "x", "y"))
    assert one == again
    assert "a &lt;b&gt; &amp; c</text>" in one and 'aria-label="a &amp; b"' in one
    assert not set(re.findall(r'id="([^"]+)"', one)) & set(re.findall(r'id="([^"]+)"', other))
    assert "var(--train)" in one and not re.search(r"#[0-9a-f]{6}", one.replace('href="#', ""))
    assert "DejaVu" not in one and "metadata" not in one and "<style" not in one


def test_the_lstm_has_the_size_that_is_said() -> None:
    for features, hidden, targets in ((1, 2, 1), (3, 5, 2)):
        model = Lstm(features, hidden, targets)
        assert size(features, hidden, targets) == sum(p.numel() for p in model.parameters())
    for parameters in (1, 25, 63, 400):
        best = min(range(1, 40), key=lambda h: abs(size(2, h, 1) - parameters))
        assert nearest_hidden(2, 1, parameters) == best


def test_the_lstm_learns_and_leaves_the_generator_alone() -> None:
    data = Dataset.of(Series.univariate("sine", np.sin(np.arange(40) / 3), "y"))
    settings = RunSettings(task="pendulum", epochs=30, lr=0.02)
    state = torch.get_rng_state()
    first, again = (train_classical(data, settings, 30, 40) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), state)
    assert first == again
    assert first.scores.train_mse < train_classical(data, settings, 1, 40).scores.train_mse / 3


def test_the_wheel_holds_what_the_page_is_made_of() -> None:
    data = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["qlstm.report"]
    needed = [file.name for file in (ROOT / "qlstm/report").iterdir() if file.is_file() and file.suffix != ".py"]
    assert len(needed) == 2
    assert all(any(fnmatch.fnmatch(name, pattern) for pattern in data) for name in needed)
