"""QK-LSTM: an LSTM whose gates are sums of quantum kernels.

Hsu, Li, Chen, "Quantum kernel-based long short-term memory", arXiv 2411.13225 (2024), and Hsu et al., arXiv 2412.08851
(2024): each linear map of an LSTM becomes a kernel expansion over reference vectors v_j,

    f_t = sigmoid(sum_j alpha_j k(v_t, v_j)),   k(v, v') = |<phi(v)|phi(v')>|^2,   v_t = [h_{t-1}; x_t],

the same for i, g (tanh) and o, each gate with a kernel of its own. Open there, and chosen here: alpha has a row per hidden
unit, and there is a bias b per gate and unit; the v_j are trainable and shared by the gates; the gates' kernels differ by
a trainable scale per gate and entry of v, phi(s * v), from 1. The feature map is H, then RY(v) on every qubit, ``uploads``
times, with a layer of CNOTs between: CNOTs after the last encoding would cancel in k. One upload is a product state.
"""

from __future__ import annotations

from typing import Any, get_args

import torch
from torch import Tensor

from backends.errors import InputError, check_name, shown
from backends.whole import whole
from qlstm.ansatz import Entangler, couplings
from qlstm.cell import update
from qlstm.checks import WIDEST_EXACT, require_float, require_sizes
from qlstm.exact.permutation import cnot_source
from qlstm.exact.turns import ry
from qlstm.relatives.exact_only import ExactOnly
from qlstm.sequences import State, as_given, starting, steps_first

GATES = 4


class QKLSTM(ExactOnly):
    """A one-layer QK-LSTM, called like `torch.nn.LSTM`; exact simulation only.

    Args:
        input_size: Length of x_t.
        hidden_size: Length of h_t and c_t; the feature map has input_size + hidden_size qubits.
        batch_first: As in torch.
        landmarks: Number of reference vectors v_j.
        uploads: How often the feature map encodes v; 1 gives a product of cosines, more entangle.
        entangler: CNOTs between encodings; see `qlstm.ansatz.couplings`.
        device: As in torch.
        dtype: As in torch.

    Parameters are ``alpha`` (4, hidden, landmarks), ``bias`` (4, hidden), ``landmarks`` (landmarks, D) and ``scale``
    (4, D), gate order i, f, g, o.

    Raises:
        InputError: For a size or name that cannot be used.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        batch_first: bool = False,
        *,
        landmarks: int = 8,
        uploads: int = 2,
        entangler: Entangler = "ring",
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        require_float(dtype)
        require_sizes(input_size=input_size, hidden_size=hidden_size, landmarks=landmarks, uploads=uploads)
        check_name("entangler", entangler, get_args(Entangler))
        self.input_size, self.hidden_size, self.batch_first = input_size, hidden_size, batch_first
        self.uploads, self.entangler = uploads, entangler
        _require_narrow(self.qubits, uploads)
        factory: dict[str, Any] = {"device": device, "dtype": dtype}
        self.alpha = torch.nn.Parameter(torch.empty(GATES, hidden_size, landmarks, **factory))
        self.bias = torch.nn.Parameter(torch.empty(GATES, hidden_size, **factory))
        self.landmarks = torch.nn.Parameter(torch.empty(landmarks, self.qubits, **factory))
        self.scale = torch.nn.Parameter(torch.empty(GATES, self.qubits, **factory))
        self.reset_parameters()

    @property
    def qubits(self) -> int:
        """One per entry of v = [h; x]."""
        return self.input_size + self.hidden_size

    def reset_parameters(self) -> None:
        """Fresh weights: alpha as in `torch.nn.Linear`, biases 0, landmarks over the range of h and of scaled data."""
        bound = len(self.landmarks) ** -0.5
        torch.nn.init.uniform_(self.alpha, -bound, bound)
        torch.nn.init.zeros_(self.bias)
        torch.nn.init.uniform_(self.landmarks, -1, 1)
        torch.nn.init.ones_(self.scale)

    def extra_repr(self) -> str:
        """What ``print(model)`` shows."""
        few = f"landmarks={len(self.landmarks)}, uploads={self.uploads}, entangler={self.entangler!r}"
        return f"{self.input_size}, {self.hidden_size}, {few}"

    def forward(self, input: Tensor, hx: State | None = None) -> tuple[Tensor, State]:
        """Outputs of every step and the last states, shaped as by `torch.nn.LSTM` with one layer and direction.

        Raises:
            InputError: For a wrong shape, dtype or device, NaN or infinity, or a `PackedSequence`.
        """
        x = steps_first(input, self.input_size, self.batch_first, self.alpha, "QKLSTM")
        unbatched, shape = input.dim() == 2, (1, x.shape[1], self.hidden_size)
        start = starting(hx, shape, unbatched, self.alpha) or (x.new_zeros(shape), x.new_zeros(shape))
        h, c = start[0][0], start[1][0]
        outputs = []
        for x_t in x:
            k = self.kernels(torch.cat([h, x_t], -1))
            h, c = update(torch.baddbmm(self.bias[:, None], k, self.alpha.mT), c)
            outputs.append(h)
        y = torch.stack(outputs)
        return as_given(y, h[None], c[None], unbatched, self.batch_first)

    def kernels(self, v: Tensor) -> Tensor:
        """Every gate's k(v, v_j), shape (4, batch, landmarks), for v = [h; x] of shape (batch, D)."""
        scale = self.scale[:, None]
        return quantum_kernel(scale * v, scale * self.landmarks, self.uploads, self.entangler)


