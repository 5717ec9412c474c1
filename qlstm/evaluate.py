"""Who answers when a model asks for expectations: exact simulation, or an executor with its own gradients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from qlstm.bank import Bank
from qlstm.exact.simulate import bank_expectations


@dataclass(frozen=True)
class Query:
    """One bank on one batch of vectors v = [h; x]; shapes (batch, hidden) and (batch, inputs).

    ``noise`` of shape (gates, batch, outputs) is for exact evaluation to add to <Z>; see `qlstm.noise`.
    """

    bank: Bank
    h: Tensor
    x: Tensor | None = None
    noise: Tensor | None = None

    @property
    def v(self) -> Tensor:
        """Shape (batch, D)."""
        return self.h if self.x is None else torch.cat([self.h, self.x], -1)


class Evaluator(Protocol):
    """Answers independent queries together; on devices that is one round."""

    def __call__(self, queries: Sequence[Query]) -> list[Tensor]:
        """One tensor of shape (gates, batch, outputs) per query, affine map included."""
        ...


@dataclass(frozen=True)
class Exact:
    """Exact expectations in plain torch, gradients by autograd."""

    parameters: Mapping[str, Tensor]

    def __call__(self, queries: Sequence[Query]) -> list[Tensor]:
        """See `Evaluator`."""
        return [bank_expectations(query.bank, query.v, self.parameters, query.noise) for query in queries]
