"""The variational circuit of a gate, as a frozen description; presets of the literature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from backends.errors import InputError, unknown_name

Encoding = Literal["arctan", "angle"]
Entangler = Literal["ring2", "ring", "linear", "brick", "none"]
Rotation = Literal["rot", "ry"]


DEEPEST = 10_000
"""Most layers, and most uploads."""


@dataclass(frozen=True)
class Ansatz:
    """H on every qubit, then ``uploads`` x [encoding; ``depth`` x (entangler; rotation on every qubit)].

    Attributes:
        encoding: ``"arctan"``: RY(arctan v) RZ(arctan v^2) (Chen 2020); ``"angle"``: RY(v).
        entangler: CNOT pattern of a layer; see `couplings`.
        rotation: ``"rot"``: RZ(a) then RY(b) then RZ(c); ``"ry"``: RY(a).
        depth: Layers per upload.
        uploads: How often the input is encoded.
        affine_input: A trainable scale and bias per gate, upload and input: v -> scale * v + bias.
        affine_output: A trainable scale and offset per gate and output: <Z> -> gain * <Z> + offset.
    """

    encoding: Encoding = "arctan"
    entangler: Entangler = "ring2"
    rotation: Rotation = "rot"
    depth: int = 2
    uploads: int = 1
    affine_input: bool = False
    affine_output: bool = False

    def __post_init__(self) -> None:
        for kind, valid in (("encoding", Encoding), ("entangler", Entangler), ("rotation", Rotation)):
            if getattr(self, kind) not in get_args(valid):
                raise unknown_name(kind, getattr(self, kind), get_args(valid))
        for flag in ("affine_input", "affine_output"):
            if not isinstance(getattr(self, flag), bool):
                raise InputError(f"{flag}={getattr(self, flag)!r} of the ansatz must be True or False")
        for count in ("depth", "uploads"):
            value = getattr(self, count)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise InputError(f"{count}={value!r} of the ansatz must be an integer of at least 1")
            if value > DEEPEST:
                raise InputError(f"{count}={value!r} of the ansatz must be at most {DEEPEST}; use fewer layers")

    @classmethod
    def chen2020(cls, depth: int = 2, **changes: object) -> Ansatz:
        """Chen, Yoo, Fang, "Quantum long short-term memory" (2020): arctan encoding, ring2, general rotations."""
        return cls._preset({"depth": depth}, changes)

    @classmethod
    def chen2024(cls, depth: int = 5, **changes: object) -> Ansatz:
        """The later variant that reproduces Table I: RY(v), brick of CNOTs, RY layers."""
        return cls._preset({"encoding": "angle", "entangler": "brick", "rotation": "ry", "depth": depth}, changes)

    @classmethod
    def reupload(cls, uploads: int = 2, depth: int = 2, **changes: object) -> Ansatz:
        """chen2024 blocks with repeated, trainable encodings and a trainable affine map of every <Z>."""
        fields = {
            "encoding": "angle", "entangler": "brick", "rotation": "ry", "depth": depth, "uploads": uploads,
            "affine_input": True, "affine_output": True,
        }  # fmt: skip
        return cls._preset(fields, changes)

    @classmethod
    def _preset(cls, fields: dict[str, object], changes: dict[str, object]) -> Ansatz:
        for name in changes:
            if name not in cls.__dataclass_fields__:
                raise unknown_name("ansatz field", name, cls.__dataclass_fields__)
        return cls(**(fields | changes))  # type: ignore[arg-type]

    @classmethod
    def named(cls, name: str, **changes: object) -> Ansatz:
        """A preset by its name: ``chen2020``, ``chen2024`` or ``reupload``."""
        if name not in PRESETS:
            raise unknown_name("ansatz", name, PRESETS)
        return getattr(cls, name)(**changes)  # type: ignore[no-any-return]

    @property
    def angles_per_qubit(self) -> int:
        """Weights of one rotation: 3 for ``rot``, 1 for ``ry``."""
        return 3 if self.rotation == "rot" else 1

    @property
    def encodings_per_input(self) -> int:
        """Encoding rotations per input and upload: 2 for ``arctan`` (RY, RZ), 1 for ``angle``."""
        return 2 if self.encoding == "arctan" else 1

    @property
    def is_real(self) -> bool:
        """True when the state has real amplitudes throughout (only H, RY and CNOT occur)."""
        return self.encoding == "angle" and self.rotation == "ry"

    def weight_shape(self, gates: int, qubits: int) -> tuple[int, ...]:
        """Shape of a part's weight tensor: (gates[, uploads], depth, qubits[, 3])."""
        uploads = (self.uploads,) if self.uploads > 1 else ()
        angles = (3,) if self.rotation == "rot" else ()
        return (gates, *uploads, self.depth, qubits, *angles)


PRESETS = ("chen2020", "chen2024", "reupload")


def couplings(entangler: Entangler, qubits: int) -> tuple[tuple[int, int], ...]:
    """The CNOTs of one layer as (control, target), in the order they are applied.

    ``ring2`` is i -> i+1 (mod q) for all i, then i -> i+2 (mod q) for all i when q > 2; ``ring`` the first
    half of it; ``linear`` i -> i+1 without the wrap; ``brick`` the even pairs, then the odd pairs.
    """
    ring = [(i, (i + 1) % qubits) for i in range(qubits)] if qubits > 1 else []
    skip = [(i, (i + 2) % qubits) for i in range(qubits)] if qubits > 2 else []
    linear = [(i, i + 1) for i in range(qubits - 1)]
    pattern = {
        "ring2": ring + skip, "ring": ring, "linear": linear, "brick": linear[0::2] + linear[1::2], "none": [],
    }  # fmt: skip
    return tuple(pattern[entangler])
