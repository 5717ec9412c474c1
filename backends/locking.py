"""One process at a time: a lock file that the system takes back when its holder ends, however it ends."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import ModuleType

from .errors import InputError

_HELD: dict[int, int] = {}
"""Descriptors of the locks that are held, and the process that took them: a fork inherits both, but holds nothing."""


class FileLock:
    """Holds ``path`` until `release`; where the system has no ``flock`` (Windows) nothing is locked.

    Args:
        path: The lock file, in an existing folder; it is removed at the end.
        held: What to say when another process holds it.
        place: What cannot be used where the file cannot be made or locked.
        mine: What to say when this process holds it already; as ``held`` by default.

    Raises:
        InputError: If it is held already, or cannot be made.
    """

    def __init__(self, path: Path, held: str, place: Path, mine: str | None = None) -> None:
        self.release: Callable[[], object] = lambda: None
        if (fcntl := _fcntl()) is not None:
            try:
                descriptor = _acquire(path, fcntl, place)
            except BlockingIOError as error:
                raise InputError(held if mine is None or not _is_mine(path) else mine) from error
            _HELD[descriptor] = os.getpid()
            self.release = weakref.finalize(self, _release, descriptor, path)


def _fcntl() -> ModuleType | None:
    try:
        import fcntl
    except ImportError:
        return None
    return fcntl


def _acquire(path: Path, fcntl: ModuleType, place: Path) -> int:
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise InputError(f"cannot use {place}: {error.strerror}; choose a writable folder") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is(descriptor, path):
                return descriptor
            os.close(descriptor)  # its holder has just removed the file, so this lock is of nothing
        except BlockingIOError:
            os.close(descriptor)
            raise
        except OSError as error:
            os.close(descriptor)
            raise InputError(f"cannot lock {place}: {error.strerror}; choose a folder on another disk") from error


def _is(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _is_mine(path: Path) -> bool:
    """Whether this very process holds the lock."""
    with suppress(OSError):
        return any(process == os.getpid() and _is(descriptor, path) for descriptor, process in list(_HELD.items()))
    return False


def _release(descriptor: int, path: Path) -> None:
    _HELD.pop(descriptor, None)
    with suppress(OSError):
        if _is(descriptor, path):
            path.unlink()  # while it is still held: nobody else can hold this file
    os.close(descriptor)
