"""The plain torch path on a CUDA device gives what the CPU kernel gives; skipped where there is no such device."""

from __future__ import annotations

import pytest
import torch

from qlstm import QLSTM, Ansatz

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")

ANSATZE = [Ansatz.chen2020(), Ansatz.chen2024(depth=3), Ansatz.reupload()]


@pytest.mark.parametrize("ansatz", ANSATZE, ids=["chen2020", "chen2024", "reupload"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_outputs_and_gradients_equal_the_cpu(ansatz: Ansatz, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    model = QLSTM(2, 4, num_layers=2, bidirectional=True, parts=2, ansatz=ansatz, dtype=dtype)
    x = torch.randn(5, 9, 2, dtype=dtype)
    there = QLSTM(2, 4, num_layers=2, bidirectional=True, parts=2, ansatz=ansatz, dtype=dtype, device="cuda")
    there.load_state_dict(model.state_dict())
    results = []
    for m, given in ((model, x.clone()), (there, x.cuda())):
        given.requires_grad_()
        y, (h, c) = m(given)
        (y.square().sum() + h.sum() + c.cos().sum()).backward()
        results.append([y, h, c, given.grad, *(p.grad for p in m.parameters())])
    tolerance = 1e-4 if dtype == torch.float32 else 1e-11
    for ours, cuda in zip(*results, strict=True):
        torch.testing.assert_close(cuda.cpu(), ours, rtol=tolerance, atol=tolerance)
