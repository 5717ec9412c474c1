"""A partition from data: features that vary together share a part."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from backends.errors import InputError, shown

from .partition import Indices, array_slices

SMALLEST_GAIN = 1e-12  # below it a swap is rounding, and the search might not end


def correlated(data: ArrayLike, hidden_size: int, parts: int) -> tuple[Indices, ...]:
    """Index lists into ``v = [h; x]`` that put features which vary together into one part.

    Parts are not entangled with each other, so only features of one part meet in a gate. Every part sees its own slice of h,
    as with ``"shared-input"``, and a group of the features; the widths of the parts are those of ``"contiguous"``. Groups are
    chosen so that the sum of |Pearson's r| over pairs within a group is large: no exchange of two features makes it larger.
    Where there are fewer features than parts, they are repeated, so that no part is blind.

    Args:
        data: Shape ``(..., features)``, such as training windows ``(windows, steps, features)``.
        hidden_size: Length of h.
        parts: Number of parts M, at most ``hidden_size``.

    Raises:
        InputError: For data that are not finite numbers, fewer than two points, or sizes that cannot be used.
    """
    for name, value in (("hidden_size", hidden_size), ("parts", parts)):
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise InputError(f"{name}={shown(value)} must be an integer of at least 1")
    if parts > hidden_size:
        raise InputError(
            f"parts={parts} exceeds hidden_size={hidden_size}: every part needs an output; use at most {hidden_size}"
        )
    points = _points(data)
    own = array_slices(hidden_size, parts)
    widths = [len(piece) for piece in array_slices(hidden_size + points.shape[1], parts)]
    sizes = [width - len(h) for width, h in zip(widths, own, strict=True)]
    groups = _groups(affinity(points), sizes)
    for m in range(parts):
        if not groups[m]:
            groups[m] = [m % points.shape[1]]
    return tuple((*h, *(hidden_size + i for i in group)) for h, group in zip(own, groups, strict=True))


def affinity(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """|Pearson's r| of every two columns of ``(points, features)``; 0 with themselves and with constant ones."""
    centred = points - points.mean(axis=0)
    size = np.abs(centred).max(axis=0)
    scaled = np.divide(centred, size, out=np.zeros_like(centred), where=size > 1e-12 * np.abs(points).max(axis=0))
    length = np.linalg.norm(scaled, axis=0)
    unit = np.divide(scaled, length, out=np.zeros_like(scaled), where=length > 0)
    r: NDArray[np.float64] = np.abs(unit.T @ unit)
    np.fill_diagonal(r, 0.0)
    return r


def _points(data: ArrayLike) -> NDArray[np.float64]:
    try:
        array: NDArray[Any] = np.asarray(data, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"data={shown(data)} must be an array of numbers, (..., features)") from None
    if array.ndim < 2 or not array.shape[-1]:
        raise InputError(f"data of shape {array.shape} must be (..., features), with at least one feature")
    points = array.reshape(-1, array.shape[-1])
    if len(points) < 2:
        raise InputError(f"data of shape {array.shape} hold {len(points)} points; a correlation needs at least 2")
    if not np.isfinite(points).all():
        raise InputError("data hold values that are not finite; leave those points out, or fill them in")
    return points


def _groups(r: NDArray[np.float64], sizes: list[int]) -> list[list[int]]:
    """Groups of the given sizes, those of one size in order: grown one by one, then improved by exchanges."""
    group = np.full(len(r), -1)
    for m in sorted(range(len(sizes)), key=lambda m: -sizes[m]):
        for _ in range(sizes[m]):
            free = group < 0
            gain = r[:, group == m].sum(axis=1) if (group == m).any() else r[:, free].sum(axis=1)
            group[np.where(free, gain, -1.0).argmax()] = m
    while True:
        gain = _gains(r, group)
        i, j = np.unravel_index(gain.argmax(), gain.shape)
        if gain[i, j] <= SMALLEST_GAIN:
            found = sorted([int(i) for i in np.flatnonzero(group == m)] for m in range(len(sizes)))
            return [found.pop([len(one) for one in found].index(size)) for size in sizes]
        group[[i, j]] = group[[j, i]]


def _gains(r: NDArray[np.float64], group: NDArray[np.intp]) -> NDArray[np.float64]:
    """By how much exchanging feature i for j, of another group, raises the sum over pairs within groups."""
    to = (r @ (group[:, None] == np.arange(group.max() + 1)))[:, group]  # (i, j): of i to the group of j
    here = np.diag(to)
    return np.where(group[:, None] == group[None, :], 0.0, to + to.T - here[:, None] - here[None, :] - 2 * r)
