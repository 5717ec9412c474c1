"""The training loop: against a loop written out by hand, and resumed against uninterrupted."""

import copy

import numpy as np
import pytest
import torch

from backends.errors import InputError
from qlstm.training import Callback, Recipe, Trainer
from qlstm.training import checkpoint as files

RECIPES = [
    Recipe(epochs=3, batch=5),
    Recipe(epochs=3, batch=5, optimizer="adam", lr=0.05, cosine=True, shuffle=True, seed=4),
]


class StopAfter:
    """True after a number of optimiser steps or evaluations."""

    def __init__(self, calls: int) -> None:
        self.calls = calls

    def __call__(self) -> bool:
        self.calls -= 1
        return self.calls < 0


def weights(model):
    return [parameter.detach().clone() for parameter in model.parameters()]


def same(a, b):
    return all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


def alike(a, b):
    return all(torch.allclose(x, y, rtol=1e-12, atol=1e-14) for x, y in zip(a, b, strict=True))


def without_time(rows):
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


def test_full_batch_order_equals_a_loop_written_out(data, toys):
    model, twin = toys.Net(), toys.Net()
    history = Trainer(model, data, Recipe(epochs=2, batch=5)).fit()

    twin.load_state_dict(toys.Net().state_dict())
    x, y = torch.as_tensor(data.x_train), torch.as_tensor(data.y_train)
    optimizer = torch.optim.RMSprop(twin.parameters(), lr=0.01, alpha=0.99, eps=1e-8)
    torch.manual_seed(11)
    toys.Net()  # brings the generator to where the first training began
    for _ in range(2):
        twin.train()
        for i in range(0, 19, 5):
            optimizer.zero_grad()
            ((twin(x[i : i + 5]) - y[i : i + 5]) ** 2).mean().backward()
            optimizer.step()
        twin.eval()
        with torch.no_grad():
            train_mse = float(((twin(x) - y) ** 2).mean())
    assert alike(weights(model), weights(twin))
    assert history.rows[-1]["train_mse"] == pytest.approx(train_mse, rel=1e-12)
    assert [row["epoch"] for row in history.rows] == [1, 2]


def test_shuffling_uses_every_window_once_and_a_new_order_each_epoch(data, toys):
    trainer = Trainer(toys.Net(), data, Recipe(shuffle=True, batch=4, epochs=2))
    orders = []
    for epoch in range(2):
        rows = []
        for batch in range(trainer.batches):
            trainer.epoch, trainer.batch = epoch, batch
            rows += trainer._rows().tolist()
        orders.append(rows)
    assert [sorted(rows) for rows in orders] == [list(range(19))] * 2
    assert orders[0] != orders[1] != list(range(19))


@pytest.mark.parametrize("recipe", RECIPES, ids=["rmsprop", "adam"])
@pytest.mark.parametrize("devices", [False, True], ids=["exact", "devices"])
@pytest.mark.parametrize("calls", range(0, 15, 2))
def test_resumed_equals_uninterrupted_to_the_bit(data, toys, tmp_path, recipe, devices, calls):
    def fresh():
        model = toys.Net()
        model.executor = toys.Executor() if devices else None
        return Trainer(model, data, recipe)

    whole = fresh()
    whole.fit()

    first = fresh()
    first.fit(StopAfter(calls))
    path = tmp_path / "checkpoint.pt"
    files.save(path, {"settings": {}, "model": {}, "data": {}, "trainer": first.state_dict()})

    torch.manual_seed(999)
    second = fresh()
    second.load_state_dict(files.load(path)["trainer"])
    second.fit()
    assert same(weights(second.model), weights(whole.model))
    assert without_time(second.history.rows) == without_time(whole.history.rows)
    assert second.finished
    assert second.steps == 12


@pytest.mark.parametrize("fail_at", range(0, 15, 3))
def test_a_step_that_fails_on_the_devices_is_taken_back(data, toys, fail_at):
    whole = Trainer(toys.Net(), data, RECIPES[1])
    whole.model.executor = toys.Executor()
    whole.fit()

    first = Trainer(toys.Net(), data, RECIPES[1])
    first.model.executor = toys.Executor(fail_at)
    first._mark()
    with pytest.raises(RuntimeError, match="connection lost"):
        first.fit()
    assert first.settled
    second = Trainer(toys.Net(), data, RECIPES[1])
    second.model.executor = toys.Executor()
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    second.fit()
    assert same(weights(second.model), weights(whole.model))


def test_columns_of_devices_are_totals(data, toys):
    model = toys.Net()
    model.executor = toys.Executor()
    rows = Trainer(model, data, Recipe(epochs=2, batch=19)).fit().rows
    assert [(row["rounds"], row["executions"]) for row in rows] == [(2, 18), (4, 36)]


def test_a_loss_that_is_not_finite_stops_with_the_remedy(data, toys):
    model = toys.Net()
    with torch.no_grad():
        model.body[1].weight.fill_(float("nan"))
    with pytest.raises(InputError, match=r"loss is nan at step 1 of epoch 1.*smaller"):
        Trainer(model, data).fit()


def test_a_state_of_another_model_is_refused(data, toys):
    state = Trainer(toys.Net(hidden=5), data).state_dict()
    with pytest.raises(InputError, match="another model"):
        Trainer(toys.Net(hidden=4), data).load_state_dict(state)
    with pytest.raises(InputError, match="another model"):
        Trainer(toys.Net(), data).load_state_dict({})


def test_hooks_see_every_step_and_the_end_of_a_failed_run(data, toys):
    class Log(Callback):
        def __init__(self):
            self.seen = []

        def on_start(self, trainer):
            self.seen.append("start")

        def on_step(self, trainer, loss):
            self.seen.append(trainer.steps)

        def on_epoch(self, trainer, row):
            self.seen.append(f"epoch {row['epoch']}")

        def on_end(self, trainer):
            self.seen.append("end")

    log = Log()
    Trainer(toys.Net(), data, Recipe(epochs=2, batch=10), [log]).fit()
    assert log.seen == ["start", 1, 2, "epoch 1", 3, 4, "epoch 2", "end"]
    failing = Log()
    model = toys.Net()
    model.executor = toys.Executor(fail_at=1)
    with pytest.raises(RuntimeError):
        Trainer(model, data, Recipe(epochs=2, batch=10), [failing]).fit()
    assert failing.seen == ["start", 1, "end"]


def test_predictions_are_without_dropout_and_in_the_dtype_of_the_model(data, toys):
    model = toys.Net().float()
    trainer = Trainer(model, data)
    first, second = trainer.predict(data.x), trainer.predict(data.x)
    assert np.array_equal(first, second)
    assert first.shape == data.y.shape
    assert first.dtype == np.float64
