"""A QLSTM in numbers: how wide its circuits are and how many weights they hold (Eqs. 9-12). Nothing is built."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backends.errors import InputError, check_is, shown
from backends.whole import whole

from .partition import Partition, contiguous, partition

GATES = 4
"""Forget, input, candidate and output gate."""


@dataclass(frozen=True)
class Part:
    """One sub-VQC: ``h`` + ``x`` entries of v on ``qubits`` qubits, of which ``outputs`` are read."""

    h: int
    x: int
    outputs: int
    qubits: int


Block = tuple[Part, ...]
"""A VQC divided into parts (Eq. 9)."""


@dataclass(frozen=True)
class Circuit:
    """What every sub-VQC is made of.

    Attributes:
        depth: Layers per upload; L of Eq. 10 is ``depth`` x ``uploads``.
        angles: Weights per qubit and layer: 3 for general rotations, 1 for RY.
        uploads: How often the input is encoded.
        encodings: Encoding rotations per input and upload.
        trainable_encoding: Encoding angles depend on weights, so all of them need a derivative.

    Raises:
        InputError: For a number that is not positive.
    """

    depth: int = 2
    angles: int = 3
    uploads: int = 1
    encodings: int = 2
    trainable_encoding: bool = False

    def __post_init__(self) -> None:
        for name in ("depth", "angles", "uploads", "encodings"):
            if whole(getattr(self, name), 1) is None:
                raise InputError(f"{name}={shown(getattr(self, name))} of a circuit must be an integer of at least 1")

    def weights(self, part: Part) -> int:
        """P_VQC = angles x L x q (Eq. 10)."""
        return self.angles * self.depth * self.uploads * part.qubits

    def idle(self, part: Part) -> int:
        """Weights whose derivative is zero: the last rotations of qubits that are not read, and an RZ just before <Z>."""
        read = part.outputs if self.angles == 3 else 0
        return self.angles * (part.qubits - part.outputs) + read

    def derivatives(self, part: Part, *, inner: bool, first: bool) -> int:
        """Angles of one sub-VQC that need a derivative: weights, and encoding angles that depend on any weight.

        Exact where the light cone of what is read covers the circuit but for `idle`; else more than there are.

        Args:
            part: The sub-VQC.
            inner: Its inputs come from other circuits of the step. If not, x is data and h_0 is constant.
            first: At the first time step.
        """
        every = inner or self.trainable_encoding
        encoded = (part.h if every or not first else 0) + (part.x if every else 0)
        return self.weights(part) - self.idle(part) + self.encodings * self.uploads * encoded


@dataclass(frozen=True)
class Design:
    """A QLSTM of one layer in numbers.

    Attributes:
        gate: Each of the four gates (Eq. 9).
        circuit: What all sub-VQCs are made of.
        step_blocks: Extra blocks of every time step, one after the other, such as the one that maps c_t to h_t.
        last_blocks: Extra blocks after the last step, such as the one that maps h_T to the output.
    """

    gate: Block
    circuit: Circuit = Circuit()
    step_blocks: tuple[Block, ...] = ()
    last_blocks: tuple[Block, ...] = ()

    @classmethod
    def of(
        cls, features: int, hidden: int, parts: int = 1, strategy: str | Partition | Sequence[Sequence[int]] = "contiguous",
        circuit: Circuit | None = None, *, qubits: int | Sequence[int] | None = None, hidden_vqc: bool = False,
        head_outputs: int | None = None,
    ) -> Design:  # fmt: skip
        """The design of a `qlstm.QLSTM` (with a head) of the same arguments.

        Args:
            features: d_x.
            hidden: d_h.
            parts: M.
            strategy: How v = [h; x] is divided; see `qpartition.partition.partition`.
            circuit: What the sub-VQCs are made of; `Circuit()`, that of ``chen2020``, by default.
            qubits: Width q of the gates' parts, or one per part; the number of their inputs by default.
            hidden_vqc: One extra block maps o * tanh(c) to h_t; it is divided into M parts too.
            head_outputs: One extra block, not divided, maps h_T to so many outputs; None for a classical head.

        Raises:
            InputError: For a division that is not possible.
        """
        if not isinstance(hidden_vqc, bool):
            raise InputError(f"hidden_vqc={shown(hidden_vqc)} must be True or False")
        if circuit is not None:
            check_is(circuit, Circuit, "make one with Circuit(depth, angles)")
        if head_outputs is not None and whole(head_outputs, 1) is None:
            raise InputError(f"head_outputs={shown(head_outputs)} must be an integer of at least 1, or None")
        split = partition(strategy, features, hidden, parts, qubits)
        gate = tuple(
            Part(sum(i < hidden for i in entries), sum(i >= hidden for i in entries), outputs, qubits)
            for entries, outputs, qubits in zip(split.inputs, split.outputs, split.qubits, strict=True)
        )
        sizes = [len(piece) for piece in contiguous(0, hidden, split.parts)]
        step = (tuple(Part(size, 0, size, size) for size in sizes),) if hidden_vqc else ()
        last = () if head_outputs is None else ((Part(hidden, 0, head_outputs, hidden),),)
        return cls(gate, Circuit() if circuit is None else circuit, step, last)

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The four gates, then the N_extra others."""
        return (self.gate,) * GATES + self.step_blocks + self.last_blocks

    @property
    def extra(self) -> int:
        """N_extra of Eq. 12."""
        return len(self.step_blocks) + len(self.last_blocks)

    @property
    def gate_parameters(self) -> int:
        """P_gates = 4 sum_m P_VQC(m), Eq. 11; 4 M P_VQC where all parts are equally wide."""
        return GATES * sum(map(self.circuit.weights, self.gate))

    @property
    def parameters(self) -> int:
        """P_total: the same sum over all 4 + N_extra blocks, Eq. 12."""
        return sum(self.circuit.weights(part) for block in self.blocks for part in block)
