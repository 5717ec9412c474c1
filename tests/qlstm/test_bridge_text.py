"""Bridges as text: a number, or pairs of qubits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.errors import InputError
from qlstm.bridge_text import checked_bridges, n_bridges, read_bridges, write_bridges
from qlstm.training import RunSettings

QUBIT = st.integers(0, 10**6)
BRIDGES = st.integers(0, 10**6) | st.lists(st.tuples(QUBIT, QUBIT), min_size=1, max_size=4)


@given(BRIDGES)
def test_reading_undoes_writing(bridges):
    known = checked_bridges(bridges)
    assert read_bridges(write_bridges(known)) == known
    assert n_bridges(known) == (bridges if isinstance(bridges, int) else len(bridges))


@pytest.mark.parametrize(
    ("text", "found"),
    [("2", 2), (" 0-3 , 1-4", ((0, 3), (1, 4))), ("0-3+4-1", ((0, 3), (1, 4))), ("7-7", ((7, 7),)), ("-1", -1)],
)
def test_what_can_be_typed(text, found):
    assert read_bridges(text) == found


@pytest.mark.parametrize("text", ["", "a", "1.5", "0-3,", "0-3;1-4", "0--3", "0-3-5", "1,2", "²", "0-3,1", "9" * 5000])
def test_anything_else_is_one_line(text):
    with pytest.raises(InputError, match="must be a number of bridges per layer, or pairs of qubits such as 0-3,1-4"):
        read_bridges(text)


@pytest.mark.parametrize(
    "bridges", ["0-3", [0, 3], [[0]], [[0, "3"]], [[0, -3]], [[True, 2]], {"a": 1}, None, True, 1.5]
)
def test_settings_refuse_what_is_neither(bridges):
    with pytest.raises(InputError, match="bridges"):
        RunSettings(task="a", bridges=bridges)


def test_settings_have_one_form_of_pairs():
    known = RunSettings(task="a", bridges=[[3, 0], (1, 4)])
    assert known.bridges == ((0, 3), (1, 4))
    assert RunSettings.from_dict(known.to_dict()) == known
    assert RunSettings(task="a", bridges=[]) == RunSettings(task="a")
