"""The QLSTM: shapes and arguments of `torch.nn.LSTM`, gates made of distributed variational circuits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import functional

from qlstm import recurrence
from qlstm.ansatz import Ansatz
from qlstm.bank import Bank
from qlstm.bridges import Bridges
from qlstm.checks import require_dropout, require_flags
from qlstm.evaluate import Evaluator
from qlstm.gradients import GRADIENTS, JACOBIANS, SAMPLES, check_executor, check_modes
from qlstm.noise import draw_noise, require_shots
from qlstm.replay import Replay
from qlstm.sequences import State
from qlstm.shift import Device
from qlstm.stack import Stack
from qlstm.uncertainty import REPLICATES, Loss, Pass, gradient_stderr
from qpartition.partition import Partition

if TYPE_CHECKING:
    from qpartition.executor import Executor

__all__ = ["GRADIENTS", "JACOBIANS", "QLSTM"]


class QLSTM(Stack):
    """A (stacked, bidirectional) LSTM whose four gates are variational circuits split into parts (Eqs. 2-8).

    Without an executor it evaluates exactly; with one, expectations come from its devices.

    Args:
        input_size: Length of x_t.
        hidden_size: Length of h_t and c_t.
        num_layers: Stacked layers.
        batch_first: Take and give (batch, steps, features) instead of (steps, batch, features).
        dropout: Probability, on the outputs of every layer but the last, in training mode.
        bidirectional: Also walk the sequence from its end; outputs of both directions are concatenated.
        parts: Number of parts M of every gate.
        partition: ``"contiguous"``, ``"input-first"``, ``"round-robin"``, ``"shared-input"``, index lists or a
            `Partition`. A `Partition` or index lists fit one input size, so they need ``num_layers=1``.
        ansatz: Circuit of every sub-VQC; `Ansatz.chen2020()` by default.
        executor: Evaluates the sub-VQCs, such as a `qpartition.Dispatcher`; None simulates exactly. Can be set later.
        gradient: With an executor, where derivatives of its values come from; without one they are always exact.
            ``"parameter-shift"`` (also ``"auto"``): two shifted circuits per angle. ``"sampled-shift"``: encoding angles
            as usual, then one more round with ``samples`` weight shifts per sub-VQC, drawn in proportion to the upstream
            gradient; unbiased. ``"spsa"``: none, see `qlstm.spsa_gradient`. ``"twin"``: from the devices' simulated
            twins. ``"exact"``: from exact, noiseless simulation.
        jacobian: ``"deferred"``: T + 1 rounds a training step; ``"fused"``: T rounds, Jacobians with the values.
        qubits: Width of every part, or one per part; the number of its inputs by default.
        samples: Weight shifts per sub-VQC and step of ``"sampled-shift"``.
        bridges: Trainable RZZ between the parts, per variational layer: so many between neighbouring parts, or pairs of
            qubits counted part after part (with ``num_layers=1``); see `qlstm.bridges.bridge_pairs`. 0 is the split.
        linear: Length of the vector z = W [h; x] + b that the circuits see instead of [h; x]; one more linear layer leads
            from <Z> to the hidden size (L-QLSTM, see `qlstm.linear`), so that qubits and hidden size are independent.
        hidden_vqc: One more VQC per layer maps o * tanh(c) to h_t (VQC5 of the 2020 variant), without bridges.
        train_shots: In training mode without an executor, add the noise of that many shots to every <Z>, drawn from
            torch's global generator and constant to autograd. A setting of training, not of the model; can be set later.
        device: As in torch.
        dtype: As in torch.

    First derivatives only; `copy.deepcopy` and pickle leave the executor out.

    Parameters are ``weight_l{layer}_p{part}`` of shape (4, depth, q, 3) for ``rot`` and (4, depth, q) for ``ry``
    rotations ((4, uploads, depth, q, ...) with more uploads), gate order i, f, g, o, radians; ``scale_...``, ``bias_...``,
    ``gain_...``, ``offset_...`` where the ansatz has affine maps; ``bridge_l{layer}`` of shape (4[, uploads], depth,
    bridges) where there are bridges; ``_reverse`` is appended for the backward direction. With ``linear`` also those of
    ``linears``, a module with a pair of linear layers ``l{layer}`` per layer and direction.

    Raises:
        InputError: For a size, name or partition that cannot be used.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        parts: int = 1,
        partition: str | Partition | Sequence[Sequence[int]] = "contiguous",
        ansatz: Ansatz | None = None,
        executor: Executor | None = None,
        gradient: str = "auto",
        jacobian: str = "deferred",
        *,
        qubits: int | Sequence[int] | None = None,
        samples: int = SAMPLES,
        bridges: Bridges = 0,
        linear: int | None = None,
        hidden_vqc: bool = False,
        train_shots: int | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        check_modes(gradient, jacobian, samples)
        require_dropout(dropout, num_layers)
        require_flags(batch_first=batch_first)
        super().__init__(
            input_size, hidden_size, num_layers, bidirectional, parts, partition, ansatz, qubits=qubits, bridges=bridges,
            linear=linear, hidden_vqc=hidden_vqc, device=device, dtype=dtype,
        )  # fmt: skip
        self.batch_first, self.dropout = batch_first, float(dropout)
        self.executor, self.gradient, self.jacobian, self.samples = executor, gradient, jacobian, samples
        self.train_shots = train_shots
        self.past: Pass | None = None
        self.replay: Replay | None = None

    @property
    def train_shots(self) -> int | None:
        """Shots whose noise is added to every <Z> in exact training; None for none."""
        return self._train_shots

    @train_shots.setter
    def train_shots(self, shots: int | None) -> None:
        require_shots(shots)
        self._train_shots = shots

    def flatten_parameters(self) -> None:
        """Nothing to do; `torch.nn.LSTM` has it for cuDNN, and code written for it calls it."""

    def __getstate__(self) -> dict[str, Any]:
        """Copies and pickles evaluate exactly: an executor holds devices and jobs, which are not copied."""
        return {**self.__dict__, "executor": None, "past": None, "replay": None}

    def forward(self, input: Tensor, hx: State | None = None) -> tuple[Tensor, State]:
        """Outputs of every step and the last states, shaped as by `torch.nn.LSTM`.

        Args:
            input: Shape (steps, batch, input_size), (batch, steps, input_size) with ``batch_first``, or unbatched
                (steps, input_size).
            hx: (h0, c0), each of shape (num_layers * directions, batch, hidden_size), or without the batch axis;
                zeros by default.

        Returns:
            y of shape (steps, batch, directions * hidden_size) in the layout of ``input``, and (h_n, c_n), shaped as hx.

        Raises:
            InputError: For a wrong shape, dtype or device, NaN or infinity, or a `PackedSequence`.
        """
        evaluator = self.evaluator()
        past = Pass.begin(evaluator, (input, hx))
        y, (h, c) = self.run(input, hx, evaluator)
        if past is not None:
            past.watch((y, h, c))
            self.past = past
        return y, (h, c)

    def gradient_stderr(
        self, loss: Loss | None = None, *, replicates: int = REPLICATES, seed: int = 0
    ) -> dict[str, Tensor]:
        """Standard errors of the last measured gradient, by parameter name; see `qlstm.uncertainty.gradient_stderr`."""
        return gradient_stderr(self, self.past, loss, replicates, seed)

    def evaluator(self, others: Mapping[str, Tensor] | None = None) -> Evaluator | None:
        """Who answers in one forward pass: an executor's devices, or None for exact evaluation of whole sequences.

        Args:
            others: Parameters by name of banks outside this module.
        """
        if self.replay is None and self.executor is None:
            return None
        mine = self.parameters_by_name() | dict(others or {})
        if self.replay is not None:
            return self.replay.starting(mine)
        if self.executor is None:
            return None
        check_modes(self.gradient, self.jacobian, self.samples)  # plain attributes, so they may have changed
        check_executor(self.executor, self.gradient if torch.is_grad_enabled() else "auto")
        return Device.of(self.executor, mine, self.gradient, self.jacobian, self.samples)

    def run(self, input: Tensor, hx: State | None, evaluator: Evaluator | None) -> tuple[Tensor, State]:
        """`forward` with the evaluator of the caller, so that several modules can share rounds."""
        return recurrence.run(self, input, hx, evaluator)

    def shot_noise(self, banks: Iterable[Bank], steps: int, like: Tensor) -> dict[Bank, Tensor]:
        """The noise to add to what these banks measure, nothing unless training with `train_shots`; see `draw_noise`."""
        shots = self.train_shots if self.training and self.executor is None else None
        return {bank: draw_noise(bank, steps, like, shots) for bank in banks} if shots else {}

    def drop(self, y: Tensor, layer: int) -> Tensor:
        """The outputs of a layer as the next one sees them: with dropout, except after the last."""
        return functional.dropout(y, self.dropout, self.training) if self.dropout and layer < self.num_layers - 1 else y
