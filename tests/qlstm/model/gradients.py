"""Derivatives of a scalar by autograd and by central differences."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

STENCIL = {1: 45 / 60, 2: -9 / 60, 3: 1 / 60}
"""Central differences of sixth order: the error is h^6 / 140 times the seventh derivative."""
STEP = 0.01

Scalar = Callable[[], float]


def weighted(tensors: tuple[Tensor, ...], seed: int = 7) -> Tensor:
    """A scalar in which every entry of every tensor counts differently."""
    draw = torch.Generator().manual_seed(seed)
    terms = []
    for tensor in tensors:
        factor = torch.randn(tensor.shape, generator=draw, dtype=torch.float64).to(tensor)
        terms.append((factor * tensor).sum() + (factor.square() * tensor.square()).sum() / 2)
    return torch.stack(terms).sum()


def gradients(scalar: Tensor, leaves: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """d scalar / d leaf by autograd, by name."""
    return dict(zip(leaves, torch.autograd.grad(scalar, list(leaves.values())), strict=True))


def unless_refused(scalar: Tensor, leaf: Tensor) -> Tensor | None:
    """d scalar / d leaf, or None where torch says that something was modified in between."""
    try:
        return torch.autograd.grad(scalar, leaf)[0]
    except RuntimeError as error:
        if "modified" not in str(error):
            raise
        return None


def along(scalar: Scalar, leaf: Tensor, direction: Tensor) -> float:
    """The derivative of ``scalar`` when ``leaf`` (changed in place and put back) moves in a direction."""
    start, slope = leaf.detach().clone(), 0.0
    with torch.no_grad():
        for distance, factor in STENCIL.items():
            for sign in (1, -1):
                leaf.copy_(start + sign * distance * STEP * direction)
                slope += sign * factor * scalar() / STEP
        leaf.copy_(start)
    return slope


def direction_like(leaf: Tensor, seed: int) -> Tensor:
    """A unit vector through all entries: a wrong derivative of any entry shows in the slope along it."""
    draw = torch.Generator().manual_seed(seed)
    direction = torch.randn(leaf.shape, generator=draw, dtype=torch.float64)
    unit: Tensor = direction / direction.norm()
    return unit.to(leaf)


def assert_slopes(scalar: Scalar, leaves: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> None:
    """The slope along one direction in every leaf agrees with central differences, to 1e-9 of the largest slope."""
    expected, slopes = {}, {}
    for number, (name, leaf) in enumerate(leaves.items()):
        direction = direction_like(leaf, number)
        expected[name] = along(scalar, leaf, direction)
        slopes[name] = (found[name] * direction).sum().item()
    scale = max(1.0, *map(abs, expected.values()))
    wrong = {
        name: slopes[name] - expected[name] for name in leaves if abs(slopes[name] - expected[name]) > 1e-9 * scale
    }
    assert not wrong


def assert_close(found: Mapping[str, Tensor], expected: Mapping[str, Tensor], tolerance: float) -> None:
    """The same tensors, to ``tolerance`` of the largest entry of all of them."""
    assert found.keys() == expected.keys()
    largest = max(1.0, *(float(e.detach().abs().max()) for e in expected.values() if e.numel()))
    for name, tensor in found.items():
        assert tensor.shape == expected[name].shape, name
        difference = (tensor.detach() - expected[name].detach()).abs().max().item() if tensor.numel() else 0.0
        assert difference <= tolerance * largest, f"{name} differs by {difference}"
