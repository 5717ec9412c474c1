"""The QLSTM cell: the equations of the paper, one step at a time.

    v_t = [h_{t-1}; x_t]
    f_t = sigmoid(VQC_f(v_t))               (2)
    i_t = sigmoid(VQC_i(v_t))               (3)
    C_t = tanh(VQC_C(v_t))                  (4)
    o_t = sigmoid(VQC_o(v_t))               (5)
    c_t = f_t * c_{t-1} + i_t * C_t         (8)
    h_t = o_t * tanh(c_t)                   (8)

Each VQC is M smaller ones on slices of v_t, their outputs one after the other (Eqs. 6, 7). C is torch's gate g.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from qlstm.ansatz import Ansatz
from qlstm.bank import Bank
from qlstm.bridges import Bridges
from qlstm.checks import ansatz_or_default, require_float, require_narrow
from qlstm.exact.simulate import bank_expectations
from qlstm.joining import Joining
from qlstm.sequences import State, one_step
from qpartition.partition import Partition
from qpartition.partition import partition as divide


def update(vqc: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """Gates, cell state and hidden state from what the circuits measured.

    Args:
        vqc: VQC_i, VQC_f, VQC_C, VQC_o of v_t = [h_{t-1}; x_t], shape (4, batch, hidden).
        c: c_{t-1}, shape (batch, hidden).

    Returns:
        h_t and c_t, shape (batch, hidden).
    """
    vqc_i, vqc_f, vqc_g, vqc_o = vqc
    f = torch.sigmoid(vqc_f)  # Eq. 2
    i = torch.sigmoid(vqc_i)  # Eq. 3
    g = torch.tanh(vqc_g)  # Eq. 4
    o = torch.sigmoid(vqc_o)  # Eq. 5
    c = f * c + i * g  # Eqs. 1d, 8
    h = o * torch.tanh(c)  # Eqs. 1f, 8
    return h, c


class QLSTMCell(nn.Module):
    """One step of a QLSTM, shapes and call of ``torch.nn.LSTMCell``, evaluated exactly in plain torch.

    Args:
        input_size: Length of x.
        hidden_size: Length of h and c.
        parts: Number of parts M (Eq. 6).
        partition: Strategy, index lists or a `Partition`; see `qpartition.partition`.
        ansatz: Circuit of every sub-VQC; `Ansatz.chen2020()` by default.
        qubits: Width of every part, or one per part; the number of its inputs by default.
        bridges: Trainable RZZ between the parts, as in `QLSTM`.
        device: As in torch.
        dtype: As in torch.

    Parameters are ``weight_p{part}`` of shape (4, depth, q, 3) (gate order i, f, g, o), ``bridge`` of shape
    (4, depth, bridges) where there are bridges, and what the ansatz adds.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        parts: int = 1,
        partition: str | Partition | list[list[int]] = "contiguous",
        ansatz: Ansatz | None = None,
        *,
        qubits: int | list[int] | None = None,
        bridges: Bridges = 0,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        require_float(dtype)
        self.input_size, self.hidden_size = input_size, hidden_size
        division = divide(partition, input_size, hidden_size, parts, qubits)
        split = Bank(division, ansatz_or_default(ansatz), tag="", hidden_size=hidden_size)
        self.joining = Joining.of(split, bridges)
        self.bank = self.joining.joint if self.joining else split
        factory = {"device": device, "dtype": dtype}
        fresh = split.initial(factory) | (self.joining.initial(factory) if self.joining else {})
        for name, value in fresh.items():
            self.register_parameter(name, nn.Parameter(value))

    def forward(self, x: Tensor, hx: State | None = None) -> State:
        """h_t and c_t of shape (batch, hidden) from x of shape (batch, inputs); unbatched (inputs,) works too.

        Args:
            x: x_t.
            hx: h_{t-1} and c_{t-1}, shaped as the results; zeros by default.

        Raises:
            InputError: For a wrong shape, dtype or device, NaN or infinity, or circuits too wide for exact simulation.
        """
        require_narrow(self.bank)
        x_t, h, c = one_step(x, hx, self.input_size, self.hidden_size, self.get_parameter("weight_p0"))
        v = torch.cat([h, x_t], -1)
        h, c = update(self.vqc(v), c)
        return (h[0], c[0]) if x.dim() == 1 else (h, c)

    def vqc(self, v: Tensor) -> Tensor:
        """VQC_i, VQC_f, VQC_C, VQC_o of v_t (Eqs. 6, 7): shape (batch, inputs + hidden) to (4, batch, hidden)."""
        own = dict(self.named_parameters(remove_duplicate=False))
        return bank_expectations(self.bank, v, self.joining.parameters(self) if self.joining else own)
