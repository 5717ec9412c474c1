"""Federated averaging: one client is plain training, two are the definition by hand, and stopping leaves a whole round."""

import copy
from fractions import Fraction

import numpy as np
import pytest
import torch

from backends.errors import InputError
from qlstm import Ansatz, Forecaster
from qlstm.training import Callback, Federated, Recipe, Trainer
from qlstm.training.federated import shares, weighted_mean

RECIPE = Recipe(epochs=5, batch=5, optimizer="adam", lr=0.05, cosine=True, shuffle=True, seed=4)


def same(a, b):
    return all(torch.equal(x, b.state_dict()[name]) for name, x in a.state_dict().items())


def without_time(rows):
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


def one_epoch(trainer):
    goal = trainer.epoch + 1
    trainer.fit(lambda: trainer.epoch == goal)


@pytest.fixture
def model():
    torch.manual_seed(2)
    return Forecaster(1, 2, ansatz=Ansatz.chen2024(1), dtype=torch.float64)


@pytest.mark.parametrize("local_epochs", [1, 2, 5])
def test_one_client_is_plain_training_to_the_bit(data, toys, local_epochs):
    """Dropout, shuffling, a rate that falls, and a last round that is shorter."""
    plain = toys.Net()
    history = Trainer(plain, data, RECIPE).fit()
    one = toys.Net()
    federated = Federated(one, data, clients=1, recipe=RECIPE, local_epochs=local_epochs)
    rows = federated.fit()
    assert same(one, plain)
    assert federated.rounds == len(rows) == -(-5 // local_epochs)
    wanted = [history.rows[min(local_epochs * n, 5) - 1] for n in range(1, len(rows) + 1)]
    for row, plain_row in zip(without_time(rows.rows), without_time(wanted), strict=True):
        assert {**row, "epoch": 0} == {**plain_row, "epoch": 0}


def test_two_clients_by_hand(data, model):
    """19 training windows: 10 for the first client, 9 for the second."""
    by_hand, recipe = copy.deepcopy(model), Recipe(epochs=2, batch=4, lr=0.02)
    federated = Federated(model, data, 2, recipe)
    trainers = [Trainer(copy.deepcopy(by_hand), share, recipe) for share in shares(data, 2)]
    for _ in range(2):
        for trainer in trainers:
            trainer.model.load_state_dict(by_hand.state_dict())
            one_epoch(trainer)
        first, second = (trainer.model.state_dict() for trainer in trainers)
        by_hand.load_state_dict({name: first[name] * 10 / 19 + second[name] * 9 / 19 for name in first})
    federated.fit()
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, by_hand.state_dict()[name], rtol=1e-13, atol=1e-15)
    assert not torch.equal(first["head.weight"], second["head.weight"])


def test_shares_are_disjoint_and_complete(data):
    parts = shares(data, 4)
    assert [part.train for part in parts] == [5, 5, 5, 4]
    np.testing.assert_array_equal(np.concatenate([part.x_train for part in parts]), data.x_train)
    np.testing.assert_array_equal(np.concatenate([part.y_train for part in parts]), data.y_train)
    assert all(np.array_equal(part.x_test, data.x_test) for part in parts)


def test_the_weighted_mean():
    values, counts = [0.1, -7.25, 3e5], [7, 11, 13]
    states = [{"w": torch.tensor([v, 0.1], dtype=torch.float64), "n": torch.tensor(k)} for k, v in enumerate(values)]
    exact = sum(Fraction(v) * n for v, n in zip(values, counts, strict=True)) / sum(counts)
    mean = weighted_mean(states, counts)
    assert mean["w"][0].item() == pytest.approx(float(exact), rel=1e-15)
    assert mean["w"][1].item() == 0.1
    assert mean["n"] == 0
    assert states[0]["w"][0] == 0.1


class Interrupt(Callback):
    """Ctrl-C in the middle of the third epoch."""

    def on_step(self, trainer, loss):
        if trainer.epoch == 2:
            raise KeyboardInterrupt


def test_an_interrupt_leaves_the_last_round(data, model):
    reference = copy.deepcopy(model)
    rows = Federated(reference, data, 2, Recipe(epochs=2)).fit()
    federated = Federated(model, data, 2, Recipe(epochs=4))
    federated.clients[1].callbacks = (Interrupt(),)
    with pytest.raises(KeyboardInterrupt):
        federated.fit()
    assert same(model, reference)
    assert without_time(federated.history.rows) == without_time(rows.rows)


@pytest.mark.parametrize("calls", [0, 7, 14])
def test_stopped_and_called_again_is_uninterrupted(data, model, calls):
    reference = copy.deepcopy(model)
    recipe = Recipe(epochs=4, batch=5, shuffle=True)
    rows = Federated(reference, data, 2, recipe, local_epochs=2).fit()
    federated, left = Federated(model, data, 2, recipe, local_epochs=2), iter(range(calls))
    federated.fit(lambda: next(left, None) is None)
    assert len(federated.history) < 2
    federated.fit()
    assert same(model, reference)
    assert without_time(federated.history.rows) == without_time(rows.rows)


def test_bad_numbers(data, model):
    for options, message in (
        ({"clients": 0}, "clients=0 must be an integer of at least 1"),
        ({"clients": 20}, r"clients=20 share 19 training window\(s\)"),
        ({"local_epochs": 0}, "local_epochs=0 must be"),
    ):
        with pytest.raises(InputError, match=message):
            Federated(model, data, **options)
