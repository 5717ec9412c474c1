"""The circuits of all layers and directions of a QLSTM, and their trainable parameters; not how they are evaluated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from backends.errors import InputError
from qlstm.ansatz import Ansatz
from qlstm.bank import Bank
from qlstm.bridges import Bridges, overhead
from qlstm.checks import ansatz_or_default, require_flags, require_float, require_sizes
from qlstm.joining import Joining
from qlstm.linear import Linears, divided
from qlstm.waves import Place, waves
from qpartition.partition import Partition, contiguous
from qpartition.partition import partition as divide

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


class Stack(nn.Module):
    """What a `QLSTM` is made of, with its arguments.

    Attributes:
        banks: The four gates' circuits by (layer, direction).
        joinings: Where bridges join parts: the split that the circuits in ``banks`` come from.
        hidden_banks: With ``hidden_vqc`` one more circuit per part, which maps o * tanh(c) to h_t.
        linears: With ``linear`` the layers before and after the circuits.

    Raises:
        InputError: For a size, name or partition that cannot be used.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bidirectional: bool = False,
        parts: int = 1,
        partition: str | Partition | Sequence[Sequence[int]] = "contiguous",
        ansatz: Ansatz | None = None,
        *,
        qubits: int | Sequence[int] | None = None,
        bridges: Bridges = 0,
        linear: int | None = None,
        hidden_vqc: bool = False,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        require_float(dtype)
        require_sizes(num_layers=num_layers)
        require_flags(bidirectional=bidirectional, hidden_vqc=hidden_vqc)
        _require_fit(num_layers, partition, bridges)
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bidirectional = bidirectional
        self.ansatz, self.linear = ansatz_or_default(ansatz), linear
        self.banks: dict[Place, Bank] = {}
        self.joinings: dict[Place, Joining] = {}
        self.hidden_banks: dict[Place, Bank] = {}
        for layer in range(num_layers):
            size = input_size if layer == 0 else hidden_size * self.directions
            sizes = (size, hidden_size, parts, qubits)
            division = divide(partition, *sizes) if linear is None else divided(linear, partition, *sizes)
            for direction in range(self.directions):
                self._add_layer(layer, direction, division, bridges, hidden_vqc)
        self._factory = {"device": device, "dtype": dtype}
        for name, value in self._fresh().items():
            self.register_parameter(name, nn.Parameter(value))
        self.linears = Linears(self.banks, input_size, hidden_size, linear, **self._factory) if linear else None

    def _add_layer(self, layer: int, direction: int, division: Partition, bridges: Bridges, hidden_vqc: bool) -> None:
        suffix = "_reverse" if direction else ""
        split = Bank(
            division, self.ansatz, tag=f"l{layer}", suffix=suffix, hidden_size=self.linear or self.hidden_size, layer=layer,
            made=self.linear is not None,
        )  # fmt: skip
        joining = Joining.of(split, bridges)
        self.banks[layer, direction] = joining.joint if joining else split
        if joining:
            self.joinings[layer, direction] = joining
        if hidden_vqc:
            slices = contiguous(0, self.hidden_size, division.parts)
            extra = Partition.explicit(slices, 0, self.hidden_size)
            self.hidden_banks[layer, direction] = Bank(
                extra, self.ansatz, ("h",), f"hidden_l{layer}", suffix, self.hidden_size, layer
            )

    @property
    def directions(self) -> int:
        """2 when bidirectional, else 1."""
        return 2 if self.bidirectional else 1

    @property
    def n_quantum_parameters(self) -> int:
        """Trainable rotation angles (Eq. 11, Eq. 12 with ``hidden_vqc``), those of bridges included."""
        return sum(p.numel() for name, p in self.named_parameters() if name.startswith(("weight_", "bridge_")))

    @property
    def division(self) -> Partition:
        """How layer 0 is split into parts, whether or not bridges join them."""
        return self.joinings[0, 0].split.partition if self.joinings else self.banks[0, 0].partition

    def bridge_overhead(self) -> Tensor:
        """Sampling overhead of every circuit at its present angles when bridges are cut; see `qlstm.bridges.overhead`.

        Returns:
            Shape (circuits,), in the order of `circuits`; differentiable, so that a penalty in the loss can bound it.
        """
        parameters = self.parameters_by_name()
        return torch.cat([overhead(bank, parameters) for bank in self.all_banks()])

    def reset_parameters(self) -> None:
        """Draw fresh weights, as at construction."""
        with torch.no_grad():
            for name, value in self._fresh().items():
                getattr(self, name).copy_(value)
        if self.linears is not None:
            self.linears.reset_parameters()

    def _fresh(self) -> dict[str, Tensor]:
        """Fresh parameters by name; those of bridges last, so that a seed gives the split the same weights without."""
        fresh: dict[str, Tensor] = {}
        for place, bank in self.banks.items():
            joining, extra = self.joinings.get(place), self.hidden_banks.get(place)
            fresh |= (joining.split if joining else bank).initial(self._factory)
            fresh |= extra.initial(self._factory) if extra else {}
        for joining in self.joinings.values():
            fresh |= joining.initial(self._factory)
        return fresh

    def circuits(self) -> list[QuantumCircuit]:
        """The sub-VQCs as parameterised qiskit circuits, without measurements; see `qlstm.circuits.bank_circuits`."""
        from qlstm.circuits import bank_circuits

        return [one for bank in self.all_banks() for one in bank_circuits(bank)]

    def waves(self, steps: int) -> list[list[str]]:
        """Keys of the sub-VQCs evaluated in each round of a forward pass over ``steps`` time steps."""
        rounds = []
        for wave in waves(self.num_layers, self.directions, steps):
            for banks in (self.banks, self.hidden_banks):
                used = [banks[layer, direction] for layer, direction, _ in wave] if banks else []
                rounds += [[b.key(g, p) for b in used for g in range(len(b.gates)) for p in range(b.partition.parts)]]
        return [keys for keys in rounds if keys]

    def extra_repr(self) -> str:
        """What ``print(model)`` shows."""
        division = self.division
        bridges = f"bridges={self.joinings[0, 0].pairs}, " if self.joinings else ""
        bridges += f"linear={self.linear}, " if self.linear else ""
        return (
            f"{self.input_size}, {self.hidden_size}, num_layers={self.num_layers}, parts={division.parts}, "
            f"qubits={division.qubits}, {bridges}bidirectional={self.bidirectional}, ansatz={self.ansatz}"
        )

    def parameters_by_name(self) -> dict[str, Tensor]:
        """Parameters of all banks by name; one that stands in two places under both names.

        Those of joined parts are made of the module's own, here and nowhere else.
        """
        joint = {joining.joint: joining for joining in self.joinings.values()}
        named: dict[str, Tensor] = {}
        for bank in self.all_banks():
            named |= joint[bank].parameters(self) if bank in joint else {n: getattr(self, n) for n in bank.shapes}
        return named

    @property
    def like(self) -> Tensor:
        """A weight: inputs and states must have its dtype and device."""
        return self.weight_l0_p0  # type: ignore[return-value]

    def all_banks(self) -> list[Bank]:
        """Every bank, in the order of `circuits`."""
        return [bank for place in self.banks for bank in (self.banks[place], self.hidden_banks.get(place)) if bank]


def _require_fit(num_layers: int, partition: object, bridges: object) -> None:
    """Refuse what fits one layer where there are more."""
    if num_layers > 1 and not isinstance(partition, str):
        raise InputError(
            f"an explicit partition fits one input size, not num_layers={num_layers}; name a strategy instead"
        )
    if num_layers > 1 and not isinstance(bridges, int):
        raise InputError(
            f"pairs of qubits as bridges fit one layer, not num_layers={num_layers}; give a number instead"
        )
