"""One process at a time: a lock file that the system takes back when its holder ends, however it ends."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import ModuleType

from .errors import InputError


class FileLock:
    """Holds ``path`` until `release`; where the system has no ``flock`` (Windows) nothing is locked.

    Args:
        path: The lock file, in an existing folder; it is removed at the end.
        held: What to say when another process holds it.
        place: What cannot be used where the file cannot be made or locked.

    Raises:
        InputError: If another process holds it, or it cannot be made.
    """

    def __init__(self, path: Path, held: str, place: Path) -> None:
        self.release: Callable[[], object] = lambda: None
        if (fcntl := _fcntl()) is not None:
            descriptor = _acquire(path, fcntl, held, place)
            self.release = weakref.finalize(self, _release, descriptor, path)


def _fcntl() -> ModuleType | None:
    try:
        import fcntl
    except ImportError:
        return None
    return fcntl


def _acquire(path: Path, fcntl: ModuleType, held: str, place: Path) -> int:
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
        except BlockingIOError as error:
            os.close(descriptor)
            raise InputError(held) from error
        except OSError as error:
            os.close(descriptor)
            raise InputError(f"cannot lock {place}: {error.strerror}; choose a folder on another disk") from error


def _is(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _release(descriptor: int, path: Path) -> None:
    with suppress(OSError):
        if _is(descriptor, path):
            path.unlink()  # while it is still held: nobody else can hold this file
    os.close(descriptor)
