"""How ``v = [h; x]`` and the gate outputs are divided among M parts (Eqs. 6, 7)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from operator import index
from typing import Any

import numpy as np

from backends.errors import InputError, unknown_name

Indices = tuple[int, ...]


@dataclass(frozen=True)
class Partition:
    """Which entries of ``v = [h; x]`` each part sees, and how many outputs it gives.

    Attributes:
        inputs: Per part, the indices into v that its qubits carry, in qubit order.
        outputs: Per part, how many <Z> it returns; parts are concatenated in order.
        qubits: Per part, the width of its circuit; qubits beyond the inputs carry no input.
    """

    inputs: tuple[Indices, ...]
    outputs: tuple[int, ...]
    qubits: tuple[int, ...]

    @property
    def parts(self) -> int:
        """Number of parts M."""
        return len(self.inputs)

    @cached_property
    def width(self) -> int:
        """Width of the widest part."""
        return max(self.qubits)

    @property
    def output_slices(self) -> tuple[slice, ...]:
        """Where each part's outputs stand in the concatenation (Eq. 7)."""
        ends = np.cumsum(self.outputs)
        return tuple(slice(int(end) - size, int(end)) for size, end in zip(self.outputs, ends, strict=True))

    @classmethod
    def explicit(
        cls,
        inputs: Sequence[Sequence[int]],
        input_size: int,
        hidden_size: int,
        outputs: Sequence[int] | None = None,
        qubits: int | Sequence[int] | None = None,
    ) -> Partition:
        """From the user's own index lists, checked against v of length hidden_size + input_size.

        Args:
            inputs: Per part, indices into v = [h; x]; an index may be given to several parts.
            input_size: Length of x.
            hidden_size: Length of h, the number of outputs.
            outputs: Outputs per part; the sizes of ``numpy.array_split(range(hidden_size), M)`` by default.
            qubits: Width of every part, or one width per part; the number of inputs by default.
        """
        lists = tuple(_integers(part, "a part of the partition, a list of entries of v,") for part in _listed(inputs))
        if not lists:
            raise InputError("a partition needs at least one part; give one index list per part")
        length = hidden_size + input_size
        for m, part in enumerate(lists):
            for i in part:
                if not 0 <= i < length:
                    raise InputError(f"part {m} names entry {i} of v = [h; x], which has entries 0..{length - 1}")
            if len(set(part)) < len(part):
                raise InputError(f"part {m} names an entry twice: {part}; a qubit carries one entry")
        lost = sorted(set(range(length)) - {i for part in lists for i in part})
        if lost:
            raise InputError(f"entries {lost} of v = [h; x] are in no part; give each to at least one")
        sizes = _integers(outputs, "outputs") if outputs is not None else _sizes(hidden_size, len(lists))
        if len(sizes) != len(lists) or sum(sizes) != hidden_size:
            raise InputError(
                f"outputs {sizes} must be one size per part ({len(lists)}) and sum to hidden_size={hidden_size}"
            )
        widths = _widths(qubits, lists)
        partition = cls(lists, sizes, widths)
        partition._check()
        return partition

    def _check(self) -> None:
        for m, (part, size, width) in enumerate(zip(self.inputs, self.outputs, self.qubits, strict=True)):
            if size < 1:
                raise InputError(
                    f"part {m} has no outputs ({self.parts} parts for {sum(self.outputs)} outputs); use fewer parts"
                )
            if width < len(part):
                raise InputError(
                    f"part {m} has {len(part)} inputs but only {width} qubits; give it at least {len(part)}"
                )
            if size > width:
                raise InputError(
                    f"part {m} has {size} outputs but only {width} qubits; give it extra qubits or fewer outputs"
                )


def _sizes(count: int, parts: int) -> tuple[int, ...]:
    """Sizes of ``numpy.array_split(range(count), parts)``."""
    return tuple(len(piece) for piece in np.array_split(np.arange(count), parts))


def _slices(count: int, parts: int, start: int = 0) -> tuple[Indices, ...]:
    return tuple(tuple(int(i) for i in piece) for piece in np.array_split(np.arange(start, start + count), parts))


def _widths(qubits: int | Sequence[int] | None, lists: tuple[Indices, ...]) -> tuple[int, ...]:
    if qubits is None:
        return tuple(max(1, len(part)) for part in lists)
    single = isinstance(qubits, int | np.integer)
    widths = _integers([qubits] * len(lists) if single else qubits, "qubits")
    if len(widths) != len(lists):
        raise InputError(f"{len(widths)} widths for {len(lists)} parts; give one width, or one per part")
    return widths


