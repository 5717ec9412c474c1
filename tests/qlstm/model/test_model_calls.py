"""How the kernel may be called: threads, layouts, autograd's habits, memory; and what must not crash it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from textwrap import dedent

import pytest
import torch
from torch import Tensor

from qlstm import QLSTM, Ansatz
from qlstm.evaluate import Exact
from tests.qlstm.model.cases import scramble
from tests.qlstm.model.gradients import assert_close, gradients, unless_refused, weighted

ROOT = Path(__file__).parents[3]
STATM = Path("/proc/self/statm")


@pytest.fixture(autouse=True)
def _undisturbed() -> Iterator[None]:
    """Threads and random numbers as they were."""
    threads = torch.get_num_threads()
    with torch.random.fork_rng():
        torch.manual_seed(5)
        yield
    torch.set_num_threads(threads)


def some_model(parts: int = 2, dtype: torch.dtype = torch.float64) -> QLSTM:
    """Everything trainable that there is."""
    ansatz = Ansatz.reupload(encoding="arctan", rotation="rot")
    model = QLSTM(2, 4, parts=parts, ansatz=ansatz, dtype=dtype)
    scramble(model)
    return model


def answer(model: QLSTM, x: Tensor) -> dict[str, Tensor]:
    """Outputs and gradients, detached, by name."""
    leaves = dict(model.named_parameters()) | {"x": x.detach().clone().requires_grad_()}
    y, (h, c) = model(leaves["x"])
    return {"y": y.detach(), "h": h.detach(), "c": c.detach()} | gradients(weighted((y, h, c)), leaves)


def assert_same(a: dict[str, Tensor], b: dict[str, Tensor]) -> None:
    """To the bit."""
    assert a.keys() == b.keys()
    assert [name for name in a if not torch.equal(a[name], b[name])] == []


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("batch", [9, 17, 40, 300])
def test_one_and_two_threads_give_the_same_bits(batch: int, dtype: torch.dtype) -> None:
    """Six qubits and eight steps are enough work for the kernel to share it out."""
    model, x = some_model(parts=1, dtype=dtype), torch.randn(8, batch, 2, dtype=dtype)
    torch.set_num_threads(1)
    alone = answer(model, x)
    torch.set_num_threads(2)
    for _ in range(3):
        assert_same(answer(model, x), alone)


def test_a_sample_does_not_depend_on_its_batch() -> None:
    model, x = some_model(), torch.randn(3, 19, 2).double()
    whole, _ = model(x)
    for row in (0, 7, 8, 18):
        alone, _ = model(x[:, row : row + 1])
        assert torch.equal(whole[:, row], alone[:, 0])


def test_a_model_shared_by_python_threads() -> None:
    model, xs = some_model(), [torch.randn(4, 5 + n, 2).double() for n in range(8)]
    expected = [answer(model, x) for x in xs]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            for found, wanted in zip(pool.map(lambda x: answer(model, x), xs), expected, strict=True):
                assert_same(found, wanted)


def test_inputs_in_any_layout() -> None:
    model, base = some_model(), torch.randn(3, 5, 2).double()
    expected, _ = model(base)
    strided = torch.stack([base, torch.full_like(base, torch.nan)], -1)[..., 0]
    transposed = base.transpose(0, 1).contiguous().transpose(0, 1)
    reversed_twice = base.flip(0).flip(0)
    for x in (strided, transposed, reversed_twice):
        assert torch.equal(model(x)[0], expected)
    first = model(base[:, :1].expand(3, 5, 2))[0]
    assert torch.equal(first, model(base[:, :1])[0].expand(3, 5, 4))
    state = torch.randn(4, 5, 1).double().permute(2, 1, 0)
    assert not state.is_contiguous()
    assert torch.equal(model(base, (state, state))[0], model(base, (state.contiguous(), state.contiguous()))[0])


def test_gradients_reach_views_and_shared_inputs() -> None:
    model, base = some_model(), torch.randn(5, 3, 2).double().requires_grad_()
    y, _ = model(base.transpose(0, 1)[:, :1].expand(3, 2, 2))
    found = torch.autograd.grad(y.sum(), base)[0]
    one, _ = model(base[:1].transpose(0, 1))
    assert_close({"x": found}, {"x": 2 * torch.autograd.grad(one.sum(), base)[0]}, 1e-12)


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
def test_without_gradients(context: type[torch.no_grad]) -> None:
    model, x = some_model(), torch.randn(3, 5, 2).double()
    expected, _ = model(x)
    with context():
        y, (h, c) = model(x)
    assert torch.equal(y, expected)
    assert not any(tensor.requires_grad for tensor in (y, h, c))


def test_frozen_parameters() -> None:
    model, x = some_model(), torch.randn(3, 5, 2).double()
    expected = answer(model, x)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name == "weight_l0_p1")
    weighted_loss = weighted((model(x)[0], *model(x)[1]))
    weighted_loss.backward()  # type: ignore[no-untyped-call]
    grads = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    assert list(grads) == ["weight_l0_p1"]
    assert_close({"g": grads["weight_l0_p1"]}, {"g": expected["weight_l0_p1"]}, 1e-12)
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    assert not model(x)[0].requires_grad


@pytest.mark.parametrize("start", [True, False])
def test_one_gradient_alone_is_the_one_among_all(start: bool) -> None:
    """Whatever is left out because nobody needs it, what is left is the same."""
    model, x = some_model(), torch.randn(3, 11, 2).double()
    states = dict(zip(("h0", "c0"), torch.randn(2, 1, 11, 4).double(), strict=True)) if start else {}
    leaves = dict(model.named_parameters()) | {"x": x} | states

    def found(names: list[str]) -> dict[str, Tensor]:
        for name, leaf in leaves.items():
            leaf.requires_grad_(name in names)
        y, (h, c) = model(x, (states["h0"], states["c0"]) if start else None)
        return gradients(weighted((y, h, c)), {name: leaves[name] for name in names})

    expected = found(list(leaves))
    for name in leaves:
        assert_same(found([name]), {name: expected[name]})
    for pair in (["x", "gain_l0"], ["weight_l0_p0", "weight_l0_p1"], ["scale_l0_p1", "x"]):
        assert_same(found(pair), {name: expected[name] for name in pair})


def test_backward_twice() -> None:
    model, x = some_model(), torch.randn(3, 5, 2).double().requires_grad_()
    leaves = dict(model.named_parameters()) | {"x": x}
    loss = weighted((model(x)[0],))
    first = dict(zip(leaves, torch.autograd.grad(loss, list(leaves.values()), retain_graph=True), strict=True))
    assert_same(gradients(loss, leaves), first)
    with pytest.raises(RuntimeError, match="second time"):
        gradients(loss, leaves)


def test_only_the_last_cell_state_matters() -> None:
    """Outputs that the loss does not use arrive in backward as nothing at all."""
    model, x = some_model(), torch.randn(3, 5, 2).double().requires_grad_()
    parameters = dict(model.named_parameters())
    found = torch.autograd.grad(model(x)[1][1].sum(), x)[0]
    expected = torch.autograd.grad(model.run(x, None, Exact(parameters))[1][1].sum(), x)[0]
    assert_close({"x": found}, {"x": expected}, 1e-12)


def test_second_derivatives_are_refused_not_wrong() -> None:
    model, x = some_model(), torch.randn(2, 2, 2).double().requires_grad_()
    slope = torch.autograd.grad(model(x)[0].sum(), x, create_graph=True)[0]
    with pytest.raises(RuntimeError, match=r"once_differentiable|does not require grad"):
        torch.autograd.grad(slope.square().sum(), x)


@pytest.mark.parametrize("parts", [1, 2])
def test_weights_changed_between_forward_and_backward(parts: int) -> None:
    """Torch's own layers refuse; the gradient at the old weights would be right as well, one at the new ones wrong."""
    model, x = some_model(parts), torch.randn(3, 5, 2).double()
    weight = model.get_parameter("weight_l0_p0")
    expected = torch.autograd.grad(model(x)[0].sum(), weight)[0]
    loss = model(x)[0].sum()
    with torch.no_grad():
        weight.add_(1.0)
    found = unless_refused(loss, weight)
    if found is not None:
        assert_close({"w": found}, {"w": expected}, 1e-12)


