"""The gradient's signal-to-noise ratio: its arithmetic, its column, its place in a checkpoint and on the screen."""

import io
import math

import pytest
import torch
from rich.console import Console

from qlstm.training import ProgressBar, Recipe, Trainer
from qlstm.training.signal import signal_to_noise


@pytest.fixture
def noisy(toys):
    """A toy on devices whose k-th gradient has the error k in one entry of every parameter."""

    class Noisy(toys.Net):
        def __init__(self):
            super().__init__()
            self.executor, self.calls = toys.Executor(), 0

        def gradient_stderr(self, loss, *, replicates, seed):
            assert replicates >= 2
            self.calls += 1
            errors = {name: torch.zeros_like(p) for name, p in self.named_parameters()}
            for error in errors.values():
                error.view(-1)[0] = float(self.calls)
            return errors

    return Noisy


def zero(output):
    return output.sum()


def test_it_is_the_norm_of_the_gradient_over_that_of_its_error(noisy):
    model = noisy()
    for parameter in model.parameters():
        parameter.grad = torch.full_like(parameter, 3.0)
    entries = sum(p.numel() for p in model.parameters())
    assert signal_to_noise(model, zero, 0) == pytest.approx(3 * math.sqrt(entries) / math.sqrt(4))
    assert signal_to_noise(model, zero, 0) == pytest.approx(3 * math.sqrt(entries) / math.sqrt(4) / 2)


@pytest.mark.parametrize("gradient", ["spsa", "exact"])
def test_there_is_none_where_nothing_is_measured(noisy, toys, gradient):
    model = noisy()
    model.gradient = gradient
    assert signal_to_noise(model, zero, 0) is None
    model.gradient = "auto"
    model.executor = None
    assert signal_to_noise(model, zero, 0) is None
    plain = toys.Net()
    plain.executor = toys.Executor()
    assert signal_to_noise(plain, zero, 0) is None


def test_an_epoch_has_the_mean_of_its_steps_also_when_resumed(noisy, data):
    text = io.StringIO()
    bar = ProgressBar(Console(file=text, force_terminal=True, width=120))
    seen = []
    first = Trainer(noisy(), data, Recipe(epochs=2, batch=10), [bar])
    first.fit(lambda: first.steps == 1)
    seen += first.signals
    assert len(seen) == 1
    assert f"SNR {seen[0]:.1f}" in text.getvalue()
    second = Trainer(noisy(), data, Recipe(epochs=1, batch=10))
    second.load_state_dict(first.state_dict())
    assert second.signals == seen
    while second.batch < second.batches:
        second._advance()
    seen = list(second.signals)
    assert len(seen) == 2
    row = second.fit().rows[0]
    assert row["gradient_snr"] == pytest.approx(sum(seen) / 2)
    assert second.signals == []


def test_it_can_be_left_out(noisy, data):
    model = noisy()
    row = Trainer(model, data, Recipe(epochs=1, batch=10, signal=False)).fit().rows[0]
    assert "gradient_snr" not in row
    assert model.calls == 0
