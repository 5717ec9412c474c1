"""Optimisers: every step is that of torch.optim, to the bit."""

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


def give_gradients(ours, step):
    generator = torch.Generator().manual_seed(step)
    for parameter in ours[:2]:  # the third takes no part
        parameter.grad = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("name", ORACLES)
def test_steps_equal_those_of_torch(name):
    ours, theirs = parameters(), parameters()
    optimizer, oracle = optimiser(Recipe(optimizer=name), ours), ORACLES[name](theirs)
    for step in range(30):
        rate = 0.1 / (1 + step)
        oracle.param_groups[0]["lr"] = rate
        give_gradients(ours, step)
        give_gradients(theirs, step)
        optimizer.step(rate)
        oracle.step()
        assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))
    assert torch.equal(ours[2], parameters()[2])


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
