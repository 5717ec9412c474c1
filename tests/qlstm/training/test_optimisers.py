"""Optimisers: every step is that of torch.optim, but for rounding."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from qlstm.training import Recipe
from qlstm.training.optimisers import optimiser

ORACLES = {
    "rmsprop": lambda parameters: torch.optim.RMSprop(parameters, lr=0.1, alpha=0.99, eps=1e-8, foreach=False),
    "adam": lambda parameters: torch.optim.Adam(parameters, lr=0.1, foreach=False),
}


def parameters():
    generator = torch.Generator().manual_seed(1)
    shapes = ((3, 2), (4,), (1,))
    return [torch.nn.Parameter(torch.randn(s, generator=generator, dtype=torch.float64)) for s in shapes]


def give_gradients(ours, step, count=2):
    generator = torch.Generator().manual_seed(step)
    for parameter in ours[:count]:
        parameter.grad = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("name", ORACLES)
@pytest.mark.parametrize("count", [2, 3])  # with two the third parameter takes no part
def test_steps_equal_those_of_torch(name, count):
    ours, theirs = parameters(), parameters()
    optimizer, oracle = optimiser(Recipe(optimizer=name), ours), ORACLES[name](theirs)
    for step in range(30):
        rate = 0.1 / (1 + step)
        oracle.param_groups[0]["lr"] = rate
        give_gradients(ours, step, count)
        give_gradients(theirs, step, count)
        optimizer.step(rate)
        oracle.step()
        for a, b in zip(ours, theirs, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-13, atol=1e-13)
    assert torch.equal(ours[2], parameters()[2]) == (count == 2)


@pytest.mark.parametrize("name", ORACLES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_many_parameters_step_as_each_alone(name, dtype):
    """Joined or one by one, a saved state continued included: the same bits."""
    together = [torch.nn.Parameter(p.detach().to(dtype)) for p in (*parameters(), torch.ones(37), torch.ones(5, 9).T)]
    alone = [torch.nn.Parameter(p.detach().clone()) for p in together]
    joined, singles = (
        optimiser(Recipe(optimizer=name), together),
        [optimiser(Recipe(optimizer=name), [p]) for p in alone],
    )
    for step in range(20):
        for a, b in zip(together, alone, strict=True):
            a.grad = torch.randn(a.shape, generator=torch.Generator().manual_seed(step + a.numel()), dtype=dtype)
            b.grad = a.grad.clone()
        joined.step(0.1)
        for single in singles:
            single.step(0.1)
        saved, joined = joined.state_dict(), optimiser(Recipe(optimizer=name), together)
        joined.load_state_dict(saved)
        assert all(torch.equal(a, b) for a, b in zip(together, alone, strict=True))


def test_parameters_of_several_dtypes():
    mixed = [torch.nn.Parameter(torch.ones(3)), torch.nn.Parameter(torch.ones(2).double())]
    for parameter in mixed:
        parameter.grad = torch.ones_like(parameter)
    optimiser(Recipe(), mixed).step(0.1)
    assert all((parameter < 1).all() for parameter in mixed)


@pytest.mark.parametrize("name", ORACLES)
def test_a_state_is_a_copy_of_its_own_once_loaded(name):
    ours, others = parameters(), parameters()
    first = optimiser(Recipe(optimizer=name), ours)
    give_gradients(ours, 0)
    first.step(0.1)
    second = optimiser(Recipe(optimizer=name), others)
    second.load_state_dict(first.state_dict())
    give_gradients(others, 1)
    second.step(0.1)
    assert (first.steps, second.steps) == (1, 2)
    assert not torch.equal(first.state["square"][0], second.state["square"][0])


def test_a_state_of_other_parameters_is_refused():
    small = optimiser(Recipe(), parameters()[:1]).state_dict()
    with pytest.raises(ValueError, match="other parameters"):
        optimiser(Recipe(), parameters()).load_state_dict(small)
    with pytest.raises(KeyError):
        optimiser(Recipe(optimizer="adam"), parameters()).load_state_dict(small)


def test_gradients_are_forgotten():
    ours = parameters()
    give_gradients(ours, 0)
    optimiser(Recipe(), ours).zero_grad()
    assert all(parameter.grad is None for parameter in ours)


STEP = """
import os, torch
from qlstm import QLSTM
from qlstm.training import Recipe
from qlstm.training.optimisers import optimiser
torch.set_num_threads(2)
def threads():
    return len(os.listdir("/proc/self/task"))
model, before = QLSTM(1, 5, parts=2, dtype=torch.float64), threads()
adam, rmsprop = (optimiser(Recipe(optimizer=name), model.parameters()) for name in ("adam", "rmsprop"))
for _ in range(3):
    y, _ = model(torch.ones(8, 16, 1, dtype=torch.float64))
    torch.nn.functional.mse_loss(y, torch.zeros_like(y)).backward()
    adam.step(0.01)
    rmsprop.step(0.01)
print(threads() - before, end=" ")
torch.ones(10**6).exp()
print(threads() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are counted through /proc")
def test_a_small_training_step_starts_no_threads():
    """A waiting team of torch's takes the processor from the kernel's threads, so none may be started."""
    done = subprocess.run([sys.executable, "-c", STEP], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "1"]  # and a large tensor shows that starting one would have been seen
