"""Plain-text tables and sentences."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from .contestant import CONTESTANTS
from .timing import Key, Ratio, Timed

PACKAGES = ("torch", "jax", "tensorcircuit-ng", "pennylane", "numpy")


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns aligned, the first to the left, the others to the right."""
    widths = [max(len(line[k]) for line in (header, *rows)) for k in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        rest = (cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True))
        return "  ".join([cells[0].ljust(widths[0]), *rest]).rstrip()

    return "\n".join([line(header), "  ".join("-" * width for width in widths), *map(line, rows)])


def machine() -> dict[str, Any]:
    """Where and with what this was measured."""
    return {
        "python": platform.python_version(),
        "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "processor": _processor(),
        "load": load(),
        "versions": {name: found for name in PACKAGES if (found := _version(name))},
    }


def load() -> float | None:
    """Runnable processes over the last minute, where the system says."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def preamble(found: dict[str, Any]) -> str:
    """The machine in two lines, and a warning where others are using it."""
    versions = ", ".join(f"{name} {number}" for name, number in found["versions"].items())
    lines = [f"{found['processor']}, {found['cpus']} CPUs, Python {found['python']}", versions]
    if (found["load"] or 0) > 0.5 * found["cpus"]:
        lines.append(f"The machine is busy (load {found['load']}): trust one-thread ratios, doubt the rest.")
    return "\n".join(lines)


def times_table(results: Sequence[Timed], contestants: Sequence[str], threads: Sequence[int]) -> str:
    """Median wall milliseconds of a step."""
    header = ["ms per step", *(f"{CONTESTANTS[name][3]}, {count}" for name in contestants for count in threads)]
    keys: list[Key] = [(name, count) for name in contestants for count in threads]
    return table(header, [[timed.case.title, *(milliseconds(timed.median(key)) for key in keys)] for timed in results])


def ratios_table(results: Sequence[Timed], contestants: Sequence[str], threads: Sequence[int]) -> str:
    """Every pair of interest: wall time per thread count, and CPU time for one thread."""
    pairs = [("ours", "lstm")] + [(name, "ours") for name in contestants if name not in ("ours", "lstm")]
    columns = [(count, False) for count in threads] + [(count, True) for count in threads if count == 1]
    header = ["", *(_threads(count) + (", CPU time" if cpu else "") for count, cpu in columns)]
    rows = []
    for timed in results:
        rows.append([timed.case.title, *("" for _ in columns)])
        for above, below in pairs:
            ratios = (timed.ratio((above, count), (below, count), cpu) for count, cpu in columns)
            rows.append([f"  {CONTESTANTS[above][3]} / {CONTESTANTS[below][3]}", *map(spread, ratios)])
    return table(header, rows)


def gains(results: Sequence[Timed], threads: Sequence[int]) -> str:
    """How much more threads help ours, from the same rounds."""
    few, most = min(threads), max(threads)
    found = [(timed.case.name, timed.ratio(("ours", few), ("ours", most))) for timed in results]
    text = ", ".join(f"{name} {spread(ratio)}" for name, ratio in found if ratio is not None)
    return f"QLSTM, time with {_threads(few)} over time with {_threads(most)}: {text}"


def milliseconds(seconds: float | None) -> str:
    """Three significant digits, or a dash."""
    return "-" if seconds is None else f"{seconds * 1e3:.3g}" if seconds < 1 else f"{seconds * 1e3:.0f}"


def spread(ratio: Ratio | None) -> str:
    """Median, quartiles, and the ratio of the fastest visits."""
    return "-" if ratio is None else f"{ratio.median:.3g} ({ratio.low:.3g}-{ratio.high:.3g}; best {ratio.best:.3g})"


def _threads(count: int) -> str:
    return "one thread" if count == 1 else f"{count} threads"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as lines:
            return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
