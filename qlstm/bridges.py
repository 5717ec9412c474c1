"""Bridges: trainable RZZ between the parts of a split. Where they stand, and what cutting them costs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, pairwise

import torch
from torch import Tensor

from backends.errors import InputError, shown
from backends.whole import whole
from qlstm.bank import Bank, Pair

Bridges = int | Sequence[Sequence[int]]
"""How many per layer, or the pairs of qubits; qubits are counted part after part."""


def bridge_pairs(bridges: Bridges, qubits: Sequence[int]) -> tuple[Pair, ...]:
    """The pairs of qubits that bridges join, the same in every layer and gate.

    A number is dealt in turn to the boundaries between neighbouring parts. The first bridge of a boundary joins the
    last qubit of one part with the first of the next, the second the last but one with the second, and so on.

    Args:
        bridges: How many, or pairs of qubits counted part after part, from 0.
        qubits: Width of every part.

    Raises:
        InputError: For a number that does not fit, or for pairs that are none, stand twice, or lie within one part.
    """
    first = [0, *accumulate(qubits)]
    if not isinstance(bridges, int) or isinstance(bridges, bool):
        return _explicit(bridges, first)
    if bridges < 0:
        raise InputError(f"bridges={bridges} must be at least 0, the bridges per layer; 0 is the split")
    if bridges and len(qubits) == 1:
        raise InputError(f"bridges={bridges} join the parts of a split, and there is one part; use parts=2 or more")
    room = [min(pair) for pair in pairwise(qubits)]
    if bridges > sum(room):
        raise InputError(
            f"bridges={bridges} is more than the {sum(room)} pairs of different qubits at the boundaries of parts of "
            f"{', '.join(map(str, qubits))} qubits; use at most {sum(room)}, or name the pairs"
        )
    dealt = [
        (first[m + 1] - 1 - n, first[m + 1] + n)
        for n in range(max(room, default=0))
        for m, r in enumerate(room)
        if n < r
    ]
    return tuple(dealt[:bridges])


def _explicit(given: object, first: Sequence[int]) -> tuple[Pair, ...]:
    """The user's own pairs, checked."""
    if isinstance(given, str | Mapping) or not isinstance(given, Iterable):
        raise InputError(f"bridges={shown(given)} must be a number of bridges per layer, or pairs of qubits")
    pairs: list[Pair] = []
    for pair in given:
        ends = tuple(pair) if isinstance(pair, Iterable) and not isinstance(pair, str | Mapping) else ()
        numbers = [whole(end, 0, first[-1] - 1) for end in ends]
        if len(numbers) != 2 or None in numbers:
            raise InputError(f"bridge {shown(pair)} must be two qubits of 0..{first[-1] - 1}, counted part after part")
        a, b = sorted(int(end) for end in ends)
        if any(start <= a and b < stop for start, stop in pairwise(first)):
            raise InputError(f"bridge {(a, b)} lies within one part; a bridge joins qubits of two parts")
        if (a, b) in pairs:
            raise InputError(f"bridge {(a, b)} is named twice; a pair has one bridge per layer")
        pairs.append((a, b))
    return tuple(pairs)


def joined_parts(pairs: Iterable[Pair], qubits: Sequence[int]) -> tuple[range, ...]:
    """Which parts become one circuit: from the lowest to the highest of those that are joined, so that outputs keep
    their order.

    Args:
        pairs: From `bridge_pairs`.
        qubits: Width of every part.

    Returns:
        Runs of parts, in order; a run of one for a part that no bridge reaches or crosses.
    """
    owner = [m for m, width in enumerate(qubits) for _ in range(width)]
    reach = list(range(len(qubits)))
    for a, b in pairs:
        low, high = sorted((owner[a], owner[b]))
        reach[low] = max(reach[low], high)
    runs, start, stop = [], 0, 0
    for m, high in enumerate(reach):
        stop = max(stop, high)
        if stop == m:
            runs.append(range(start, m + 1))
            start = stop = m + 1
    return tuple(runs)


def joined_width(bridges: Bridges, qubits: Sequence[int]) -> int:
    """Qubits of the widest circuit of a split with bridges.

    Raises:
        InputError: As `bridge_pairs`.
    """
    runs = joined_parts(bridge_pairs(bridges, qubits), qubits)
    return max(sum(qubits[m] for m in run) for run in runs)


def overhead(bank: Bank, parameters: Mapping[str, Tensor]) -> Tensor:
    """Sampling overhead of every circuit when its bridges are cut, prod over bridges of (1 + 2 |sin angle|)^2.

    As many times the shots give the same standard error as the circuit in one piece would have (Mitarai and Fujii 2021;
    Piveteau and Sutter 2024). 1 where there are no bridges, at most 9 per bridge. Differentiable.

    Args:
        bank: The circuits.
        parameters: Those of the bank by name.

    Returns:
        Shape (gates x parts,), in the order of `qlstm.circuits.bank_circuits`.
    """
    layers, columns = bank.ansatz.uploads * bank.ansatz.depth, []
    for part in range(bank.partition.parts):
        weights = bank.weights(part, parameters)
        angles = weights[:, weights.shape[1] - layers * len(bank.joint(part).bridges) :]
        columns.append((1 + 2 * angles.sin().abs()).square().prod(1))
    return torch.stack(columns, 1).flatten()