@pytest.mark.skipif(not STATM.exists(), reason="reads the memory of the process from /proc")
def test_memory_does_not_grow() -> None:
    """One call takes more than 1 MB of scratch, so 100 that lose theirs would show."""
    model = QLSTM(1, 9, ansatz=Ansatz.chen2020(depth=3), dtype=torch.float64)
    x = torch.randn(1, 9, 1).double()

    def megabytes() -> float:
        return int(STATM.read_text().split()[1]) * 4096 / 1e6

    def train(times: int) -> None:
        for _ in range(times):
            model(x)[0].sum().backward()

    train(10)
    before = megabytes()
    train(100)
    assert megabytes() - before < 20


def run_alone(code: str) -> subprocess.CompletedProcess[str]:
    """A crash must not take the other tests with it."""
    program = "import torch\nfrom qlstm import QLSTM, Ansatz\nfrom qlstm.evaluate import Exact\n" + dedent(code)
    return subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=100)


def test_saved_tensors_may_come_back_at_any_address() -> None:
    """Hooks that keep activations on disk or in numpy give backward a copy, which need not be aligned."""
    done = run_alone(
        """
        def moved(saved):
            room = torch.empty(8 * saved.numel() + 72, dtype=torch.uint8)
            start = (8 - room.data_ptr()) % 64  # 8 bytes past a multiple of 64
            return room[start : start + 8 * saved.numel()].view(saved.dtype).copy_(saved.reshape(-1)).view(saved.shape)

        model, x = QLSTM(2, 4, parts=2, dtype=torch.float64), torch.randn(6, 20, 2, dtype=torch.float64)
        expected = torch.autograd.grad(model(x)[0].sum(), list(model.parameters()))
        with torch.autograd.graph.saved_tensors_hooks(lambda t: t.clone(), moved):
            y, _ = model(x)
        found = torch.autograd.grad(y.sum(), list(model.parameters()))
        assert all(torch.equal(a, b) for a, b in zip(found, expected))
        """
    )
    assert done.returncode == 0, f"exit code {done.returncode}: {done.stderr[-500:]}"


