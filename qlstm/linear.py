"""Linear layers around the circuits (L-QLSTM), so that the number of qubits is free of input and hidden size.

Cao, Zhou, Fei, Zhao, Liu, Zhao, "Linear-layer-enhanced quantum long short-term memory for carbon price forecasting",
Quantum Machine Intelligence 5, 26 (2023): linear layers before and after the variational circuits, their parameters
shared by the gates. For each gate k of i, f, g, o:

    z = W_in [h_{t-1}; x_t] + b_in,   gate k's VQC(z) -> <Z>_k,   W_out <Z>_k + b_out -> sigmoid or tanh (Eqs. 2-5)

One pair of layers serves all four gates of a layer and direction. The paper's circuit entangles by CZ; here it is any
`Ansatz`, in any number of parts, with or without bridges.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor, nn

from backends.errors import InputError, shown
from backends.whole import whole
from qlstm.bank import Bank
from qlstm.checks import require_sizes
from qlstm.evaluate import Evaluator, Query
from qlstm.waves import Place
from qpartition.partition import Partition, contiguous


class Pair(nn.Module):
    """The two linear layers of a layer and direction: ``into`` (D -> z) and ``out`` (<Z> -> hidden)."""

    def __init__(self, inputs: int, width: int, hidden_size: int, **factory: Any) -> None:
        super().__init__()
        self.into = nn.Linear(inputs, width, **factory)
        self.out = nn.Linear(width, hidden_size, **factory)


class Linears(nn.ModuleDict):
    """A `Pair` per layer and direction, by names such as ``l0`` and ``l0_reverse``.

    Args:
        places: Layers and directions.
        input_size: Length of x in layer 0.
        hidden_size: Length of h.
        width: Length of z, and of <Z>.
        factory: Device and dtype.
    """

    def __init__(self, places: Iterable[Place], input_size: int, hidden_size: int, width: int, **factory: Any) -> None:
        places = list(places)
        directions = 1 + max(direction for _, direction in places)
        below = {layer: hidden_size * directions if layer else input_size for layer, _ in places}
        super().__init__(
            {_name(place): Pair(hidden_size + below[place[0]], width, hidden_size, **factory) for place in places}
        )

    def by_bank(self, banks: Mapping[Place, Bank]) -> dict[Bank, Pair]:
        """The pair around each bank."""
        return {bank: self[_name(place)] for place, bank in banks.items()}  # type: ignore[misc]

    def reset_parameters(self) -> None:
        """Draw fresh weights, as `torch.nn.Linear` does."""
        for module in self.modules():
            if isinstance(module, nn.Linear):
                module.reset_parameters()


@dataclass(frozen=True)
class Surrounded:
    """An `Evaluator` with linear layers before and after another one; banks without a pair are asked as they are."""

    evaluate: Evaluator
    pairs: Mapping[Bank, Pair]

    def __call__(self, queries: Sequence[Query]) -> list[Tensor]:
        """See `Evaluator`; still one round."""
        pairs = [self.pairs.get(query.bank) for query in queries]
        inner = [
            query if pair is None else replace(query, h=pair.into(query.v), x=None)
            for query, pair in zip(queries, pairs, strict=True)
        ]
        return [
            answer if pair is None else pair.out(answer)
            for answer, pair in zip(self.evaluate(inner), pairs, strict=True)
        ]


def divided(
    width: int, partition: object, input_size: int, hidden_size: int, parts: int, qubits: int | Sequence[int] | None
) -> Partition:
    """How z and <Z> are cut into contiguous slices, one per part.

    Args:
        width: Length of both.
        partition: What the caller of `QLSTM` asked for.
        input_size: Length of x, checked only.
        hidden_size: Length of h, checked only.
        parts: Number of parts M.
        qubits: Width of every part, or one per part.

    Raises:
        InputError: For a size that is no positive integer, more parts than entries, or a partition other than the
            default: z is a mixture of all of h and x, so there is nothing to choose.
    """
    require_sizes(input_size=input_size, hidden_size=hidden_size, parts=parts)
    if whole(width, least=1) is None:
        raise InputError(
            f"linear={shown(width)} must be an integer of at least 1, the entries of z; None for no layers"
        )
    require_sizes(linear=width)
    if partition != "contiguous":
        raise InputError(
            f"partition={shown(partition)} has no meaning with linear={width}: every entry of z is made of all of h and x;"
            " leave it out"
        )
    if parts > width:
        raise InputError(f"parts={parts} exceeds linear={width}: every part needs an entry of z; use at most {width}")
    return Partition.explicit(contiguous(0, width, parts), 0, width, qubits=qubits)


def _name(place: Place) -> str:
    layer, direction = place
    return f"l{layer}{'_reverse' if direction else ''}"
