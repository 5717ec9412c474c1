"""A noisy circuit made ready for many parameter sets: states and observables meet in the middle.

The first steps push states forward, once per distinct row of the parameters met so far; the others pull the
observables back, once per distinct row of the parameters still to come; one product joins the two. Where to meet is
chosen by counting multiplications. A round of the parameter-shift rule has few distinct rows of weights, so the
encoded product states meet observables that went back through everything else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from typing import NamedTuple

import numpy as np

from ..errors import InputError
from ..isa import CompactCircuit
from .chain import Chain
from .channels import Channels
from .fusion import Stage, rejoined, split, stages
from .lowering import lowered
from .observable import Observable
from .pauli import FloatArray
from .reading import Reading
from .rows import Indices, Rows
from .state import State

MAX_QUBITS = 10
"""Widest core: 4^10 components are 8 MiB a state."""
_ENTRIES = 2**23
"""Entries of the states, or of the observables, in memory at once (64 MiB)."""
_REMEMBERED = 64
_LOOPED = 4
"""Sets per distinct observable from which one matrix product each is faster than gathering."""


class Leg(NamedTuple):
    """Steps ``start..stop-1`` of a program, all of one stage, and the angles in them."""

    start: int
    stop: int
    maps: Stage
    slots: tuple[int, ...]


@dataclass(frozen=True)
class Program:
    """See `compiled`.

    Attributes:
        qubits: Width.
        stages: What happens, noise included; no stages where nothing does.
        chain: The rotation angles of all stages.
        wires: Qubit of each source qubit.
        sign: Qubit that holds the sign; None where there is none.
        trace: Factor of everything read; see `backends.twin.lowering.Lowered`.
    """

    qubits: int
    stages: tuple[Stage, ...]
    chain: Chain
    wires: tuple[int, ...]
    sign: int | None
    trace: float
    _kept: dict[tuple[object, ...], Observable] = field(default_factory=dict, compare=False, repr=False)
    _legs: dict[tuple[int, int], tuple[Leg, ...]] = field(default_factory=dict, compare=False, repr=False)
    _cuts: dict[tuple[int, int], tuple[int, int, int]] = field(default_factory=dict, compare=False, repr=False)

    def evaluate(self, values: FloatArray, reading: Reading) -> FloatArray:
        """What is read, shape (sets, numbers), for parameter sets of shape (sets, parameters)."""
        rows, numbers = Rows(values), len(reading.matrix)
        cut = self._known_cut(rows, numbers)
        states = max(1, _ENTRIES >> (2 * self.qubits))
        observables = max(1, _ENTRIES // (numbers << (2 * self.qubits)))
        prefix, suffix = rows.distinct(self.before[cut]), rows.distinct(self.after[cut])
        if len(prefix) <= states and len(suffix) <= observables:
            return self._meet(rows, reading, cut)
        result = np.empty((len(values), numbers))
        for sets in _pieces(suffix.kind, states, observables):
            result[sets] = self._meet(Rows(values[sets]), reading, cut)
        return result

    @cached_property
    def steps(self) -> tuple[tuple[int, Stage], ...]:
        """Where states and observables may meet: between any of these pieces of stages; the number of the stage, and it."""
        return tuple((i, step) for i, stage in enumerate(self.stages) for step in split(stage))

    @cached_property
    def before(self) -> tuple[frozenset[int], ...]:
        """Parameters of the first i steps, i = 0..steps."""
        return tuple(frozenset[int]().union(*self._columns[:i]) for i in range(len(self.steps) + 1))

    @cached_property
    def after(self) -> tuple[frozenset[int], ...]:
        """Parameters of the steps from i on."""
        return tuple(frozenset[int]().union(*self._columns[i:]) for i in range(len(self.steps) + 1))

    @cached_property
    def _columns(self) -> tuple[frozenset[int], ...]:
        """Parameters that each step depends on."""
        return tuple(
            frozenset(c for one in maps for slot in one.slots for c in self.chain.columns(slot))
            for _, maps in self.steps
        )

    def legs(self, start: int, stop: int) -> tuple[Leg, ...]:
        """The way from one step to another, steps of one stage together."""
        if (start, stop) not in self._legs:
            found = []
            for _, group in groupby(range(start, stop), key=lambda i: self.steps[i][0]):
                numbers = list(group)
                maps = rejoined([self.steps[i][1] for i in numbers])
                slots = tuple(slot for one in maps for slot in one.slots)
                found.append(Leg(numbers[0], numbers[-1] + 1, maps, slots))
            self._legs[start, stop] = tuple(found)
        return self._legs[start, stop]

    def _known_cut(self, rows: Rows, numbers: int) -> int:
        """`_cut`, remembered for as many sets: looking for all distinct rows again would cost more than the meeting.

        It is trusted only if there are no more rows at the cut than there were then.
        """
        key = (len(rows.values), numbers)
        cut, forward, backward = self._cuts.get(key, (0, 0, 0))
        if len(rows.distinct(self.before[cut])) > forward or len(rows.distinct(self.after[cut])) > backward:
            prefixes, suffixes = ([len(rows.distinct(c)) for c in side] for side in (self.before, self.after))
            cut = self._cut(prefixes, suffixes, numbers)
            self._cuts[key] = (cut, prefixes[cut], suffixes[cut])
            if len(self._cuts) > _REMEMBERED:
                self._cuts.pop(next(iter(self._cuts)))
        return cut

    def _cut(self, prefixes: list[int], suffixes: list[int], numbers: int) -> int:
        """How many steps the states go through; the observables go through the others."""
        work = [sum(one.cost() for one in maps) for _, maps in self.steps]
        best, chosen = float("inf"), len(work)
        for cut in range(len(work) + 1):
            if cut < len(work) and numbers << (2 * self.qubits) > _ENTRIES:
                continue
            forward = sum(w * rows for w, rows in zip(work[:cut], prefixes[1:], strict=False))
            backward = sum(w * rows for w, rows in zip(work[cut:], suffixes[cut:], strict=False))
            if forward + numbers * backward < best:
                best, chosen = forward + numbers * backward, cut
        return chosen

    def _meet(self, rows: Rows, reading: Reading, cut: int) -> FloatArray:
        state, seen = self._pushed_forward(rows, cut)
        observable, met = self._pulled_back(rows, reading, cut)
        found = _joined(state, seen, observable, met)
        return found if self.trace == 1.0 else self.trace * found

    def _pushed_forward(self, rows: Rows, cut: int) -> tuple[State, Indices]:
        """The states before step ``cut``, and which of them each set is in."""
        few = rows.representatives(self.before[cut])
        state, earlier = State.ground(self.qubits), few.distinct(frozenset())
        for leg in self.legs(0, cut):
            here = few.distinct(self.before[leg.stop])
            if here is not earlier:
                state = state.at_rows(earlier.kind[here.first])
            turns = self.chain.at(few.values[here.first], leg.slots)
            for one in leg.maps:
                state = state.after(one, turns)
            earlier = here
        return state, rows.distinct(self.before[cut]).kind

    def _pulled_back(self, rows: Rows, reading: Reading, cut: int) -> tuple[Observable, Indices]:
        """The observables before step ``cut``, and which of them each set meets.

        Those of one row are kept for the next call: all rounds of a training step have the same weights.
        """
        kinds, columns = rows.distinct(self.after[cut]), sorted(self.after[cut])
        key = (cut, reading.key, rows.values[0, columns].tobytes())
        if len(kinds) == 1 and key in self._kept:
            return self._kept[key], kinds.kind
        few = rows.representatives(self.after[cut])
        observable, later = reading.observable(self.qubits), few.distinct(frozenset())
        for leg in reversed(self.legs(cut, len(self.steps))):
            here = few.distinct(self.after[leg.start])
            if here is not later:
                observable = observable.at_rows(later.kind[here.first])
            turns = self.chain.at(few.values[here.first], leg.slots)
            for one in reversed(leg.maps):
                if observable.touches(one):
                    observable = observable.before(one, one.matrix(turns))
            later = here
        if len(kinds) == 1:
            self._kept.clear()
            self._kept[key] = observable
        return observable, kinds.kind


def _pieces(kinds: Indices, most: int, most_kinds: int) -> Iterator[Indices]:
    """Sets in pieces of at most ``most`` of at most ``most_kinds`` kinds."""
    order = np.argsort(kinds, kind="stable")
    ordered, start = kinds[order], 0
    while start < len(order):
        stop = int(np.searchsorted(ordered, ordered[start] + most_kinds))
        stop = min(stop, start + most)
        yield order[start:stop]
        start = stop


def _joined(state: State, rows: Indices, observable: Observable, kinds: Indices) -> FloatArray:
    """<observable kinds[s]> in state rows[s], for every set s; shape (sets, numbers)."""
    components = state.components(observable.letters)
    vectors = np.ascontiguousarray(components.reshape(-1, components.shape[-1]).T)
    numbers, many = observable.tensor.shape[-2:]
    forms = np.ascontiguousarray(observable.tensor.reshape(vectors.shape[1], numbers, many).transpose(2, 0, 1))
    rows = rows if len(vectors) > 1 else np.zeros_like(rows)
    if many == 1:
        return np.asarray((vectors @ forms[0])[rows])
    if many * _LOOPED > len(kinds):
        return _gathered(vectors, rows, forms, kinds)
    order = np.argsort(kinds.astype(np.min_scalar_type(many)), kind="stable")  # few bits sort faster
    rows, ends = rows[order], np.cumsum(np.bincount(kinds, minlength=many)).tolist()
    ordered = np.empty((len(kinds), numbers))
    for form, start, stop in zip(forms, [0, *ends], ends, strict=False):
        np.matmul(vectors.take(rows[start:stop], axis=0), form, out=ordered[start:stop])
    result = np.empty_like(ordered)
    result[order] = ordered
    return result


def _gathered(vectors: FloatArray, rows: Indices, forms: FloatArray, kinds: Indices) -> FloatArray:
    size = max(1, _ENTRIES // forms[0].size)
    spans = [slice(i, i + size) for i in range(0, len(kinds), size)]
    return np.concatenate([np.matmul(vectors[rows[s], None, :], forms[kinds[s]])[:, 0] for s in spans])


def compiled(compact: CompactCircuit, channels: Channels) -> Program:
    """A circuit with its noise as a program.

    Raises:
        InputError: For a circuit that is too wide, or one with an operation that is no gate.
    """
    sign = compact.circuit.num_qubits if compact.signed else None
    width = compact.circuit.num_qubits + compact.signed
    if width > MAX_QUBITS:
        raise InputError(
            f"the twin simulates at most {MAX_QUBITS} qubits, the circuit uses {width}; use more parts, or cut it"
        )
    found = lowered(compact, channels)
    chain = Chain(compact.angles, found.angles)
    return Program(width, stages(found.factors, width), chain, compact.wires, sign, found.trace)