def quantum_kernel(v: Tensor, other: Tensor, uploads: int = 2, entangler: Entangler = "ring") -> Tensor:
    """k(v, v') = |<phi(v)|phi(v')>|^2 of the feature map above, simulated exactly.

    Args:
        v: Shape (..., n, D), radians.
        other: Shape (..., m, D), with the same leading axes.
        uploads: Encodings of the feature map; with one, k is the product over entries of cos^2((v - v') / 2).
        entangler: CNOTs between them.

    Returns:
        Shape (..., n, m).

    Raises:
        InputError: For shapes that do not fit, something else than floats, or too many qubits.
    """
    _require_kernel(v, other, uploads, entangler)
    if uploads == 1:
        return ((v[..., :, None, :] - other[..., None, :, :]) / 2).cos().square().prod(-1)
    states, n = _states(torch.cat([v, other], -2), uploads, entangler), v.shape[-2]
    return (states[..., :n, :] @ states[..., n:, :].mT).square()  # real states: H, RY and CNOT only


def _require_kernel(v: object, other: object, uploads: object, entangler: object) -> None:
    for name, value in (("v", v), ("other", other)):
        if not isinstance(value, Tensor) or not value.is_floating_point() or value.dim() < 2:
            raise InputError(f"{name}={shown(value)} must be a tensor of floats of shape (..., n, D); convert it")
    assert isinstance(v, Tensor) and isinstance(other, Tensor)
    if v.shape[:-2] != other.shape[:-2] or v.shape[-1] != other.shape[-1]:
        raise InputError(
            f"v of shape {tuple(v.shape)} and other of {tuple(other.shape)} must agree but for the last axis but one"
        )
    if whole(uploads, least=1) is None:
        raise InputError(f"uploads={shown(uploads)} must be an integer of at least 1")
    check_name("entangler", entangler, get_args(Entangler))
    _require_narrow(v.shape[-1], uploads)


def _require_narrow(qubits: int, uploads: object) -> None:
    if qubits > WIDEST_EXACT and uploads != 1:
        raise InputError(
            f"the feature map has {qubits} qubits, but is simulated up to {WIDEST_EXACT}; use uploads=1, or vectors of"
            " fewer entries (a smaller hidden_size)"
        )


def _states(v: Tensor, uploads: int, entangler: Entangler) -> Tensor:
    """|phi(v)>, shape (..., 2^D); bit k of an index is qubit k."""
    qubits = v.shape[-1]
    source = torch.from_numpy(cnot_source(couplings(entangler, qubits), qubits).astype("int64")).to(v.device)
    state = v.new_full((*v.shape[:-1], 2**qubits), 2 ** (-qubits / 2))
    for upload in range(uploads):
        if upload:
            state = state[..., source]
        for k in range(qubits):
            state = ry(state, qubits, k, v[..., k])
    return state
