"""The child process of one contestant at one thread count: JSON requests on stdin, JSON answers on stdout.

Requests:
    {"do": "prepare", "case": "A", "save": "first.npz"}  build, one step; writes y and gradient where asked
    {"do": "visit", "case": "A", "seconds": 0.05}        about that long of training steps
    {"do": "peak"}                                       peak resident memory so far
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from typing import Any

import numpy as np

from .cases import named
from .contestant import CONTESTANTS, Contestant, build

Message = dict[str, Any]


class Worker:
    """The cases that one contestant has been given."""

    def __init__(self, contestant: str) -> None:
        self.contestant = contestant
        self.built: dict[str, Contestant] = {}

    def prepare(self, case: str, save: str | None = None) -> Message:
        """Build the case and make its first step; seconds include compilation."""
        start = time.perf_counter()
        made = self.built[case] = build(self.contestant, named(case))
        y, gradient = made.first()
        seconds = time.perf_counter() - start
        if save is not None:
            np.savez(save, y=y, gradient=np.array([]) if gradient is None else gradient)
        return {"seconds": seconds}

    def visit(self, case: str, seconds: float) -> Message:
        """Wall and CPU seconds of one training step, over about that long, after one that brings the caches back."""
        made = self.built[case]
        start = time.perf_counter()
        made.run(1)
        steps = max(1, round(seconds / (time.perf_counter() - start)))
        start, cpu = time.perf_counter(), time.process_time()
        made.run(steps)
        return {"seconds": (time.perf_counter() - start) / steps, "cpu": (time.process_time() - cpu) / steps}

    def peak(self) -> Message:
        """Peak resident memory in bytes."""
        unit = 1 if sys.platform == "darwin" else 1024
        return {"bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit}


def limit_threads(threads: int) -> None:
    """Keep torch, where it is used, to that many threads; the environment has told everyone else."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)


def import_of(contestant: str) -> str | None:
    """Import what the contestant needs; the reason where that fails."""
    import importlib

    module, _, package, _ = CONTESTANTS[contestant]
    try:
        importlib.import_module(package)
        importlib.import_module(f".{module}", __package__)
    except ImportError as error:
        return str(error)
    return None


def serve(contestant: str, threads: int) -> None:
    """Answer requests until stdin ends."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever a library prints must not mix with the answers
    missing = import_of(contestant)
    limit_threads(threads)
    print(json.dumps({"missing": missing}), file=answers)
    worker = Worker(contestant)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = getattr(worker, request.pop("do"))(**request)
        except Exception as error:  # reported to the parent, which ends the run
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers)


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
