"""Every instruction set the kernel is compiled for gives the same numbers; without a kernel plain torch answers."""

from __future__ import annotations

import pytest
import torch

from qlstm import QLSTM, Ansatz
from qlstm.exact import library, sequence

LEVELS = range(library.best_level() + 1)
ANSATZE = [Ansatz.chen2020(), Ansatz.chen2024(depth=3), Ansatz.reupload(), Ansatz.chen2020(depth=1, uploads=2)]


def results(ansatz: Ansatz, dtype: torch.dtype, bridges: int) -> list[torch.Tensor]:
    torch.manual_seed(1)
    model = QLSTM(2, 5, parts=2, bridges=bridges, ansatz=ansatz, dtype=dtype)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter)
    x = torch.randn(3, 11, 2, dtype=dtype, requires_grad=True)
    y, (h, c) = model(x)
    (y.square().sum() + c.sum()).backward()
    return [y, h, c, x.grad, *(parameter.grad for parameter in model.parameters())]


@pytest.fixture
def without_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequence, "library", lambda: None)


@pytest.mark.parametrize("bridges", [0, 1])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("ansatz", ANSATZE, ids=str)
def test_every_instruction_set_equals_plain_torch(
    monkeypatch: pytest.MonkeyPatch, ansatz: Ansatz, dtype: torch.dtype, bridges: int
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(sequence, "library", lambda: None)
        expected = results(ansatz, dtype, bridges)
    tolerance = 1e-12 if dtype == torch.float64 else 2e-4
    for level in LEVELS:
        monkeypatch.setattr(sequence, "best_level", lambda level=level: level)
        for ours, reference in zip(results(ansatz, dtype, bridges), expected, strict=True):
            torch.testing.assert_close(ours, reference, rtol=tolerance, atol=tolerance)


def test_the_kernel_was_compiled_here() -> None:
    assert library.library() is not None, "the test environment has a C compiler, so the kernel must be there"


@pytest.mark.usefixtures("without_kernel")
def test_a_model_trains_without_the_kernel() -> None:
    y, _ = QLSTM(1, 3)(torch.randn(4, 2, 1))
    y.sum().backward()
    assert y.shape == (4, 2, 3)


def test_a_library_of_other_sources_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "_ABI", -1)
    library.library.cache_clear()
    try:
        with pytest.raises(RuntimeError, match="compiled from other sources; run 'make setup'"):
            library.library()
    finally:
        library.library.cache_clear()
