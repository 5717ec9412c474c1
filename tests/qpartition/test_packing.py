"""Packs: every parameter set once, cores disjoint, as few executions as the busiest core needs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from backends.qpu import PLAIN
from qpartition import packing

Round = dict[str, int]


def piece(key: str, start: int, stop: int) -> packing.Piece:
    return packing.Piece((key, PLAIN), start, stop)


def pack(sets: Round, cores: Round) -> list[packing.Pack]:
    return packing.pack({(k, PLAIN): n for k, n in sets.items()}, {(k, PLAIN): c for k, c in cores.items()})


ROUNDS = st.dictionaries(st.integers(0, 12).map("k{}".format), st.tuples(st.integers(0, 9), st.integers(0, 4)))


def test_cores_run_side_by_side() -> None:
    packs = pack({"a": 3, "b": 3, "c": 2}, {"a": 0, "b": 1, "c": 0})
    assert packs == [(piece("a", 0, 3), piece("b", 0, 3)), (piece("c", 0, 2),)]


def test_a_new_pack_begins_where_a_core_goes_over_to_its_next_circuit() -> None:
    packs = pack({"a": 2, "b": 5, "c": 1}, {"a": 0, "b": 1, "c": 0})
    assert packs == [
        (piece("b", 0, 2), piece("a", 0, 2)),
        (piece("b", 2, 3), piece("c", 0, 1)),
        (piece("b", 3, 5),),
    ]


@given(ROUNDS)
def test_nothing_is_lost_or_run_twice_and_the_busiest_core_sets_the_length(given: dict[str, tuple[int, int]]) -> None:
    sets, cores = {k: n for k, (n, _) in given.items()}, {k: c for k, (_, c) in given.items()}
    packs = pack(sets, cores)
    for one in packs:
        assert len({cores[p.task[0]] for p in one}) == len(one)
        assert len({p.sets for p in one}) == 1
    for key, count in sets.items():
        ran = [n for one in packs for p in one if p.task[0] == key for n in range(p.start, p.stop)]
        assert ran == list(range(count))
    load = [sum(n for k, n in sets.items() if cores[k] == core) for core in set(cores.values())]
    assert sum(one[0].sets for one in packs) == max(load, default=0)


def test_separate_circuits() -> None:
    assert packing.separate({("a", PLAIN): 2, ("b", PLAIN): 0, ("c", PLAIN): 1}) == [
        (piece("a", 0, 2),),
        (piece("c", 0, 1),),
    ]


@given(ROUNDS, st.integers(1, 7))
def test_jobs_of_limited_size(given: dict[str, tuple[int, int]], most: int) -> None:
    packs = pack({k: n for k, (n, _) in given.items()}, {k: c for k, (_, c) in given.items()})
    jobs = packing.split(packs, most)
    lengths = [sum(one[0].sets for one in job) for job in jobs]
    assert all(length == most for length in lengths[:-1])
    assert all(0 < length <= most for length in lengths[-1:])
    for key, (count, _) in given.items():
        ran = [n for job in jobs for one in job for p in one if p.task[0] == key for n in range(p.start, p.stop)]
        assert ran == list(range(count))


def test_one_job_where_there_is_no_limit() -> None:
    packs = pack({"a": 3}, {"a": 0})
    assert packing.split(packs, None) == [packs]
    assert packing.split([], None) == packing.split([], 5) == []
