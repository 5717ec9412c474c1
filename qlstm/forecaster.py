"""A QLSTM with a head: the model that is trained on windows of a time series."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from backends.errors import InputError, unknown_name
from qlstm.ansatz import Ansatz
from qlstm.bank import Bank
from qlstm.evaluate import Evaluator, Exact, Query
from qlstm.lstm import QLSTM
from qlstm.uncertainty import REPLICATES, Loss, Pass, gradient_stderr
from qpartition.partition import Partition

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from qpartition.executor import Executor

HEADS = ("linear", "vqc")
WIDEST_HEAD = 14
SETTINGS = ("executor", "train_shots", "device", "dtype")
"""Options that are no part of a model's configuration: how it is evaluated, trained or stored."""


class Forecaster(nn.Module):
    """The next value(s) of a series from a window of it.

    Args:
        input_size: Features per time step.
        hidden_size: Length of h and c.
        output_size: Values to forecast.
        head: ``"linear"``: Linear(hidden, output) on the last h; ``"vqc"``: <Z> of one more circuit on it, of
            ``hidden_size`` qubits (VQC6 of the 2020 variant).
        ansatz: Circuit of every sub-VQC; `Ansatz.chen2020()` by default.
        options: Everything else `QLSTM` takes (``batch_first`` is fixed to True).
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        output_size: int = 1,
        head: str = "linear",
        ansatz: Ansatz | None = None,
        **options: Any,
    ) -> None:
        super().__init__()
        if not isinstance(output_size, int) or isinstance(output_size, bool) or output_size < 1:
            raise InputError(f"output_size={output_size!r} must be an integer of at least 1")
        if head not in HEADS:
            raise unknown_name("head", head, HEADS)
        if "batch_first" in options:
            raise InputError("batch_first cannot be set: a Forecaster takes (batch, steps, features)")
        self.qlstm = QLSTM(input_size, hidden_size, batch_first=True, ansatz=ansatz, **options)
        self.output_size, self.head_kind = output_size, head
        factory: dict[str, Any] = {"device": options.get("device"), "dtype": options.get("dtype")}
        width = hidden_size * self.qlstm.directions
        self.head = nn.Linear(width, output_size, **factory) if head == "linear" else None
        self.head_bank = _head_bank(self.qlstm, width, output_size) if head == "vqc" else None
        for name, value in (self.head_bank.initial(factory) if self.head_bank else {}).items():
            self.register_parameter(name, nn.Parameter(value))
        self._options = {name: value for name, value in options.items() if name not in SETTINGS}

    @property
    def executor(self) -> Executor | None:
        """Who evaluates the circuits; None simulates exactly."""
        return self.qlstm.executor

    @executor.setter
    def executor(self, executor: Executor | None) -> None:
        self.qlstm.executor = executor

    @property
    def train_shots(self) -> int | None:
        """Shots whose noise is added to every <Z> in exact training, the head's included; None for none."""
        return self.qlstm.train_shots

    @train_shots.setter
    def train_shots(self, shots: int | None) -> None:
        self.qlstm.train_shots = shots

    @property
    def jacobian(self) -> str:
        """``"deferred"`` or ``"fused"``; see `QLSTM`."""
        return self.qlstm.jacobian

    @property
    def gradient(self) -> str:
        """Where gradients on devices come from; see `QLSTM`."""
        return self.qlstm.gradient

    def gradient_stderr(
        self, loss: Loss | None = None, *, replicates: int = REPLICATES, seed: int = 0
    ) -> dict[str, Tensor]:
        """Standard errors of the last measured gradient, by parameter name; see `qlstm.uncertainty.gradient_stderr`."""
        return gradient_stderr(self, self.qlstm.past, loss, replicates, seed)

    @property
    def n_quantum_parameters(self) -> int:
        """Trainable rotation angles, the head's included (Eq. 12)."""
        own = sum(p.numel() for name, p in self.named_parameters(recurse=False) if name.startswith("weight_"))
        return self.qlstm.n_quantum_parameters + own

    def bridge_overhead(self) -> Tensor:
        """Sampling overhead of every circuit of the cell when bridges are cut; see `QLSTM.bridge_overhead`."""
        return self.qlstm.bridge_overhead()

    @property
    def config(self) -> dict[str, Any]:
        """Everything needed to build this model again, in JSON types; see `from_config`."""
        options = dict(self._options)
        if not isinstance(options.get("partition", ""), str):
            options["partition"] = asdict(self.qlstm.division)
            options.pop("qubits", None)
        elif not isinstance(options.get("qubits"), int | None):
            options["qubits"] = [int(width) for width in options["qubits"]]
        if not isinstance(options.get("bridges", 0), int):
            options["bridges"] = [[int(end) for end in pair] for pair in options["bridges"]]
        return {
            "input_size": self.qlstm.input_size, "hidden_size": self.qlstm.hidden_size, "output_size": self.output_size,
            "head": self.head_kind, "ansatz": asdict(self.qlstm.ansatz), **options,
        }  # fmt: skip

    @classmethod
    def from_config(cls, config: Mapping[str, Any], **changes: Any) -> Forecaster:
        """The model that ``config`` describes, with fresh weights.

        Args:
            config: As made by `config`.
            changes: Arguments to add or replace, such as ``executor`` or ``dtype``.
        """
        try:
            options = dict(config) | changes
            options["ansatz"] = (
                Ansatz(**options["ansatz"]) if isinstance(options["ansatz"], Mapping) else options["ansatz"]
            )
            if isinstance(options.get("partition"), Mapping):
                lists = options["partition"]
                inputs = tuple(tuple(part) for part in lists["inputs"])
                options["partition"] = Partition(inputs, tuple(lists["outputs"]), tuple(lists["qubits"]))
            return cls(**options)
        except (KeyError, TypeError) as error:
            raise InputError(f"not the configuration of a Forecaster: {error}") from error

    def circuits(self) -> list[QuantumCircuit]:
        """The sub-VQCs as parameterised qiskit circuits, the head's last."""
        from qlstm.circuits import bank_circuits

        return self.qlstm.circuits() + (bank_circuits(self.head_bank) if self.head_bank else [])

    def waves(self, steps: int) -> list[list[str]]:
        """Keys of the sub-VQCs evaluated in each round of a forward pass; see `QLSTM.waves`."""
        return self.qlstm.waves(steps) + ([[self.head_bank.key(0, 0)]] if self.head_bank else [])

    def forward(self, x: Tensor) -> Tensor:
        """Forecasts of shape (batch, output_size) from windows of shape (batch, steps, input_size)."""
        if not isinstance(x, Tensor) or x.dim() != 3:
            what = f"have shape {tuple(x.shape)}" if isinstance(x, Tensor) else f"are of type {type(x).__name__}"
            raise InputError(f"the windows {what}, but must be a tensor of (batch, steps, {self.qlstm.input_size})")
        parameters = dict(self.named_parameters(recurse=False))
        evaluator = self.qlstm.evaluator(parameters)
        past = Pass.begin(evaluator, (x,))
        forecast = self._forecast(x, evaluator, parameters)
        if past is not None:
            past.watch((forecast,))
            self.qlstm.past = past
        return forecast

    def _forecast(self, x: Tensor, evaluator: Evaluator | None, parameters: Mapping[str, Tensor]) -> Tensor:
        _, (h, _) = self.qlstm.run(x, None, evaluator)
        last = torch.cat(list(h[-self.qlstm.directions :]), -1)
        if self.head is not None:
            return self.head(last)  # type: ignore[no-any-return]
        assert self.head_bank is not None
        noise = self.qlstm.shot_noise([self.head_bank], 1, last).get(self.head_bank)
        query = Query(self.head_bank, last, noise=None if noise is None else noise[0])
        return (evaluator or Exact(parameters))([query])[0][0]


def _head_bank(model: QLSTM, width: int, outputs: int) -> Bank:
    if width > WIDEST_HEAD:
        raise InputError(
            f"head='vqc' needs {width} qubits, one per entry of h, but the limit is {WIDEST_HEAD}; use head='linear'"
        )
    if outputs > width:
        raise InputError(
            f"head='vqc' gives {outputs} outputs from {width} qubits; use head='linear' or a larger hidden_size"
        )
    whole = Partition.explicit([range(width)], 0, width, outputs=[width])
    division = Partition(whole.inputs, (outputs,), whole.qubits)
    return Bank(division, model.ansatz, ("y",), "head", hidden_size=width, layer=model.num_layers)
