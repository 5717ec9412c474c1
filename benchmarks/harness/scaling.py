"""Wider circuits, and more parts: how time and memory grow."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np

from .cases import many, wide
from .pool import Child, Pool
from .report import milliseconds, table
from .timing import Timed, measure

WIDTHS = (8, 10, 12)
PARTS = (16, 32, 64, 128, 256)


def widths(pool: Pool, contestants: Sequence[str], rounds: int, seconds: float) -> list[Timed]:
    """Centric circuits; peers only at the first width: jax wants 14 GB and minutes for 10 qubits."""
    own = [name for name in contestants if name in ("ours", "lstm")]
    return [measure(pool, wide(q), contestants if q == WIDTHS[0] else own, rounds, seconds) for q in WIDTHS]


def parts(threads: int, rounds: int, seconds: float) -> tuple[str, dict[str, Any]]:
    """Ours alone, every size in a process of its own so that its peak memory is its own.

    Returns:
        A table with ms per step, ms per part and peak memory; the numbers.
    """
    times: dict[int, list[float]] = {size: [] for size in PARTS}
    with ExitStack() as stack:
        children = {}
        for size in PARTS:
            child = children[size] = Child("ours", threads)
            stack.callback(child.close)
            child.receive()
            imported = int(child.ask(do="peak")["bytes"])
            child.ask(do="prepare", case=many(size).name)
        for _ in range(rounds):
            for size, child in children.items():
                times[size].append(child.visit(many(size).name, seconds)[0])
        peaks = {size: int(child.ask(do="peak")["bytes"]) for size, child in children.items()}
    medians = {size: float(np.median(found)) for size, found in times.items()}
    rows = [
        [f"{size} parts, {4 * size} features, {16 * size} qubits in 4 gates", milliseconds(medians[size]),
         f"{medians[size] / size * 1e3:.3f}", f"{peaks[size] / 1e6:.0f}"]
        for size in PARTS
    ]  # fmt: skip
    slope = np.polyfit(np.log(list(medians)), np.log(list(medians.values())), 1)[0]
    text = table([f"QLSTM, 4 qubits a part, {threads} thread(s)", "ms/step", "ms/part", "peak MB"], rows)
    text += f"\nAfter importing torch alone: {imported / 1e6:.0f} MB. Time grows as parts^{slope:.2f} (1 is linear)."
    return text, {"seconds": times, "peak_bytes": peaks, "imported_bytes": imported, "exponent": float(slope)}