def test_a_process_may_fork_after_using_threads() -> None:
    """As the workers of a torch DataLoader do; a child that waits for its parent's threads would wait for ever."""
    done = run_alone(
        """
        import os, signal
        torch.set_num_threads(2)
        model, x = QLSTM(2, 4, dtype=torch.float64), torch.randn(8, 64, 2, dtype=torch.float64)
        expected = model(x)[0].detach()
        if (child := os.fork()) == 0:
            signal.alarm(30)
            os._exit(0 if torch.equal(model(x)[0].detach(), expected) else 1)
        assert os.waitpid(child, 0)[1] == 0
        """
    )
    assert done.returncode == 0, f"exit code {done.returncode}: {done.stderr[-500:]}"


def test_more_layers_than_any_cache_holds() -> None:
    """70 layers and directions: what forward told the kernel of the first must still be there in backward."""
    done = run_alone(
        """
        torch.manual_seed(0)
        model = QLSTM(1, 2, 35, bidirectional=True, ansatz=Ansatz.chen2024(1), dtype=torch.float64)
        x, found = torch.randn(2, 3, 1, dtype=torch.float64), []
        for evaluator in (None, Exact(dict(model.named_parameters()))):
            y, _ = model.run(x, None, evaluator)
            found.append(torch.autograd.grad(y.sum(), list(model.parameters())))
        assert all(torch.allclose(a, b, rtol=0, atol=1e-12) for a, b in zip(*found))
        """
    )
    assert done.returncode == 0, f"exit code {done.returncode}: {done.stderr[-500:]}"
