"""Models and data to compare on: a set of cases in which every pair of settings occurs together."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import combinations, product
from typing import Any

import numpy as np
import torch
from torch import Tensor

from qlstm import QLSTM, Ansatz
from tests.qlstm.model.reference import Array, Direction, Recipe, chen2020, chen2024, division, from_zero, reupload

RECIPES = {
    "chen2020": chen2020(),
    "chen2024": chen2024(),
    "reupload": reupload(),
    "arctan-ry-linear-2-in": Recipe("arctan", "linear", "ry", 1, 2, True, False),
    "angle-rot-ring-2-out": Recipe("angle", "ring", "rot", 1, 2, False, True),
    "arctan-rot-ring2-3": Recipe("arctan", "ring2", "rot", 1, 3, False, False),
}

LEVELS: dict[str, tuple[Any, ...]] = {
    "recipe": tuple(RECIPES),
    "width": (1, 2, 3, 4, 5, 6),
    "parts": (1, 2, 3, 4),
    "depth": (1, 2, 3, 4, 5),
    "partition": ("contiguous", "round-robin", "shared-input", "explicit", "uneven", "extra"),
    "stack": ((1, False), (1, True), (2, False), (2, True)),
    "batch": (1, 3, 7, 9, 17),
    "steps": (1, 2),
}
"""What a case is made of. ``width`` is aimed at: ``v`` has room for at least one input and one output per part."""


@dataclass(frozen=True)
class Case:
    """One model and the size of its data."""

    recipe: str
    width: int
    parts: int
    depth: int
    partition: str
    stack: tuple[int, bool]
    batch: int
    steps: int

    def __str__(self) -> str:
        """The id of the case in pytest."""
        layers, both = self.stack
        shape = f"q{self.width}-m{self.parts}-d{self.depth}-{'bi' if both else ''}{layers}-b{self.batch}-t{self.steps}"
        return f"{self.recipe}-{self.partition}-{shape}"

    @property
    def words(self) -> Recipe:
        """The circuit in words, with the depth of the case."""
        return Recipe(**{**asdict(RECIPES[self.recipe]), "depth": self.depth})

    @property
    def layers(self) -> int:
        """Stacked layers; index lists fit one only."""
        return 1 if self.partition == "explicit" else self.stack[0]

    @property
    def directions(self) -> int:
        """1 or 2."""
        return 2 if self.stack[1] else 1

    @property
    def sizes(self) -> tuple[int, int]:
        """(input_size, hidden_size) that give parts of about ``width`` qubits, in every layer."""
        if self.partition == "shared-input":
            data = max(1, self.width // 2)
            return data, self.parts * (max(1, self.width - data) if self.layers == 1 else 1)
        length = max(self.parts * self.width, self.parts + 1)
        if self.partition == "uneven" and self.width > 1 and length > self.parts + 1:
            length -= 1
        hidden = max(self.parts, length // 3 if self.layers > 1 else length - 1 - self.width // 3)
        return max(1, length - hidden), hidden

    def lists(self, layer: int) -> list[list[int]]:
        """Index lists of the parts of a layer."""
        data, hidden = self.sizes
        size = data if layer == 0 else hidden * self.directions
        if self.partition == "explicit":
            return self._own_lists(size, hidden)
        name = {"uneven": "contiguous", "extra": "contiguous"}.get(self.partition, self.partition)
        return division(name, size, hidden, self.parts)

    def _own_lists(self, size: int, hidden: int) -> list[list[int]]:
        """Shuffled, of unequal lengths, and one entry in two parts."""
        entries = list(range(size + hidden))
        random.Random(str(self)).shuffle(entries)
        lists = [list(map(int, piece)) for piece in np.array_split(np.array(entries), self.parts)]
        if self.parts > 1 and len(lists[-1]) > 1:
            lists[0].append(lists[-1].pop(0))
            lists[-1].append(lists[0][0])
        return lists

    def widths(self, layer: int) -> list[int]:
        """Qubits of every part of a layer."""
        given = self._given_widths()
        return given if given is not None else [len(part) for part in self.lists(layer)]

    def _given_widths(self) -> list[int] | None:
        if self.partition not in ("explicit", "extra"):
            return None
        outputs = [len(piece) for piece in np.array_split(np.arange(self.sizes[1]), self.parts)]
        needed = [max(outputs[m], *(len(self.lists(n)[m]) for n in range(self.layers))) for m in range(self.parts)]
        return [n + (m == 0) for m, n in enumerate(needed)] if self.partition == "extra" else needed

    def options(self) -> dict[str, Any]:
        """Arguments of `QLSTM`."""
        layers, directions = self.layers, self.directions
        named = {"uneven": "contiguous", "extra": "contiguous"}.get(self.partition, self.partition)
        data, hidden = self.sizes
        return {
            "input_size": data, "hidden_size": hidden, "num_layers": layers, "bidirectional": directions == 2,
            "parts": self.parts, "partition": self.lists(0) if named == "explicit" else named,
            "ansatz": Ansatz(**asdict(self.words)), "qubits": self._given_widths(),
        }  # fmt: skip

    def model(self, dtype: torch.dtype = torch.float64) -> QLSTM:
        """The model, every parameter far from its starting value."""
        model = QLSTM(**self.options(), dtype=dtype)
        scramble(model, seed=len(str(self)))
        return model

    def data(self, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor, Tensor]:
        """x of shape (steps, batch, inputs), h0 and c0 of shape (layers * directions, batch, hidden)."""
        data, hidden = self.sizes
        draw = torch.Generator().manual_seed(1 + len(str(self)))
        state = (self.layers * self.directions, self.batch, hidden)
        x = torch.randn((self.steps, self.batch, data), generator=draw, dtype=torch.float64)
        h, c = (torch.randn(state, generator=draw, dtype=torch.float64) for _ in range(2))
        return x.to(dtype), h.tanh().to(dtype), c.to(dtype)

    def reference(self, parameters: dict[str, Array]) -> list[list[Direction]]:
        """The stack for `reference.run`."""
        suffixes = ("", "_reverse")[: self.directions]
        return [
            [Direction(self.words, parameters, f"l{n}", suffix, self.lists(n), self.sizes[1]) for suffix in suffixes]
            for n in range(self.layers)
        ]


def scramble(model: torch.nn.Module, seed: int = 0) -> None:
    """Give every parameter values of its own: angles around the circle, gains and scales of both signs."""
    draw = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            spread = 3.0 if name.startswith("weight") else 1.2
            fresh = spread * (2 * torch.rand(parameter.shape, generator=draw, dtype=torch.float64) - 1)
            parameter.copy_(fresh)


def numbers(model: torch.nn.Module) -> dict[str, Array]:
    """The parameters as numpy arrays."""
    return {name: p.detach().to(torch.float64).numpy().copy() for name, p in model.named_parameters()}


def _pairs(row: tuple[Any, ...]) -> set[tuple[int, Any, int, Any]]:
    return {(a, row[a], b, row[b]) for a, b in combinations(range(len(row)), 2)}


def covering() -> list[Case]:
    """Few cases in which every two settings meet at least once (greedy, always the same)."""
    levels, draw = tuple(LEVELS.values()), random.Random(2020)
    missing = {(a, x, b, y) for a, b in combinations(range(len(levels)), 2) for x, y in product(levels[a], levels[b])}
    rows: list[tuple[Any, ...]] = []
    while missing:
        tries = [tuple(draw.choice(level) for level in levels) for _ in range(200)]
        a, x, b, y = min(missing, key=str)
        tries = [tuple(x if n == a else y if n == b else value for n, value in enumerate(row)) for row in tries]
        best = max(tries, key=lambda row: len(_pairs(row) & missing))
        rows.append(best)
        missing -= _pairs(best)
    return [Case(*row) for row in rows]


CASES = covering()


def assert_runs_as(model: torch.nn.Module, x: Tensor, gates: Callable[[Array], Array]) -> None:
    """A model of one layer does what `from_zero` does, to 1e-12."""
    y, (h_n, c_n) = model(x)
    expected, h, c = from_zero(gates, x.numpy(), y.shape[-1])
    np.testing.assert_allclose(y.detach().numpy(), expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(torch.cat([h_n, c_n]).detach().numpy(), [h, c], rtol=0, atol=1e-12)
