"""The QLSTM: shapes and arguments of `torch.nn.LSTM`, gates made of distributed variational circuits."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import PackedSequence

from backends.errors import InputError
from qlstm.ansatz import Ansatz
from qlstm.bank import Bank
from qlstm.checks import ansatz_or_default, require_float, require_like, require_narrow, require_pair
from qlstm.evaluate import Evaluator, Exact
from qlstm.exact import sequence
from qlstm.gradients import GRADIENTS, JACOBIANS, SAMPLES, check_executor, check_modes
from qlstm.noise import draw_noise, require_shots
from qlstm.recurrence import step_by_step, whole_sequences
from qlstm.replay import Replay
from qlstm.shift import Device
from qlstm.uncertainty import REPLICATES, Loss, Pass, gradient_stderr
from qlstm.waves import Place, waves
from qpartition.partition import Partition, contiguous
from qpartition.partition import partition as divide

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from qpartition.executor import Executor

State = tuple[Tensor, Tensor]
__all__ = ["GRADIENTS", "JACOBIANS", "QLSTM"]


class QLSTM(nn.Module):
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
        hidden_vqc: One more VQC per layer maps o * tanh(c) to h_t (VQC5 of the 2020 variant).
        train_shots: In training mode without an executor, add the noise of that many shots to every <Z>, drawn from
            torch's global generator and constant to autograd. A setting of training, not of the model; can be set later.
        device: As in torch.
        dtype: As in torch.

    First derivatives only; `copy.deepcopy` and pickle leave the executor out.

    Parameters are ``weight_l{layer}_p{part}`` of shape (4, depth, q, 3) for ``rot`` and (4, depth, q) for ``ry``
    rotations ((4, uploads, depth, q, ...) with more uploads), gate order i, f, g, o, radians; ``scale_...``, ``bias_...``,
    ``gain_...``, ``offset_...`` where the ansatz has affine maps; ``_reverse`` is appended for the backward direction.

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
        hidden_vqc: bool = False,
        train_shots: int | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        _check_options(num_layers, dropout, partition)
        check_modes(gradient, jacobian, samples)
        require_float(dtype)
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.batch_first, self.dropout, self.bidirectional = batch_first, float(dropout), bidirectional
        self.ansatz = ansatz_or_default(ansatz)
        self.executor, self.gradient, self.jacobian, self.samples = executor, gradient, jacobian, samples
        self.past: Pass | None = None
        self.replay: Replay | None = None
        self.train_shots = train_shots
        self.banks: dict[Place, Bank] = {}
        self.hidden_banks: dict[Place, Bank] = {}
        for layer in range(num_layers):
            size = input_size if layer == 0 else hidden_size * self.directions
            division = divide(partition, size, hidden_size, parts, qubits)
            for direction in range(self.directions):
                self._add_layer(layer, direction, division, hidden_vqc)
        self._factory = {"device": device, "dtype": dtype}
        for bank in self._all_banks():
            for name, value in bank.initial(self._factory).items():
                self.register_parameter(name, nn.Parameter(value))

    def _add_layer(self, layer: int, direction: int, division: Partition, hidden_vqc: bool) -> None:
        suffix = "_reverse" if direction else ""
        bank = Bank(division, self.ansatz, tag=f"l{layer}", suffix=suffix, hidden_size=self.hidden_size, layer=layer)
        self.banks[layer, direction] = bank
        if hidden_vqc:
            slices = contiguous(0, self.hidden_size, division.parts)
            extra = Partition.explicit(slices, 0, self.hidden_size)
            self.hidden_banks[layer, direction] = Bank(
                extra, self.ansatz, ("h",), f"hidden_l{layer}", suffix, self.hidden_size, layer
            )

    @property
    def train_shots(self) -> int | None:
        """Shots whose noise is added to every <Z> in exact training; None for none."""
        return self._train_shots

    @train_shots.setter
    def train_shots(self, shots: int | None) -> None:
        require_shots(shots)
        self._train_shots = shots

    @property
    def directions(self) -> int:
        """2 when bidirectional, else 1."""
        return 2 if self.bidirectional else 1

    @property
    def n_quantum_parameters(self) -> int:
        """Trainable rotation angles (Eq. 11, Eq. 12 with ``hidden_vqc``)."""
        return sum(p.numel() for name, p in self.named_parameters() if name.startswith("weight_"))

    def flatten_parameters(self) -> None:
        """Nothing to do; `torch.nn.LSTM` has it for cuDNN, and code written for it calls it."""

    def __getstate__(self) -> dict[str, Any]:
        """Copies and pickles evaluate exactly: an executor holds devices and jobs, which are not copied."""
        return {**self.__dict__, "executor": None, "past": None, "replay": None}

    def reset_parameters(self) -> None:
        """Draw fresh weights, as at construction."""
        with torch.no_grad():
            for bank in self._all_banks():
                for name, value in bank.initial(self._factory).items():
                    getattr(self, name).copy_(value)

    def circuits(self) -> list[QuantumCircuit]:
        """The sub-VQCs as parameterised qiskit circuits, without measurements; see `qlstm.circuits.bank_circuits`."""
        from qlstm.circuits import bank_circuits

        return [one for bank in self._all_banks() for one in bank_circuits(bank)]

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
        bank = self.banks[0, 0]
        return (
            f"{self.input_size}, {self.hidden_size}, num_layers={self.num_layers}, parts={bank.partition.parts}, "
            f"qubits={bank.partition.qubits}, bidirectional={self.bidirectional}, ansatz={self.ansatz}"
        )

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

    def evaluator(self, parameters: Mapping[str, Tensor] | None = None) -> Evaluator | None:
        """Who answers in one forward pass: an executor's devices, or None for exact evaluation of whole sequences.

        Args:
            parameters: The model's parameters by name, with those of banks outside this module; its own by default.
        """
        if self.replay is None and self.executor is None:
            return None
        mine = self.parameters_by_name() if parameters is None else parameters
        if self.replay is not None:
            return self.replay.starting(mine)
        if self.executor is None:
            return None
        check_modes(self.gradient, self.jacobian, self.samples)  # plain attributes, so they may have changed
        check_executor(self.executor, self.gradient if torch.is_grad_enabled() else "auto")
        return Device.of(self.executor, mine, self.gradient, self.jacobian, self.samples)

    def run(self, input: Tensor, hx: State | None, evaluator: Evaluator | None) -> tuple[Tensor, State]:
        """`forward` with the evaluator of the caller, so that several modules can share rounds."""
        x = self._sequence(input)
        unbatched, banks = input.dim() == 2, self._all_banks()
        if evaluator is None or self.gradient == "exact":
            for bank in banks:
                require_narrow(bank)
        start = self._start(x, hx, unbatched)
        noise = self.shot_noise(banks, len(x), x)
        if evaluator is None and not self.hidden_banks and x.shape[1] and sequence.can_run(self.banks[0, 0], x):
            batch_first = self.batch_first and not unbatched  # the kernel takes and gives either layout
            y, h, c = whole_sequences(self, input if batch_first else x, start, noise, batch_first)
            if batch_first:
                return y, (h, c)
        else:
            y, h, c = step_by_step(self, x, start, evaluator or Exact(self.parameters_by_name()), noise)
        if unbatched:
            return y[:, 0], (h[:, 0], c[:, 0])
        return (y.transpose(0, 1) if self.batch_first else y), (h, c)

    def shot_noise(self, banks: Iterable[Bank], steps: int, like: Tensor) -> dict[Bank, Tensor]:
        """The noise to add to what these banks measure, nothing unless training with `train_shots`; see `draw_noise`."""
        shots = self.train_shots if self.training and self.executor is None else None
        return {bank: draw_noise(bank, steps, like, shots) for bank in banks} if shots else {}

    def drop(self, y: Tensor, layer: int) -> Tensor:
        """The outputs of a layer as the next one sees them: with dropout, except after the last."""
        return functional.dropout(y, self.dropout, self.training) if self.dropout and layer < self.num_layers - 1 else y

    def parameters_by_name(self) -> dict[str, Tensor]:
        """All parameters by name; one that stands in two places under both names."""
        return {name: getattr(self, name) for bank in self._all_banks() for name in bank.shapes}

    def _weight(self) -> Tensor:
        weight: Tensor = getattr(self, next(iter(self.banks[0, 0].shapes)))
        return weight

    def _all_banks(self) -> list[Bank]:
        return [bank for place in self.banks for bank in (self.banks[place], self.hidden_banks.get(place)) if bank]

    def _sequence(self, input: Tensor) -> Tensor:
        """The input as (steps, batch, input_size), checked."""
        if isinstance(input, PackedSequence):
            raise InputError(
                "a PackedSequence is not supported; pad the sequences to one length and pass the padded tensor"
            )
        require_like("the input", input, self._weight())
        layout = "(batch, steps, {0})" if self.batch_first else "(steps, batch, {0})"
        shape = tuple(input.shape)
        if input.dim() not in (2, 3) or shape[-1] != self.input_size:
            expected = f"{layout} or (steps, {{0}})".format(self.input_size)
            raise InputError(f"the input has shape {shape}, but this QLSTM takes {expected}")
        x = input[:, None] if input.dim() == 2 else input.transpose(0, 1) if self.batch_first else input
        if len(x) == 0:
            raise InputError(f"the input has shape {shape}: no time steps; give at least one")
        return x

    def _start(self, x: Tensor, hx: State | None, unbatched: bool) -> State | None:
        shape = (self.num_layers * self.directions, x.shape[1], self.hidden_size)
        if hx is None:
            return None
        expected = (shape[0], shape[2]) if unbatched else shape
        h0, c0 = require_pair(hx)
        for name, state in (("h0", h0), ("c0", c0)):
            require_like(name, state, self._weight())
            if tuple(state.shape) != expected:
                raise InputError(f"{name} has shape {tuple(state.shape)}, but must have {expected}")
        return (h0[:, None], c0[:, None]) if unbatched else (h0, c0)


def _check_options(num_layers: object, dropout: object, partition: object) -> None:
    if not isinstance(num_layers, int) or isinstance(num_layers, bool) or num_layers < 1:
        raise InputError(f"num_layers={num_layers!r} must be an integer of at least 1")
    if isinstance(dropout, bool) or not isinstance(dropout, int | float) or not 0 <= dropout <= 1:
        raise InputError(f"dropout={dropout!r} must be a probability between 0 and 1")
    if dropout and num_layers == 1:
        warnings.warn(
            f"dropout={dropout} has no effect with num_layers=1: it follows every layer but the last", stacklevel=3
        )
    if num_layers > 1 and not isinstance(partition, str):
        raise InputError(
            f"an explicit partition fits one input size, not num_layers={num_layers}; name a strategy instead"
        )
