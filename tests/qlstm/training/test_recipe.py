"""Options of a training."""

import math

import pytest

from backends.errors import InputError
from qlstm.training import Recipe


def test_defaults_are_those_that_reproduce_the_published_results():
    recipe = Recipe()
    assert (recipe.optimizer, recipe.lr, recipe.batch, recipe.epochs, recipe.cosine, recipe.shuffle) == (
        "rmsprop", 0.01, 10, 100, False, False,
    )  # fmt: skip


def test_the_rate_is_constant_or_falls_along_half_a_cosine_to_a_hundredth():
    assert {Recipe(lr=0.3).rate(epoch) for epoch in (0, 50, 99)} == {0.3}
    falling = Recipe(lr=1.0, cosine=True, epochs=100)
    rates = [falling.rate(epoch) for epoch in range(101)]
    assert rates[0] == 1.0
    assert math.isclose(rates[50], 0.505)
    assert math.isclose(rates[100], 0.01)
    assert rates == sorted(rates, reverse=True)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"optimizer": "adm"}, ["'adm'", "did you mean 'adam'"]),
        ({"lr": 0.0}, ["lr=0.0", "positive"]),
        ({"lr": math.nan}, ["lr=nan"]),
        ({"batch": 0}, ["batch=0", "at least 1"]),
        ({"epochs": -3}, ["epochs=-3"]),
        ({"epochs": 2.5}, ["epochs=2.5", "integer"]),
        ({"batch": True}, ["batch=True"]),
        ({"seed": -1}, ["seed=-1", "at least 0"]),
        ({"seed": 2**64}, ["seed", "at most"]),
    ],
)
def test_bad_options_are_one_line_with_value_and_limit(options, words):
    with pytest.raises(InputError) as caught:
        Recipe(**options)
    assert all(word in str(caught.value) for word in words)
    assert "\n" not in str(caught.value)
