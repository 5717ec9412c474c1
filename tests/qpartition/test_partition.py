"""Partitions of v = [h; x]: sizes of array_split, nothing lost, and every refusal."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.errors import InputError
from qpartition.partition import STRATEGIES, Partition, partition


@st.composite
def sizes(draw: st.DrawFn) -> tuple[int, int, int]:
    """input_size, hidden_size, parts."""
    hidden = draw(st.integers(1, 12))
    return draw(st.integers(1, 12)), hidden, draw(st.integers(1, hidden))


def widest(inputs: int, hidden: int) -> int:
    """A width no part can exceed."""
    return inputs + hidden


@given(sizes(), st.sampled_from(sorted(STRATEGIES)))
def test_outputs_are_split_by_array_split_and_nothing_is_lost(size: tuple[int, int, int], name: str) -> None:
    inputs, hidden, parts = size
    p = partition(name, inputs, hidden, parts, qubits=widest(inputs, hidden))
    assert p.parts == parts
    assert p.outputs == tuple(len(a) for a in np.array_split(np.arange(hidden), parts))
    assert {i for part in p.inputs for i in part} == set(range(inputs + hidden))
    joined = np.concatenate([np.arange(hidden)[s] for s in p.output_slices])
    np.testing.assert_array_equal(joined, np.arange(hidden))


@given(sizes())
def test_contiguous_inputs_are_those_of_array_split(size: tuple[int, int, int]) -> None:
    inputs, hidden, parts = size
    p = partition("contiguous", inputs, hidden, parts, qubits=widest(inputs, hidden))
    assert [list(part) for part in p.inputs] == [a.tolist() for a in np.array_split(np.arange(inputs + hidden), parts)]


@given(sizes())
def test_input_first_is_contiguous_in_x_then_h(size: tuple[int, int, int]) -> None:
    inputs, hidden, parts = size
    p = partition("input-first", inputs, hidden, parts, qubits=widest(inputs, hidden))
    order = np.roll(np.arange(inputs + hidden), inputs)  # x, the last entries of v, come first
    assert [list(part) for part in p.inputs] == [a.tolist() for a in np.array_split(order, parts)]


@given(sizes())
def test_round_robin_gives_feature_i_to_part_i_mod_parts(size: tuple[int, int, int]) -> None:
    inputs, hidden, parts = size
    p = partition("round-robin", inputs, hidden, parts, qubits=widest(inputs, hidden))
    for i in range(inputs + hidden):
        assert [m for m, part in enumerate(p.inputs) if i in part] == [i % parts]
    assert all(list(part) == sorted(part) for part in p.inputs)


@given(sizes())
def test_shared_input_gives_every_part_its_slice_of_h_then_all_of_x(size: tuple[int, int, int]) -> None:
    inputs, hidden, parts = size
    p = partition("shared-input", inputs, hidden, parts)
    x = list(range(hidden, hidden + inputs))
    own = np.array_split(np.arange(hidden), parts)
    assert [list(part) for part in p.inputs] == [h.tolist() + x for h in own]
    assert p.qubits == tuple(len(h) + inputs for h in own)


def test_unequal_widths_and_extra_qubits() -> None:
    p = partition("shared-input", 2, 5, 2, qubits=[5, 7])
    assert p.qubits == (5, 7)
    assert p.width == 7
    assert partition("contiguous", 2, 4, 2).qubits == (3, 3)


def test_index_lists_and_partitions_are_taken_as_they_are() -> None:
    lists = [[0, 3], [2, 1, 3]]
    p = partition(lists, 1, 3)
    assert p.inputs == ((0, 3), (2, 1, 3))
    assert p.outputs == (2, 1)
    assert p.qubits == (2, 3)
    assert partition(p, 1, 3) == p
    assert partition(p, 1, 3, qubits=4).qubits == (4, 4)
    assert Partition.explicit(lists, 1, 3, outputs=(1, 2)).outputs == (1, 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("contigous", 1, 2, 1), "unknown partition 'contigous': did you mean 'contiguous'"),
        (("contiguous", 0, 2, 1), "input_size=0 must be an integer of at least 1"),
        (("contiguous", 1, -2, 1), "hidden_size=-2 must be"),
        (("contiguous", 1, 2.0, 1), "hidden_size=2.0 must be"),
        (("contiguous", 1, 2, True), "parts=True must be"),
        (("contiguous", 1, 2, 3), "parts=3 exceeds hidden_size=2"),
        (([], 1, 2), "at least one part"),
        (([[0, 1, 2, 3]], 1, 2), r"part 0 names entry 3 .* entries 0..2"),
        (([[0, 1], [-1, 2]], 1, 2), "part 1 names entry -1"),
        (([[0, 1, 1, 2]], 1, 2), "part 0 names an entry twice"),
        (([[0], [2]], 1, 2), r"entries \[1\] of v"),
        (([[0, 1, 2], [0], [1]], 1, 2), r"part 2 has no outputs \(3 parts for 2 outputs\)"),
        (("contiguous", 1, 3, 2, 1), "part 0 has 2 inputs but only 1 qubits"),
        (("contiguous", 1, 3, 2, [2]), "1 widths for 2 parts"),
        (([[0, 1, 2, 3], [0]], 1, 3, 1, [4, 0]), "part 1 has 1 inputs but only 0 qubits"),
        (([[0], [0, 1, 2, 3]], 1, 3), "part 0 has 2 outputs but only 1 qubits"),
    ],
)
def test_refusals(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(InputError, match=message) as error:
        partition(*arguments)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("outputs", [(3,), (1, 1), (2, 2, -1)])
def test_outputs_must_be_one_per_part_and_sum_to_the_hidden_size(outputs: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match=r"must be one size per part \(2\) and sum to hidden_size=3"):
        Partition.explicit([[0, 1], [2, 3]], 1, 3, outputs=outputs)
