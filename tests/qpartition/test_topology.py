"""Names, cores and the graph of a topology."""

from __future__ import annotations

import io
from typing import Any

import networkx as nx
import pytest

from backends.errors import InputError
from backends.qpu import QPU
from qpartition.topology import Topology
from tests.qpartition import toy


def test_cores_of_all_devices_in_order() -> None:
    t = Topology(toy.two_devices(), core_qubits=4)
    assert [core.name for core in t.cores] == ["a/0", "a/1", "a/2", "b/0", "b/1", "b/2"]
    assert t.core("b/1") == t.cores[4]
    assert t.native(t.cores[4]) is not None
    assert Topology(toy.two_devices(), core_qubits=None).cores[0].num_qubits == 12
    assert repr(t) == "Topology(a: 3 cores, b: 3 cores; core_qubits=4)"


def test_devices_of_one_name_get_distinct_names_here_and_keep_their_own() -> None:
    t = Topology([toy.CountingQPU(), toy.CountingQPU(), toy.CountingQPU()], core_qubits=12)
    assert list(t.qpus) == ["toy", "toy#2", "toy#3"]
    assert [core.name for core in t.cores] == ["toy/0", "toy#2/0", "toy#3/0"]
    assert {t.native(core).qpu for core in t.cores} == {"toy"}


def test_the_graph_is_what_networkx_expects() -> None:
    g = Topology(toy.two_devices(), core_qubits=6).graph
    kinds = nx.get_node_attributes(g, "kind")
    assert sorted(kinds.values()) == ["core"] * 4 + ["qpu"] * 2 + ["qubit"] * 24
    assert g.nodes["a"] == {
        "kind": "qpu",
        "qubits": 12,
        "mode": "job",
        "readout_error": 0.5,
        "rep_delay": 250e-6,
        "date": "",
    }
    assert g.nodes["a/1"]["error"] == 0.1
    assert g.nodes["a/1"]["two_qubit_error"] == 0.015
    assert g.edges["a", "b"] == {"kind": "link", "medium": "classical"}
    assert g.edges["a:q6", "a:q7"]["kind"] == "coupling"
    assert g.nodes["a:q6"]["readout_error"] == 0.25
    assert nx.shortest_path_length(g, "a:q0", "b:q0") == 5
    nx.write_graphml(g, io.BytesIO())


def test_an_ideal_core_is_coupled_all_to_all() -> None:
    class Ideal(toy.CountingQPU):
        def cores(self, core_qubits: int | None = None, guard: int = 0) -> Any:
            from backends.core import Core

            return (Core(self.name, 0, (0, 1, 2, 3)),)

    g = Topology([Ideal()]).graph
    couplings = [e for e in g.edges(data="kind") if e[2] == "coupling"]
    assert len(couplings) == 6


class Coreless(toy.CountingQPU):
    """Has no region as wide as asked for."""

    def cores(self, core_qubits: int | None = None, guard: int = 0) -> Any:
        return ()


SAME = toy.CountingQPU()


@pytest.mark.parametrize(
    ("qpus", "core_qubits", "message"),
    [
        ([], 4, "at least one QPU"),
        (["exact"], 4, "'exact' is not a QPU; open it with open_qpu"),
        ([SAME, SAME], 4, "the same QPU object is in the list twice"),
        ([SAME], 0, "core_qubits=0 must be"),
        ([SAME], 2.5, "core_qubits=2.5 must be"),
        ([SAME], 13, "core_qubits=13 exceeds the widest device, toy with 12 qubits"),
        ([Coreless()], 4, "no device of toy has a core of 4 qubits"),
    ],
)
def test_refusals(qpus: list[QPU], core_qubits: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Topology(qpus, core_qubits)


def test_unknown_core_names_the_nearest() -> None:
    with pytest.raises(InputError, match="unknown core 'a/9': did you mean 'a/"):
        Topology([toy.CountingQPU("a")]).core("a/9")
