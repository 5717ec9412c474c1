"""The compiled kernel against plain torch: every ansatz, width, batch size, instruction set and precision."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from qlstm import QLSTM, Ansatz
from qlstm.ansatz import Encoding, Entangler, Rotation
from qlstm.evaluate import Exact
from qlstm.exact import library, sequence
from tests.qlstm.model.cases import scramble
from tests.qlstm.model.gradients import assert_close, gradients, weighted

TOLERANCE = {torch.float64: 1e-12, torch.float32: 1e-4}
Answer = tuple[dict[str, Tensor], dict[str, Tensor]]


def both(model: QLSTM, x: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Answer, Answer]:
    """Outputs and gradients by name, of the kernel and of plain torch."""
    x = x.detach().clone().requires_grad_()
    leaves = dict(model.named_parameters()) | {"x": x}
    answers = []
    for evaluator in (None, Exact(dict(model.named_parameters()))):
        y, (h, c) = model.run(x, hx, evaluator)
        answers.append(({"y": y, "h": h, "c": c}, gradients(weighted((y, h, c)), leaves)))
    return answers[0], answers[1]


def assert_agree(
    model: QLSTM, x: Tensor, hx: tuple[Tensor, Tensor] | None = None, tolerance: float | None = None
) -> None:
    """Kernel and plain torch agree, gradients included."""
    kernel, plain = both(model, x, hx)
    limit = tolerance or TOLERANCE[x.dtype]
    assert_close(kernel[0], plain[0], limit)
    assert_close(kernel[1], plain[1], limit)


def some_model(dtype: torch.dtype = torch.float64, **options: object) -> QLSTM:
    """Two parts of three qubits, everything trainable, unless changed."""
    fields: dict[str, object] = {
        "input_size": 2,
        "hidden_size": 4,
        "parts": 2,
        "ansatz": Ansatz.chen2020(affine_input=True),
    }
    model = QLSTM(**(fields | options), dtype=dtype)  # type: ignore[arg-type]
    scramble(model)
    return model


def test_the_kernel_is_what_runs() -> None:
    """All tests of this file would pass with plain torch alone, if nothing made sure of this."""
    model = some_model()
    assert library.library() is not None
    assert sequence.can_run(model.banks[0, 0], torch.zeros(1, 1, 2, dtype=torch.float64))
    y, _ = model(torch.zeros(1, 1, 2, dtype=torch.float64))
    assert "_Sequence" in str(y.grad_fn)


@st.composite
def models(draw: st.DrawFn) -> tuple[QLSTM, Tensor, tuple[Tensor, Tensor] | None]:
    """Any small model, input and start; float32 or float64."""
    ansatz = Ansatz(
        encoding=draw(st.sampled_from(get_args(Encoding))),
        entangler=draw(st.sampled_from(get_args(Entangler))),
        rotation=draw(st.sampled_from(get_args(Rotation))),
        depth=draw(st.integers(1, 3)),
        uploads=draw(st.integers(1, 3)),
        affine_input=draw(st.booleans()),
        affine_output=draw(st.booleans()),
    )
    both_ways, layers = draw(st.booleans()), draw(st.integers(1, 2))
    inputs, hidden = draw(st.integers(1, 3)), draw(st.integers(1, 4 if layers == 1 else 2))  # at most 7 qubits
    parts = draw(st.integers(1, hidden))
    strategy = draw(st.sampled_from(["contiguous", "round-robin", "shared-input"]))
    dtype = draw(st.sampled_from([torch.float64, torch.float32]))
    model = QLSTM(
        inputs, hidden, layers, bidirectional=both_ways, parts=parts, partition=strategy, ansatz=ansatz, dtype=dtype
    )
    scramble(model, draw(st.integers(0, 99)))
    steps, batch = draw(st.integers(1, 3)), draw(st.integers(1, 18))
    source = torch.Generator().manual_seed(draw(st.integers(0, 99)))
    x = torch.randn(steps, batch, inputs, generator=source, dtype=dtype)
    rows = layers * (1 + both_ways)
    h0, c0 = torch.randn(2, rows, batch, hidden, generator=source, dtype=dtype)
    return model, x, draw(st.sampled_from([None, (h0, c0)]))


@settings(max_examples=20, deadline=None)
@given(models())
def test_any_model(given: tuple[QLSTM, Tensor, tuple[Tensor, Tensor] | None]) -> None:
    assert_agree(*given)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("batch", [1, 7, 8, 9, 15, 16, 17, 33, 520])
def test_batches_around_the_vector_width(batch: int, dtype: torch.dtype) -> None:
    model = some_model(dtype, ansatz=Ansatz.chen2020(1, affine_input=True))
    assert_agree(model, torch.randn(2, batch, 2, dtype=dtype))


@pytest.mark.parametrize("level", range(library.best_level() + 1))
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    "ansatz", [Ansatz.chen2020(), Ansatz.chen2024(2), Ansatz.reupload(), Ansatz.reupload(encoding="arctan")]
)
def test_every_instruction_set(level: int, dtype: torch.dtype, ansatz: Ansatz, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequence, "best_level", lambda: level)
    assert_agree(some_model(dtype, ansatz=ansatz), torch.randn(2, 11, 2, dtype=dtype))


@pytest.mark.parametrize(("qubits", "depth", "batch"), [(8, 2, 3), (10, 2, 2), (12, 1, 2), (14, 1, 1)])
@pytest.mark.parametrize("ansatz", ["chen2020", "chen2024"])
def test_wide_parts(qubits: int, depth: int, batch: int, ansatz: str) -> None:
    model = some_model(input_size=1, hidden_size=qubits - 1, parts=1, ansatz=Ansatz.named(ansatz, depth=depth))
    assert_agree(model, torch.randn(1, batch, 1, dtype=torch.float64))


def test_parts_of_one_qubit() -> None:
    model = some_model(input_size=1, hidden_size=3, partition=[[3], [0], [1, 2]], ansatz=Ansatz.reupload())
    assert model.banks[0, 0].partition.qubits == (1, 1, 2)
    assert_agree(model, torch.randn(3, 5, 1, dtype=torch.float64))


@pytest.mark.parametrize("size", [1e4, 1e8, 1e12, 1e30])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_large_inputs_of_the_arctan_encoding(size: float, dtype: torch.dtype) -> None:
    """Raw, unscaled data, such as populations or a country's product, saturates the encoding and nothing else."""
    model = some_model(dtype, ansatz=Ansatz.chen2020())
    x = size * torch.tensor([1, -1, 0.3], dtype=dtype).reshape(1, 3, 1).expand(2, 3, 2)
    kernel, plain = both(model, x)
    assert_close(kernel[0], plain[0], TOLERANCE[dtype])
    assert_close(kernel[1], plain[1], TOLERANCE[dtype])


