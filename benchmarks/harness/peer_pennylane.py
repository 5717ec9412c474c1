"""PennyLane with the torch interface: gates x parts x samples stacked by hand in one broadcast dimension."""

from __future__ import annotations

import torch

from .cases import Array, Case, data, signs
from .pennylane_circuit import circuit
from .torch_models import TorchContestant


class StackedCell(torch.nn.Module):
    """The QLSTM recurrence on top of that QNode."""

    def __init__(self, case: Case) -> None:
        super().__init__()
        self.case, self.circuit = case, circuit(case, "torch")
        self.weights = torch.nn.Parameter(torch.from_numpy(data(case)["weights"]))
        self.signs = torch.from_numpy(signs(case.qubits))
        self.index = torch.from_numpy(case.output_index)

    def expectations(self, v: torch.Tensor, stacked: torch.Tensor) -> torch.Tensor:
        """<Z> of every qubit, (4, batch, parts * qubits), for v (batch, hidden_size + input_size)."""
        case, (batch, _) = self.case, v.shape
        v = v.reshape(batch, case.parts, case.qubits)
        angles = torch.stack([torch.atan(v), torch.atan(v * v)]).permute(0, 3, 2, 1)[:, :, None]
        angles = angles.expand(-1, -1, 4, -1, -1).reshape(2, case.qubits, -1)
        z: torch.Tensor = self.circuit(angles, stacked) @ self.signs
        return z.reshape(4, case.parts, batch, case.qubits).transpose(1, 2).reshape(4, batch, -1)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor]:
        """The h of every time step, in a tuple as torch.nn.LSTM gives it."""
        case, batch = self.case, len(x)
        stacked = self.weights.permute(2, 3, 4, 1, 0)[..., None].expand(-1, -1, -1, -1, -1, batch)
        stacked = stacked.reshape(case.depth, case.qubits, 3, -1)
        h = c = x.new_zeros(batch, case.hidden_size)
        history = []
        for x_t in x.unbind(1):
            i, f, g, o = self.expectations(torch.cat([h, x_t], 1), stacked)[:, :, self.index]
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            history.append(h)
        return (torch.stack(history, 1),)


class PennyLaneTorch(TorchContestant):
    """PennyLane with the torch interface."""

    def __init__(self, case: Case) -> None:
        super().__init__(case, StackedCell(case))

    def gradient(self) -> Array:
        """See `TorchContestant.gradient`."""
        found: Array = self.model.weights.grad.numpy()  # type: ignore[union-attr, operator]
        return found
