"""The parent's side of `worker`: children, one per contestant and thread count, measured in turn."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

BENCHMARKS = Path(__file__).resolve().parent.parent
# jax sizes its pool by NPROC
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NPROC")
# A waiting libgomp thread spins for some 16 ms by default, many training steps, when its partner gets no CPU. The same
# shorter wait for everyone keeps other programs from deciding the result; a value of the user's own is left alone.
SPIN = {"GOMP_SPINCOUNT": "2000"}


class ContestantError(RuntimeError):
    """A contestant failed where it should have run."""


def environment(threads: int, **extra: str) -> dict[str, str]:
    """The environment, with this checkout first on the path and every thread pool set to that size."""
    paths = [str(BENCHMARKS), str(BENCHMARKS.parent), os.environ.get("PYTHONPATH", "")]
    limits = dict.fromkeys(THREAD_VARIABLES, str(threads))
    return SPIN | os.environ | limits | {"PYTHONPATH": os.pathsep.join(filter(None, paths))} | extra


@dataclass(eq=False)
class Child:
    """One contestant at one thread count, in a process of its own."""

    contestant: str
    threads: int
    missing: str | None = None
    compiled: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._process = subprocess.Popen(
            [sys.executable, "-m", "harness.worker", self.contestant, str(self.threads)],
            env=environment(self.threads), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True,
        )  # fmt: skip

    def send(self, **request: Any) -> None:
        """Put a request to the child; read the answer with `receive`."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # a dead child is reported by `receive`
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()

    def receive(self) -> dict[str, Any]:
        """The next answer of the child."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        answer: dict[str, Any] = json.loads(line) if line else {"error": f"it died: {self._last_words()}"}
        if "error" in answer:
            raise ContestantError(f"{self.contestant}, {self.threads} thread(s): {answer['error']}")
        return answer

    def ask(self, **request: Any) -> dict[str, Any]:
        """`send`, then `receive`."""
        self.send(**request)
        return self.receive()

    def visit(self, case: str, seconds: float) -> tuple[float, float]:
        """Wall and CPU seconds of one training step, averaged over about that long."""
        answer = self.ask(do="visit", case=case, seconds=seconds)
        return float(answer["seconds"]), float(answer["cpu"])

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        self._log.close()

    def _last_words(self) -> str:
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"exit status {self._process.wait()}"


class Pool:
    """Children for every contestant and thread count; use as a context manager."""

    def __init__(self, contestants: Sequence[str], threads: Sequence[int]) -> None:
        self.all = [Child(name, count) for count in threads for name in contestants]
        for child in self.all:
            child.missing = child.receive()["missing"]

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        for child in self.all:
            child.close()

    @property
    def children(self) -> list[Child]:
        """Those whose library is installed."""
        return [child for child in self.all if child.missing is None]

    @property
    def missing(self) -> dict[str, str]:
        """Contestants that are not installed, with the reason."""
        return {child.contestant: child.missing for child in self.all if child.missing is not None}

    def prepare(self, case: str, contestants: Sequence[str], folder: Path) -> list[Child]:
        """First step of the case in the children named, all at once; their outputs and gradients go to the folder."""
        chosen = [child for child in self.children if child.contestant in contestants]
        for child in chosen:
            child.send(do="prepare", case=case, save=str(folder / f"{child.contestant}-{child.threads}.npz"))
        for child in chosen:
            child.compiled[case] = float(child.receive()["seconds"])
        return chosen
