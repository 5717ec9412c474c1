"""Many trainings at once: one process each, one thread per process, as many processes as there are cores."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from multiprocessing.synchronize import Event

from backends.errors import InputError

from .setups import Setup
from .trials import Trial, run

Work = tuple[Setup, int]
"""A setup and its seed."""
_PATIENCE = 0.1
"""Seconds between two looks at whether to stop."""


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_all(work: Sequence[Work], processes: int, stop: Callable[[], bool] = lambda: False) -> Iterator[Trial]:
    """The trials in the order they finish. The numbers do not depend on how many processes there are.

    Args:
        work: What to train.
        processes: Trainings at the same time; 1 trains in this process.
        stop: Once it is true, trainings stop after their current step, and those that are not finished are left out.

    Raises:
        InputError: If a training diverges, or its process is killed.
    """
    workers = min(processes, len(work))
    return _here(work, stop) if workers <= 1 else _there(work, workers, stop)


def _here(work: Sequence[Work], stop: Callable[[], bool]) -> Iterator[Trial]:
    with _one_thread():
        for setup, seed in work:
            trial = None if stop() else run(setup, seed, stop)
            if trial is None:
                return
            yield trial


def _there(work: Sequence[Work], workers: int, stop: Callable[[], bool]) -> Iterator[Trial]:
    context = get_context("spawn")  # a forked torch may wait for threads that are not there
    stopped = context.Event()
    with ProcessPoolExecutor(workers, context, _begin, (stopped,)) as pool:
        with _deaf():
            waiting = {pool.submit(_work, one) for one in work}
        try:
            while waiting:
                if stop() and not stopped.is_set():
                    stopped.set()
                    _cancel(waiting)
                done, waiting = wait(waiting, _PATIENCE, FIRST_COMPLETED)
                for future in done:
                    trial = None if future.cancelled() else future.result()
                    if trial is not None:
                        yield trial
        except BrokenProcessPool as error:
            raise InputError(
                f"one of {workers} training processes was killed, perhaps for lack of memory; use fewer --processes"
            ) from error
        finally:  # an error, a second Ctrl-C, or nobody listens any more
            stopped.set()
            _cancel(waiting)


def _cancel(waiting: set[Future[Trial | None]]) -> None:
    for future in waiting:
        future.cancel()


_stopped: Event | None = None
"""In a worker: whether to stop."""


def _begin(stopped: Event) -> None:
    """Make this process a worker; without a parent there is no work."""
    import torch

    global _stopped
    _stopped = stopped
    torch.set_num_threads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _work(work: Work) -> Trial | None:
    assert _stopped is not None
    return None if _stopped.is_set() else run(*work, _stopped.is_set)


@contextmanager
def _deaf() -> Iterator[None]:
    """Processes started here never hear Ctrl-C or a lost terminal, which are the parent's business; it hears them later."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _one_thread() -> Iterator[None]:
    """These models are too small for a second thread to help."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
