"""One run per folder: a lock that the system takes back when its process ends, however it ends."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import ModuleType

from backends.errors import InputError

NAME = ".lock"


class FolderLock:
    """Holds a folder until `release`; where the system has no ``flock`` (Windows) nothing is locked.

    Args:
        folder: An existing folder.

    Raises:
        InputError: If another run holds the folder, or it cannot be written to.
    """

    def __init__(self, folder: Path) -> None:
        self.release: Callable[[], object] = lambda: None
        if (fcntl := _fcntl()) is not None:
            descriptor = _acquire(folder, fcntl)
            self.release = weakref.finalize(self, _release, descriptor, folder / NAME)


def _fcntl() -> ModuleType | None:
    try:
        import fcntl
    except ImportError:
        return None
    return fcntl


def _acquire(folder: Path, fcntl: ModuleType) -> int:
    path = folder / NAME
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise InputError(f"cannot use {folder}: {error.strerror}; choose a writable folder") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is(descriptor, path):
                return descriptor
            os.close(descriptor)  # its holder has just removed the file, so this lock is of nothing
        except BlockingIOError as error:
            os.close(descriptor)
            raise InputError(f"{folder} is in use by another run; wait for it or choose another folder") from error
        except OSError as error:
            os.close(descriptor)
            raise InputError(f"cannot lock {folder}: {error.strerror}; choose a folder on another disk") from error


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
