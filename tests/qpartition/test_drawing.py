"""Drawings: where qubits lie, what is coloured and labelled, and files."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import pytest
from matplotlib.figure import Figure
from qiskit_ibm_runtime.fake_provider import FakeManilaV2

from backends import open_qpu
from backends.device import Device
from backends.errors import InputError
from backends.simulated import SnapshotQPU
from qpartition.colours import FREE, SEVERAL, Tenants
from qpartition.drawing import draw_chip
from qpartition.lattice import positions
from qpartition.overview import draw_topology
from qpartition.topology import Topology
from tests.qpartition import toy

MANILA = Topology([open_qpu("fake:manila"), *toy.two_devices()], core_qubits=2)
PLACEMENT = {"l0.i.p0": "fake:manila/0", "l0.f.p0": "fake:manila/1", "l0.i.p1": "a/0", "l0.f.p1": "a/0"}


@pytest.mark.parametrize("name", ["fez", "torino", "brisbane", "kolkata", "manila", "belemv2"])
def test_neighbours_lie_side_by_side_and_nothing_overlaps(name: str) -> None:
    qpu = open_qpu(f"fake:{name.removesuffix('v2')}")
    chip = Topology([qpu], 2).chip(qpu.name)
    at = positions(chip)
    assert set(at) == set(chip) == set(range(qpu.num_qubits))
    assert len({(round(x, 3), round(y, 3)) for x, y in at.values()}) == len(at)
    length = {(a, b): ((at[a][0] - at[b][0]) ** 2 + (at[a][1] - at[b][1]) ** 2) ** 0.5 for a, b in chip.edges}
    assert all(0.6 < value < 1.6 for value in length.values())
    if qpu.num_qubits > 100:
        assert set(length.values()) == {1.0}


def test_square_lattices_and_separate_pieces() -> None:
    grid = nx.convert_node_labels_to_integers(nx.grid_2d_graph(6, 10), ordering="sorted")
    assert positions(grid)[57] == (7.0, -5.0)
    pieces = nx.Graph([(0, 1), (2, 3)])
    pieces.add_node(9)
    assert len(set(positions(pieces).values())) == 5


def test_colours_and_labels_say_what_runs_where() -> None:
    tenants = Tenants.of(PLACEMENT, MANILA.cores)
    assert tenants.colour("fake:manila/0") == tenants.colours["i"] != tenants.colours["f"]
    assert (tenants.colour("a/0"), tenants.colour("b/0")) == (SEVERAL, FREE)
    assert [tenants.label(name) for name in ("fake:manila/1", "a/0", "b/0")] == ["f p0", "i p1 +1", ""]
    assert list(tenants.legend) == ["gate i", "gate f", "several gates", "free core"]
    deep = Tenants.of({"l0.i.p0": "a/0", "l1.i.p0": "a/1"}, MANILA.cores)
    assert deep.label("a/1") == "l1 i p0" and deep.colour("a/1") == deep.colour("a/0")


def texts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is written on the figures that are saved from now on."""
    written: list[str] = []
    original = Figure.savefig

    def savefig(self: Figure, *args: object, **options: object) -> None:
        for axes in self.axes:
            shown = (*axes.texts, *axes.get_legend().get_texts())
            written.extend((axes.get_title("left"), *(text.get_text() for text in shown)))
        original(self, *args, **options)

    monkeypatch.setattr(Figure, "savefig", savefig)
    return written


def test_a_chip_shows_its_qubits_cores_and_tenants(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = texts(monkeypatch)
    path = draw_chip(MANILA, "fake:manila", tmp_path / "chip.png", PLACEMENT)
    assert path.read_bytes().startswith(b"\x89PNG")
    assert {"0", "1", "2", "3", "4", "i p0", "f p0", "gate i", "gate f", "unused qubit"} <= set(written)
    assert "fake:manila: 5 qubits, 4 of them in 2 cores" in written
    assert "broken coupling" not in written and "i p1 +1" not in written
    draw_chip(open_qpu("fake:fez"), None, tmp_path / "fez.svg")
    assert {"155", "broken coupling", "qubit"} <= set(written)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["chip.png", "fez.svg"]


def test_broken_qubits_are_marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written, target = texts(monkeypatch), FakeManilaV2().target
    target["sx"][0,].error = 1.0
    topology = Topology([SnapshotQPU("broken", lambda: Device("broken", target))], 2)
    assert [q for q, works in topology.chip("broken").nodes(data="works") if not works] == [0]
    draw_chip(topology, None, tmp_path / "x.png")
    assert {"broken qubit", "broken coupling"} <= set(written)


def test_the_overview_shows_all_devices_and_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = texts(monkeypatch)
    draw_topology(MANILA, tmp_path / "all.png", PLACEMENT)
    assert {"fake:manila", "a", "b", "classical host", "0.1 s between any two QPUs", "i p0", "i p1\n+1"} <= set(written)
    assert "12 qubits, 6 cores of 2, 1 in use" in written
    draw_topology(Topology(toy.two_devices(), 6, links={("a", "b"): 0.5}), tmp_path / "two.pdf")
    assert "0.5 s between any two QPUs" in written
    many = Topology([toy.CountingQPU(f"q{i}") for i in range(5)], 4, links={("q0", "q1"): 2})
    draw_topology(many, tmp_path / "many.png")
    assert "0.1 to 2 s between two QPUs" in written


def test_drawings_that_are_refused(tmp_path: Path) -> None:
    cases = (
        (lambda: draw_chip(MANILA, None, tmp_path / "x.png"), "which of fake:manila, a, b is to be drawn"),
        (lambda: draw_chip(MANILA, "c", tmp_path / "x.png"), "unknown QPU 'c'"),
        (lambda: draw_chip("fake:fez", None, tmp_path / "x.png"), "'fake:fez' cannot be drawn"),  # type: ignore[arg-type]
        (lambda: draw_chip(open_qpu("exact"), None, tmp_path / "x.png"), "exact is ideal"),
        (lambda: draw_chip(MANILA, "a", tmp_path / "x.txt"), "its suffix must be one of"),
        (lambda: draw_chip(MANILA, "a", tmp_path / "no/x.png"), "cannot write .*writable folder"),
        (lambda: draw_chip(MANILA, "a", None), "path=None is no path of a file"),  # type: ignore[arg-type]
        (lambda: draw_topology(MANILA, 5), "path=5 is no path of a file"),  # type: ignore[arg-type]
        (lambda: draw_topology(None, tmp_path / "x.png"), "None is not a Topology"),  # type: ignore[arg-type]
        (lambda: draw_topology(MANILA, tmp_path / "x.png", 5), "placement=5 must be a dict"),  # type: ignore[arg-type]
        (lambda: draw_topology(MANILA, tmp_path / "x.png", {"k": "a/99"}), "puts 'k' on 'a/99', which is no core here"),
    )
    for draw, message in cases:
        with pytest.raises(InputError, match=message) as caught:
            draw()
        assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())
