"""What a user waits for in a fresh process: run as a module in one, prints JSON."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

from .cases import CASES, data
from .contestant import CONTESTANTS
from .pool import ContestantError, environment
from .report import table

STAGES = ("import torch", "import qlstm", "build", "first forward", "first backward", "second step")
PEER_STAGES = ("import and build", "first step, compiling", "second step")


def ours() -> dict[str, float]:
    """Seconds of every stage for case C of this repository's QLSTM."""
    case, marks = CASES["C"], [time.perf_counter()]

    def mark() -> None:
        marks.append(time.perf_counter())

    import torch

    mark()
    from qlstm import QLSTM

    mark()
    model = QLSTM(case.input_size, case.hidden_size, parts=case.parts, batch_first=True).double()
    x = torch.from_numpy(data(case)["x"])
    mark()
    loss = model(x)[0].square().mean()
    mark()
    loss.backward()
    mark()
    model(x)[0].square().mean().backward()
    mark()
    return _stages(STAGES, marks)


def peer(name: str) -> dict[str, float]:
    """Seconds of a peer's import, first step (tracing and compiling) and second step, case C."""
    from .contestant import build

    marks = [time.perf_counter()]
    made = build(name, CASES["C"])
    marks.append(time.perf_counter())
    made.first()
    marks.append(time.perf_counter())
    made.run(1)
    marks.append(time.perf_counter())
    return _stages(PEER_STAGES, marks)


def _stages(names: Sequence[str], marks: Sequence[float]) -> dict[str, float]:
    return dict(zip(names, (after - before for before, after in itertools.pairwise(marks)), strict=True))


def fresh(name: str) -> dict[str, float]:
    """`ours` or `peer` in a process of its own.

    Raises:
        ContestantError: It failed; with the last line it wrote.
    """
    command = [sys.executable, "-m", "harness.first_call", name]
    done = subprocess.run(command, env=environment(1), capture_output=True, text=True)
    if done.returncode:
        raise ContestantError((done.stderr.strip() or f"exit status {done.returncode}").splitlines()[-1])
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def section(peers: Sequence[str], processes: int = 3) -> tuple[str, dict[str, Any]]:
    """Ours in several fresh processes one after the other, and every peer in one; as text and as seconds."""
    runs = [fresh("ours") for _ in range(processes)]
    rows = [
        [f"process {number}", *(f"{run[stage] * 1e3:.1f}" for stage in STAGES)] for number, run in enumerate(runs, 1)
    ]
    lines = ["First call in a fresh process, case C, one thread, ms", "", table(["QLSTM", *STAGES], rows)]
    found: dict[str, Any] = {"ours": runs}
    for name in peers:
        try:
            found[name] = fresh(name)
        except ContestantError as error:
            lines.append(f"{CONTESTANTS[name][3]} is not measured: {error}")
        else:
            times = ", ".join(f"{stage} {seconds:.3g} s" for stage, seconds in found[name].items())
            lines.append(f"{CONTESTANTS[name][3]}: {times}")
    return "\n".join(lines), found


if __name__ == "__main__":
    print(json.dumps(ours() if sys.argv[1] == "ours" else peer(sys.argv[1])))
