"""Names, cores and the graph of a topology."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest

from backends import open_qpu
from backends.errors import InputError
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
    assert g.edges["a", "b"] == {"kind": "link", "medium": "classical", "host": "classical host", "latency": 0.1}
    assert g.edges["a:q6", "a:q7"]["kind"] == "coupling"
    assert g.nodes["a:q6"]["readout_error"] == 0.25
    assert nx.shortest_path_length(g, "a:q0", "b:q0") == 5
    nx.write_graphml(g, io.BytesIO())


def test_links_have_the_latency_given() -> None:
    devices = [toy.CountingQPU(name) for name in "abc"]
    t = Topology(devices, links={("c", "a"): 0.25, ("a", "b"): 0})
    assert t.links == {("a", "b"): 0.0, ("a", "c"): 0.25, ("b", "c"): 0.1}
    assert nx.shortest_path_length(t.graph, "a", "c", weight="latency") == pytest.approx(0.1)


def test_couplings_have_error_and_duration() -> None:
    qpu = open_qpu("fake:torino")
    t = Topology([qpu], core_qubits=3, guard=1)
    target = qpu.device.target["cz"]
    couplings = [(a, b, data) for a, b, data in t.graph.edges(data=True) if data["kind"] == "coupling"]
    assert len(couplings) == 2 * len(t.cores)
    for a, b, data in couplings:
        values = target[t.graph.nodes[a]["qubit"], t.graph.nodes[b]["qubit"]]
        assert (data["error"], data["duration"]) == (values.error, values.duration)
    chip = t.chip("fake:torino")
    assert len(chip) == 133 and chip.number_of_edges() == 150
    broken = {(a, b) for a, b, works in chip.edges(data="works") if not works}
    assert broken == {(a, b) for a, b in target if a < b and target[a, b].error >= 1} and len(broken) == 11
    assert nx.get_edge_attributes(chip, "duration")[0, 1] == target[0, 1].duration
    for core in t.cores:
        assert {q for q, name in chip.nodes(data="core") if name == core.name} == set(core.qubits)


def test_cores_of_unequal_width_and_chosen_ones() -> None:
    a, b = toy.two_devices()
    t = Topology([a, b], core_qubits={"b": 3, "a": None})
    assert [core.num_qubits for core in t.cores] == [12, 3, 3, 3, 3]
    manila = open_qpu("fake:manila")
    chosen = manila.core([1, 2]), manila.core([4, 3])
    t = Topology([a, manila], core_qubits={"a": 6, "fake:manila": chosen})
    assert [core.name for core in t.cores] == ["a/0", "a/1", "fake:manila/q1-2", "fake:manila/q4-3"]
    assert t.native(t.core("fake:manila/q4-3")) is chosen[1]


MANILA = open_qpu("fake:manila")
CORES = (MANILA.core([1, 2]), MANILA.core([2, 3]))


@pytest.mark.parametrize(
    ("widths", "message"),
    [
        ({"a": 2}, "says nothing of b; give a width for every QPU"),
        ({"a": 2, "b": 2, "c": 2}, "unknown QPU in core_qubits 'c'"),
        ({"a": 2, "b": 13}, "core_qubits of b=13 exceeds b with 12 qubits"),
        ({"a": 2, "b": 0}, "core_qubits of b=0 must be"),
        ({"a": 2, "b": ["1", "2"]}, "must be a width, None, or cores of b"),
        ({"a": 2, "b": CORES}, "must be a width, None, or cores of b"),
    ],
)
def test_widths_that_are_refused(widths: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Topology(toy.two_devices(), widths)


def test_chosen_cores_that_overlap() -> None:
    with pytest.raises(InputError, match="cores chosen on fake:manila share qubit 2"):
        Topology([MANILA], {"fake:manila": CORES})


@pytest.mark.parametrize(("first", "second", "guard"), [([0], [1], 1), ([0], [2], 2), ([0, 1], [3, 4], 2)])
def test_chosen_cores_keep_the_guard(first: list[int], second: list[int], guard: int) -> None:
    chosen = {"fake:manila": [MANILA.core(first), MANILA.core(second)]}  # a line of five qubits
    with pytest.raises(InputError, match=rf"on qubits .* are closer than guard={guard} unused qubits"):
        Topology([MANILA], chosen, guard=guard)
    assert len(Topology([MANILA], chosen, guard=guard - 1).cores) == 2


def test_numpy_integers_are_widths() -> None:
    assert Topology([MANILA], np.int64(2)).cores == Topology([MANILA], {"fake:manila": np.int64(2)}).cores
    assert repr(Topology([MANILA], {"fake:manila": np.int64(2)})).endswith("core_qubits={'fake:manila': 2})")


@pytest.mark.parametrize(
    ("links", "message"),
    [
        ({("a", "c"): 1.0}, "unknown QPU in links 'c'"),
        ({("a", "a"): 1.0}, "a link is a pair of the names of two QPUs"),
        ({"ab": 1.0}, "links has 'ab'"),
        ({("a", "b"): -1.0}, r"the link of a and b takes -1\.0; give seconds"),
        ({("a", "b"): float("nan")}, "takes nan"),
        ({("a", "b"): "1"}, "takes '1'"),
        ({("a", "b"): 1.0, ("b", "a"): 1.0}, "links has a and b twice"),
        ([("a", "b")], "must be a dict of pairs"),
    ],
)
def test_links_that_are_refused(links: Any, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        Topology(toy.two_devices(), links=links)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", [".graphml", ".json"])
def test_a_saved_topology_is_the_graph(suffix: str, tmp_path: Path) -> None:
    t = Topology([*toy.two_devices(), open_qpu("fake:manila")], core_qubits=2)
    path = t.save(tmp_path / f"t{suffix}")
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    read = (
        nx.read_graphml(path)
        if suffix == ".graphml"
        else nx.node_link_graph(json.loads(path.read_text()), edges="edges")
    )
    assert dict(read.nodes(data=True)) == dict(t.graph.nodes(data=True))
    assert {frozenset(e[:2]): e[2] for e in read.edges(data=True)} == {
        frozenset(e[:2]): e[2] for e in t.graph.edges(data=True)
    } or suffix == ".graphml"  # GraphML adds an id to edges


def test_saves_that_are_refused(tmp_path: Path) -> None:
    t = Topology([toy.CountingQPU()])
    for name, message in (
        ("t.xml", "unknown suffix of t.xml: '.xml'"),
        ("none/t.json", "cannot write .*writable folder"),
    ):
        with pytest.raises(InputError, match=message) as caught:
            t.save(tmp_path / name)
        assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="unknown QPU 'b'"):
        t.chip("b")
    assert not list(tmp_path.iterdir())


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
        (None, 4, "qpus=None must be a list of QPUs"),
        (SAME, 4, "must be a list of QPUs"),
        ("exact", 4, "qpus='exact' must be a list of QPUs"),
        ([MANILA], {"fake:manila": MANILA.core([1])}, "or cores of fake:manila in a list"),
        (["exact"], 4, "'exact' is not a QPU; open it with open_qpu"),
        ([SAME, SAME], 4, "the same QPU object is in the list twice"),
        ([SAME], 0, "core_qubits=0 must be"),
        ([SAME], 2.5, "core_qubits=2.5 must be"),
        ([SAME], 13, "core_qubits=13 exceeds the widest device, toy with 12 qubits"),
        ([Coreless()], 4, "no device of toy has a core of 4 qubits"),
    ],
)
def test_refusals(qpus: Any, core_qubits: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Topology(qpus, core_qubits)


@pytest.mark.parametrize("name", [[], None, 3])
def test_names_that_are_none(name: Any) -> None:
    for use in (Topology([SAME]).core, Topology([SAME]).chip):
        with pytest.raises(InputError, match=r"unknown (core|QPU)"):
            use(name)


def test_unknown_core_names_the_nearest() -> None:
    with pytest.raises(InputError, match="unknown core 'a/9': did you mean 'a/"):
        Topology([toy.CountingQPU("a")]).core("a/9")
