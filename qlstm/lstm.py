"""The QLSTM: shapes and arguments of `torch.nn.LSTM`, gates made of distributed variational circuits."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from backends.errors import InputError
from qlstm.ansatz import Ansatz
from qlstm.bank import Bank
from qlstm.bridges import Bridges, overhead
from qlstm.checks import ansatz_or_default, require_float, require_narrow
from qlstm.evaluate import Evaluator, Exact
from qlstm.exact import sequence
from qlstm.gradients import GRADIENTS, JACOBIANS, SAMPLES, check_executor, check_modes
from qlstm.joining import Joining
from qlstm.linear import Linears, Surrounded, divided
from qlstm.noise import draw_noise, require_shots
from qlstm.recurrence import step_by_step, whole_sequences
from qlstm.replay import Replay
from qlstm.sequences import starting, steps_first
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
        super().__init__()
        _check_options(num_layers, dropout, partition, bridges)
        check_modes(gradient, jacobian, samples)
        require_float(dtype)
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.batch_first, self.dropout, self.bidirectional = batch_first, float(dropout), bidirectional
        self.ansatz = ansatz_or_default(ansatz)
        self.executor, self.gradient, self.jacobian, self.samples = executor, gradient, jacobian, samples
        self.past: Pass | None = None
        self.replay: Replay | None = None
        self.train_shots, self.linear = train_shots, linear
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
        return torch.cat([overhead(bank, parameters) for bank in self._all_banks()])

    def flatten_parameters(self) -> None:
        """Nothing to do; `torch.nn.LSTM` has it for cuDNN, and code written for it calls it."""

    def __getstate__(self) -> dict[str, Any]:
        """Copies and pickles evaluate exactly: an executor holds devices and jobs, which are not copied."""
        return {**self.__dict__, "executor": None, "past": None, "replay": None}

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
        division = self.division
        bridges = f"bridges={self.joinings[0, 0].pairs}, " if self.joinings else ""
        bridges += f"linear={self.linear}, " if self.linear else ""
        return (
            f"{self.input_size}, {self.hidden_size}, num_layers={self.num_layers}, parts={division.parts}, "
            f"qubits={division.qubits}, {bridges}bidirectional={self.bidirectional}, ansatz={self.ansatz}"
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
        x = steps_first(input, self.input_size, self.batch_first, self._weight())
        unbatched, banks = input.dim() == 2, self._all_banks()
        if evaluator is None or self.gradient == "exact":
            for bank in banks:
                require_narrow(bank)
        shape = (self.num_layers * self.directions, x.shape[1], self.hidden_size)
        start = starting(hx, shape, unbatched, self._weight())
        noise = self.shot_noise(banks, len(x), x)
        plain = self.linears is None and not self.hidden_banks
        if evaluator is None and plain and x.shape[1] and sequence.can_run(self.banks[0, 0], x):
            batch_first = self.batch_first and not unbatched  # the kernel takes and gives either layout
            y, h, c = whole_sequences(self, input if batch_first else x, start, noise, batch_first)
            if batch_first:
                return y, (h, c)
        else:
            evaluate = evaluator or Exact(self.parameters_by_name())
            if self.linears is not None:
                evaluate = Surrounded(evaluate, self.linears.by_bank(self.banks))
            y, h, c = step_by_step(self, x, start, evaluate, noise)
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
        """Parameters of all banks by name; one that stands in two places under both names.

        Those of joined parts are made of the module's own, here and nowhere else.
        """
        joint = {joining.joint: joining for joining in self.joinings.values()}
        named: dict[str, Tensor] = {}
        for bank in self._all_banks():
            named |= joint[bank].parameters(self) if bank in joint else {n: getattr(self, n) for n in bank.shapes}
        return named

    def _weight(self) -> Tensor:
        return self.weight_l0_p0  # type: ignore[return-value]

    def _all_banks(self) -> list[Bank]:
        return [bank for place in self.banks for bank in (self.banks[place], self.hidden_banks.get(place)) if bank]


def _check_options(num_layers: object, dropout: object, partition: object, bridges: object) -> None:
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
    if num_layers > 1 and not isinstance(bridges, int):
        raise InputError(
            f"pairs of qubits as bridges fit one layer, not num_layers={num_layers}; give a number instead"
        )
