"""Packs: every parameter set once, cores disjoint, as few executions as the busiest core needs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from qpartition.packing import Piece, pack, separate

ROUNDS = st.dictionaries(st.integers(0, 12).map("k{}".format), st.tuples(st.integers(0, 9), st.integers(0, 4)))


def test_cores_run_side_by_side() -> None:
    packs = pack({"a": 3, "b": 3, "c": 2}, {"a": 0, "b": 1, "c": 0})
    assert packs == [(Piece("a", 0, 3), Piece("b", 0, 3)), (Piece("c", 0, 2),)]


def test_a_new_pack_begins_where_a_core_goes_over_to_its_next_circuit() -> None:
    packs = pack({"a": 2, "b": 5, "c": 1}, {"a": 0, "b": 1, "c": 0})
    assert packs == [
        (Piece("b", 0, 2), Piece("a", 0, 2)),
        (Piece("b", 2, 3), Piece("c", 0, 1)),
        (Piece("b", 3, 5),),
    ]


@given(ROUNDS)
def test_nothing_is_lost_or_run_twice_and_the_busiest_core_sets_the_length(given: dict[str, tuple[int, int]]) -> None:
    sets, cores = {k: n for k, (n, _) in given.items()}, {k: c for k, (_, c) in given.items()}
    packs = pack(sets, cores)
    for one in packs:
        assert len({cores[piece.key] for piece in one}) == len(one)
        assert len({piece.sets for piece in one}) == 1
    for key, count in sets.items():
        ran = [n for one in packs for piece in one if piece.key == key for n in range(piece.start, piece.stop)]
        assert ran == list(range(count))
    load = [sum(n for k, n in sets.items() if cores[k] == core) for core in set(cores.values())]
    assert sum(one[0].sets for one in packs) == max(load, default=0)


def test_separate_circuits() -> None:
    assert separate({"a": 2, "b": 0, "c": 1}) == [(Piece("a", 0, 2),), (Piece("c", 0, 1),)]
