"""The progress bar: loss, rate and price on a terminal, silence elsewhere."""

import io

import pytest
from rich.console import Console

from qlstm.training import ProgressBar, Recipe, Trainer


@pytest.fixture
def shown(data, toys):
    """What is written while two epochs are trained."""

    def train(terminal, executor=None):
        text, model = io.StringIO(), toys.Net()
        model.executor = executor
        console = Console(file=text, force_terminal=terminal, width=120)
        Trainer(model, data, Recipe(epochs=2), [ProgressBar(console)]).fit()
        return text.getvalue()

    return train


def test_a_terminal_shows_epoch_loss_and_rate(shown):
    text = shown(terminal=True)
    assert "epoch 2/2" in text
    assert "loss " in text
    assert "test R2" in text
    assert "steps/s" in text
    assert "QPU" not in text


def test_on_devices_the_running_total_of_qpu_seconds(shown, toys):
    assert "QPU 2.0 s" in shown(terminal=True, executor=toys.Executor())


def test_elsewhere_nothing_is_written(shown):
    assert shown(terminal=False) == ""
