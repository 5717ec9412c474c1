"""What a training step of a model asks of the devices: sub-VQCs, waves of time steps, parameter sets per round."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from backends.errors import InputError, shown
from backends.whole import whole

from .arguments import listed
from .asking import Asker, PlainAsker
from .counts import Sets
from .lightcone import active_parameters
from .shifts import BoolArray
from .subvqc import SubVQC
from .waves import Wave, default_waves

if TYPE_CHECKING:
    from .cutting.placed import CutCircuit

JacobianMode = Literal["deferred", "fused"]
MOST = 10**7
"""Most sequences or epochs that are planned."""
STEPS = 10_000
"""Most time steps: each is a round of its own in the plan."""


@dataclass(frozen=True)
class Workload:
    """One training step of a model, as sub-VQCs and rounds.

    Attributes:
        subvqcs: Every sub-VQC once.
        active: Per key, which parameters have any influence on the outputs, shape (inputs + weights,).
        batch: Sequences per training step.
        steps: Time steps T per sequence.
        waves: Per forward round, the keys evaluated in it, each for ``batch`` rows; the n-th wave that
            names a key is that sub-VQC's n-th time step.
        input_gradient: Whether the data needs a gradient too.
        jacobian: How the model asks for derivatives; the default of a plan.
    """

    subvqcs: tuple[SubVQC, ...]
    active: Mapping[str, BoolArray] = field(compare=False, repr=False)
    batch: int
    steps: int
    waves: tuple[Wave, ...]
    input_gradient: bool = False
    jacobian: JacobianMode = "deferred"

    @classmethod
    def of(cls, model: Any, batch: int, steps: int, *, input_gradient: bool = False) -> Workload:
        """The workload of one training step of ``model``.

        Args:
            model: Anything with ``circuits()``: parameterised circuits whose name is the key and whose metadata
                has ``outputs``, ``inputs``, ``weights`` (`SubVQC.of`) and, where they apply, ``layer``,
                ``sources`` (per encoding angle ``"h"`` or ``"x"``) and ``trainable_encoding``. If it has
                ``waves(steps)``, that says which keys are evaluated in each forward round; if it has
                ``jacobian``, that is how it asks for derivatives.
            batch: Sequences per training step.
            steps: Time steps per sequence.
            input_gradient: Count derivatives with respect to the data as well.

        Raises:
            InputError: For a size that is not positive, or circuits that cannot be placed or differentiated.
        """
        batch = _size("batch", batch, MOST, "use smaller batches")
        steps = _size("steps", steps, STEPS, "cut the sequences into shorter ones")
        if not isinstance(input_gradient, bool):
            raise InputError(f"input_gradient={shown(input_gradient)} must be True or False")
        if isinstance(model, type):
            raise InputError(f"{model.__name__} is a class; give an object of it, such as {model.__name__}(...)")
        if not callable(getattr(model, "circuits", None)):
            raise InputError(
                f"{type(model).__name__} has no circuits(); give a QLSTM, or an object that lists its sub-VQCs"
            )
        circuits = listed(given := model.circuits())
        if circuits is None:
            raise InputError(f"circuits() of the model gave {shown(given)}; it must be a list of circuits")
        subvqcs = tuple(_subvqc(circuit) for circuit in circuits)
        _check_keys(subvqcs)
        active = {s.key: active_parameters(s.circuit, s.outputs) for s in subvqcs}
        waves = _waves(getattr(model, "waves", None), subvqcs, steps)
        return cls(subvqcs, active, batch, steps, waves, input_gradient, getattr(model, "jacobian", "deferred"))

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of the sub-VQCs, in order."""
        return tuple(self.by_key)

    @property
    def asked(self) -> Mapping[str, SubVQC]:
        """The circuits that the model asks about, by key: the sub-VQCs, or what they were cut from."""
        return self.by_key

    @property
    def cuts(self) -> Mapping[str, CutCircuit]:
        """Which of the model's circuits run in pieces; none, but in a `qpartition.cutting.CutWorkload`."""
        return {}

    def expanded(self, sets: Sets) -> Sets:
        """Parameter sets by key of what runs, from rows by key of the model's circuits."""
        return sets

    def asker(self) -> Asker:
        """What turns rows of the model's circuits into parameter sets."""
        return PlainAsker(self)

    @cached_property
    def by_key(self) -> dict[str, SubVQC]:
        """Sub-VQCs by key."""
        return {subvqc.key: subvqc for subvqc in self.subvqcs}

    def mask(self, key: str, first: bool) -> BoolArray:
        """Which encoding angles of a sub-VQC need a derivative, shape (inputs,).

        At the ``first`` time step h0 is constant; the data of layer 0 is constant always unless
        ``input_gradient``; a trainable encoding, and whatever comes from another circuit, needs all of them.
        """
        subvqc = self.by_key[key]
        meta = subvqc.circuit.metadata
        sources = meta.get("sources", ("",) * subvqc.inputs)
        if meta.get("trainable_encoding", False):
            return np.ones(subvqc.inputs, dtype=bool)
        constant_x = meta.get("layer", 0) == 0 and not self.input_gradient
        constant = {"h": first, "x": constant_x}
        return np.array([not constant.get(source, False) for source in sources], dtype=bool)

    def derivatives(self, key: str, first: bool, weights: bool = True) -> int:
        """Derivatives of one sub-VQC that have to be measured, for one row of the first or of a later time step.

        Args:
            key: Of the sub-VQC.
            first: Whether h is the constant h0.
            weights: Count those of the weights too.
        """
        needed = np.concatenate([self.mask(key, first), np.full(self.by_key[key].weights, weights)])
        return int(np.count_nonzero(needed & self.active[key]))

    def weight_derivatives(self, key: str) -> int:
        """Derivatives by weights of one sub-VQC in a training step: rows x time steps x weights that matter."""
        active = int(np.count_nonzero(self.active[key][self.by_key[key].inputs :]))
        return active * self.batch * sum(key in wave for wave in self.waves)

    def forward_rounds(self) -> list[Sets]:
        """Parameter sets per key of every round of a forward pass."""
        return [dict.fromkeys(wave, self.batch) for wave in self.waves]

    def shift_rounds(self, weights: bool = True) -> list[dict[str, int]]:
        """Shifted parameter sets per key, wave by wave: two per derivative."""
        first = {key: 2 * self.batch * self.derivatives(key, True, weights) for key in self.keys}
        later = {key: 2 * self.batch * self.derivatives(key, False, weights) for key in self.keys}
        seen: set[str] = set()
        rounds = []
        for wave in self.waves:
            rounds.append({key: later[key] if key in seen else first[key] for key in wave})
            seen.update(wave)
        return rounds

    def resized(self, batch: int) -> Workload:
        """The same with another number of sequences."""
        return replace(self, batch=batch)