def _listed(inputs: object) -> list[Any]:
    """The index lists of an explicit partition."""
    if isinstance(inputs, str | Mapping) or not isinstance(inputs, Iterable):
        raise InputError(
            f"partition={inputs!r} must be a name in {sorted(STRATEGIES)}, a Partition, or one index list per part"
        )
    return list(inputs)


def _integers(values: object, what: str) -> tuple[int, ...]:
    """Integers from any sequence of them (lists, ranges, arrays), and nothing that would have to be rounded."""
    try:
        if isinstance(values, str) or not isinstance(values, Iterable):
            raise TypeError
        listed = tuple(values)
        if any(isinstance(value, bool) for value in listed):
            raise TypeError
        return tuple(index(value) for value in listed)
    except TypeError:
        raise InputError(f"{what} must hold whole numbers, not {values!r}") from None


def contiguous(input_size: int, hidden_size: int, parts: int) -> tuple[Indices, ...]:
    """Consecutive slices of v: ``array_split(range(D), M)``."""
    return _slices(hidden_size + input_size, parts)


def round_robin(input_size: int, hidden_size: int, parts: int) -> tuple[Indices, ...]:
    """Feature i goes to part i mod M."""
    return tuple(tuple(range(m, hidden_size + input_size, parts)) for m in range(parts))


def shared_input(input_size: int, hidden_size: int, parts: int) -> tuple[Indices, ...]:
    """Every part sees its own slice of h, then all of x."""
    x = tuple(range(hidden_size, hidden_size + input_size))
    return tuple(own + x for own in _slices(hidden_size, parts))


def input_first(input_size: int, hidden_size: int, parts: int) -> tuple[Indices, ...]:
    """Consecutive slices of [x; h]: as `contiguous`, but x comes first, as in the authors' public code."""
    order = (*range(hidden_size, hidden_size + input_size), *range(hidden_size))
    return tuple(tuple(order[i] for i in piece) for piece in _slices(len(order), parts))


STRATEGIES: dict[str, Callable[[int, int, int], tuple[Indices, ...]]] = {
    "contiguous": contiguous,
    "input-first": input_first,
    "round-robin": round_robin,
    "shared-input": shared_input,
}
"""Name -> function (input_size, hidden_size, parts) -> index lists. A new strategy is one function and one line here."""


MOST = 1_000_000
"""Largest size that is divided: every entry is listed."""


def partition(
    strategy: str | Partition | Sequence[Sequence[int]],
    input_size: int,
    hidden_size: int,
    parts: int = 1,
    qubits: int | Sequence[int] | None = None,
) -> Partition:
    """The partition of ``v = [h; x]`` by a named strategy, the user's index lists, or as given.

    Args:
        strategy: A name in `STRATEGIES`, one index list per part, or a `Partition`.
        input_size: Length of x.
        hidden_size: Length of h.
        parts: Number of parts M; index lists and a `Partition` bring their own.
        qubits: Width of every part, or one per part; at least the part's inputs.

    Raises:
        InputError: For an unknown name, a size that is not positive, or a part with more inputs or outputs than qubits.
    """
    for name, value in (("input_size", input_size), ("hidden_size", hidden_size), ("parts", parts)):
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise InputError(f"{name}={value!r} must be an integer of at least 1")
        if value > MOST:
            raise InputError(f"{name}={value!r} is more than the {MOST} that can be divided; use a smaller one")
    if isinstance(strategy, Partition):
        given = strategy if qubits is None else replace(strategy, qubits=_widths(qubits, strategy.inputs))
        return Partition.explicit(given.inputs, input_size, hidden_size, given.outputs, given.qubits)
    if not isinstance(strategy, str):
        return Partition.explicit(strategy, input_size, hidden_size, qubits=qubits)
    if strategy not in STRATEGIES:
        raise unknown_name("partition", strategy, STRATEGIES)
    if parts > hidden_size:
        raise InputError(
            f"parts={parts} exceeds hidden_size={hidden_size}: every part needs an output; use at most {hidden_size}"
        )
    return Partition.explicit(
        STRATEGIES[strategy](input_size, hidden_size, parts), input_size, hidden_size, qubits=qubits
    )