@pytest.mark.parametrize("size", [1e3, 2e4, 1e8])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_large_inputs_of_the_angle_encoding(size: float, dtype: torch.dtype) -> None:
    """Angles of many turns: the reduction to one turn keeps every digit that the input has."""
    model = some_model(dtype, ansatz=Ansatz.chen2024(2))
    x = size * torch.tensor([1, -1, 0.3], dtype=dtype).reshape(1, 3, 1).expand(2, 3, 2)
    assert_agree(model, x)


@pytest.mark.parametrize("value", [0.0, -0.0, 1e-300, -1e-9])
def test_small_inputs(value: float) -> None:
    for ansatz in (Ansatz.chen2020(), Ansatz.chen2024(1)):
        assert_agree(some_model(ansatz=ansatz), torch.full((2, 3, 2), value, dtype=torch.float64))


def test_gates_driven_into_saturation() -> None:
    """sigma and tanh of numbers far outside the range in which exp is finite."""
    model = some_model(ansatz=Ansatz.reupload())
    with torch.no_grad():
        model.get_parameter("gain_l0").mul_(1e4)
        model.get_parameter("offset_l0").mul_(1e4)
    x = torch.randn(3, 9, 2, dtype=torch.float64)
    kernel, plain = both(model, x, hx=(torch.zeros(1, 9, 4).double(), 1e5 * torch.randn(1, 9, 4).double()))
    assert all(torch.isfinite(tensor).all() for tensor in (*kernel[0].values(), *kernel[1].values()))
    assert_close(kernel[0], plain[0], 1e-12)
    assert_close(kernel[1], plain[1], 1e-12)


def test_weights_that_are_nan_show_in_the_output() -> None:
    model = some_model()
    with torch.no_grad():
        model.get_parameter("weight_l0_p1")[1, 0, 0, 1] = float("nan")
    assert torch.isnan(model(torch.randn(2, 3, 2).double())[0]).any()


@pytest.mark.parametrize("ansatz", [Ansatz.chen2020(depth=1), Ansatz.reupload(depth=1, encoding="arctan")])
def test_gradcheck(ansatz: Ansatz) -> None:
    model = some_model(ansatz=ansatz, bidirectional=True, hidden_size=2)
    x, h0, c0 = (torch.randn(2, 3, 2).double().requires_grad_() for _ in range(3))

    def run(x: Tensor, h0: Tensor, c0: Tensor, *_: Tensor) -> tuple[Tensor, ...]:
        y, (h, c) = model(x, (h0, c0))
        return y, h, c

    assert torch.autograd.gradcheck(run, (x, h0, c0, *model.parameters()))


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    with torch.random.fork_rng():
        torch.manual_seed(11)
        yield
