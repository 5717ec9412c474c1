"""Names, shapes and starting values of the parameters, and how many angles there are."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from qlstm import QLSTM, Ansatz, Forecaster, QLSTMCell


def shapes(model: torch.nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(p.shape) for name, p in model.named_parameters()}


def test_names_and_shapes_of_general_rotations() -> None:
    model = QLSTM(1, 5, 2, bidirectional=True, parts=2, ansatz=Ansatz.chen2020(depth=3))
    wide = {0: (3, 3), 1: (8, 7)}  # v has 6 entries, then 5 + 10
    expected = {
        f"weight_l{layer}_p{part}{way}": (4, 3, wide[layer][part], 3)
        for layer in (0, 1) for way in ("", "_reverse") for part in (0, 1)
    }  # fmt: skip
    assert shapes(model) == expected


def test_names_and_shapes_of_ry_rotations() -> None:
    model = QLSTM(2, 5, parts=3, ansatz=Ansatz.chen2024())
    assert shapes(model) == {f"weight_l0_p{part}": (4, 5, q) for part, q in enumerate((3, 2, 2))}
    assert shapes(QLSTM(1, 2, ansatz=Ansatz.chen2020(uploads=2)))["weight_l0_p0"] == (4, 2, 2, 3, 3)


def test_names_and_shapes_of_affine_maps() -> None:
    model = QLSTM(1, 4, parts=2, partition="shared-input", ansatz=Ansatz.reupload(uploads=2, depth=1))
    expected: dict[str, tuple[int, ...]] = {"gain_l0": (4, 4), "offset_l0": (4, 4)}
    for part in (0, 1):
        expected |= {f"weight_l0_p{part}": (4, 2, 1, 3), f"scale_l0_p{part}": (4, 2, 3), f"bias_l0_p{part}": (4, 2, 3)}
    assert shapes(model) == expected


def test_extra_qubits_have_weights_but_no_inputs() -> None:
    model = QLSTM(1, 3, qubits=6, ansatz=Ansatz.reupload())
    assert model.weight_l0_p0.shape == (4, 2, 2, 6)
    assert model.scale_l0_p0.shape == (4, 2, 4)


def test_the_cell_has_no_layer_in_its_names() -> None:
    assert shapes(QLSTMCell(1, 2, ansatz=Ansatz.reupload())).keys() == {
        "weight_p0",
        "scale_p0",
        "bias_p0",
        "gain",
        "offset",
    }


@pytest.mark.parametrize(("angles", "preset"), [(3, "chen2020"), (1, "chen2024")])
@pytest.mark.parametrize(("inputs", "hidden", "parts"), [(1, 2, 1), (1, 5, 2), (4, 8, 3)])
def test_equation_11(inputs: int, hidden: int, parts: int, angles: int, preset: str) -> None:
    """P = 4 x sum over parts of P_VQC, and P_VQC = depth x qubits x angles."""
    model = QLSTM(inputs, hidden, parts=parts, ansatz=Ansatz.named(preset, depth=3))
    widths = [len(part) for part in np.array_split(np.arange(inputs + hidden), parts)]
    assert model.n_quantum_parameters == 4 * sum(3 * q * angles for q in widths)


@pytest.mark.parametrize(("qubits", "count"), [(3, 63), (4, 84), (5, 105), (6, 126)])
def test_parameters_of_table_1(qubits: int, count: int) -> None:
    """The paper's centric models, linear head included, as its table counts them: 4 x 5 x q + q - 1 + 1."""
    model = Forecaster(1, qubits - 1, ansatz=Ansatz.chen2024(5))
    assert sum(p.numel() for p in model.parameters()) == count


def test_equation_12_counts_the_extra_blocks() -> None:
    """VQC5 after every cell and VQC6 as the head: N_extra = 2 blocks of hidden_size qubits here."""
    plain = QLSTM(1, 4, parts=2, ansatz=Ansatz.chen2020(2))
    extra = QLSTM(1, 4, parts=2, ansatz=Ansatz.chen2020(2), hidden_vqc=True)
    assert extra.n_quantum_parameters - plain.n_quantum_parameters == 2 * 4 * 3
    forecaster = Forecaster(1, 4, parts=2, ansatz=Ansatz.chen2020(2), hidden_vqc=True, head="vqc")
    assert forecaster.n_quantum_parameters == extra.n_quantum_parameters + 2 * 4 * 3
    assert forecaster.n_quantum_parameters == sum(p.numel() for p in forecaster.parameters())


def test_affine_maps_are_not_counted_as_angles() -> None:
    model = QLSTM(1, 3, ansatz=Ansatz.reupload())
    assert model.n_quantum_parameters == model.get_parameter("weight_l0_p0").numel()


def test_starting_values() -> None:
    model = QLSTM(5, 40, parts=15, ansatz=Ansatz.reupload(depth=5))
    weights = torch.cat([p.flatten() for name, p in model.named_parameters() if name.startswith("weight")])
    assert weights.std().item() == pytest.approx(0.01, rel=0.1)
    assert abs(weights.mean().item()) < 0.001
    constant = {"scale": 1.0, "bias": 0.0, "gain": 2.0, "offset": 0.0}
    for name, parameter in model.named_parameters():
        if not name.startswith("weight"):
            assert (parameter == constant[name.split("_")[0]]).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_seed_gives_the_same_start(dtype: torch.dtype) -> None:
    def made(seed: int) -> QLSTM:
        torch.manual_seed(seed)
        return QLSTM(1, 3, 2, parts=2, ansatz=Ansatz.reupload(), bidirectional=True, dtype=dtype)

    with torch.random.fork_rng():
        one, same, other = made(1), made(1), made(2)
        for name, parameter in one.named_parameters():
            assert torch.equal(parameter, same.get_parameter(name))
            assert torch.equal(parameter, other.get_parameter(name)) != name.startswith("weight")
        torch.manual_seed(1)
        other.reset_parameters()
        for name, parameter in one.named_parameters():
            assert torch.equal(parameter, other.get_parameter(name))


def test_weights_of_gates_and_parts_start_apart() -> None:
    model = QLSTM(1, 5, 2, parts=2, bidirectional=True)
    flat = torch.cat([p.flatten() for p in model.parameters()])
    assert len(set(flat.tolist())) > 0.99 * len(flat)