def _size(name: str, value: object, most: int, remedy: str) -> int:
    number = whole(value, 1)
    if number is None:
        raise InputError(f"{name}={shown(value)} must be an integer of at least 1")
    if number > most:
        raise InputError(f"{name}={number} exceeds the {most} that are planned; {remedy}")
    return number


def _subvqc(circuit: Any) -> SubVQC:
    """A checked sub-VQC."""
    subvqc = SubVQC.of(circuit)
    if circuit.num_clbits:
        raise InputError(
            f"circuit {subvqc.key!r} has classical bits; give it without measurements, outputs are read at its end"
        )
    if subvqc.inputs + subvqc.weights != circuit.num_parameters:
        raise InputError(
            f"circuit {subvqc.key!r} has {circuit.num_parameters} parameters, but its metadata says "
            f"{subvqc.inputs} inputs + {subvqc.weights} weights; make them agree"
        )
    _check_metadata(subvqc)
    return subvqc


def _check_metadata(subvqc: SubVQC) -> None:
    """What a circuit may say of itself."""
    key, meta = subvqc.key, subvqc.circuit.metadata
    if "sources" in meta:
        sources = meta["sources"]
        named = isinstance(sources, Sequence) and all(isinstance(source, str) for source in sources)
        if not named or len(sources) != subvqc.inputs:
            raise InputError(f"circuit {key!r} needs one source per encoding angle ({subvqc.inputs}) in its metadata")
    if whole(meta.get("layer", 0)) is None:
        raise InputError(f"circuit {key!r} has layer={shown(meta['layer'])} in its metadata; number layers from 0")
    if not isinstance(meta.get("trainable_encoding", False), bool):
        given = shown(meta["trainable_encoding"])
        raise InputError(f"circuit {key!r} has trainable_encoding={given} in its metadata; it must be True or False")


def _check_keys(subvqcs: tuple[SubVQC, ...]) -> None:
    if not subvqcs:
        raise InputError("the model has no circuits; a workload needs at least one")
    for key, times in Counter(s.key for s in subvqcs).items():
        if times > 1:
            raise InputError(f"{times} circuits are named {key!r}; give every sub-VQC a name of its own")


def _waves(
    waves: Callable[[int], Iterable[Iterable[str]]] | None, subvqcs: tuple[SubVQC, ...], steps: int
) -> tuple[Wave, ...]:
    """The model's own waves, checked, or those of a stack of layers."""
    if waves is None:
        return default_waves(subvqcs, steps)
    found = listed(waves(steps)) if callable(waves) else None
    each = [None] if found is None else [listed(wave) for wave in found]
    given = tuple(tuple(wave) for wave in each if wave is not None)
    if len(given) < len(each):
        raise InputError(
            f"waves of the model is {shown(waves)}; it must be a method that takes the number of steps and gives lists of keys"
        )
    keys = {s.key for s in subvqcs}
    for number, wave in enumerate(given):
        strange = [key for key in wave if key not in keys]
        if strange or len(set(wave)) < len(wave):
            raise InputError(
                f"wave {number} of the model names {strange or 'a key twice'}; list keys of circuits(), once each"
            )
    return given
