"""Files that are either whole or absent: written beside their place, then moved into it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from backends.errors import InputError

_PREFIX, _SUFFIX = ".partial-", ".tmp"


def write_atomic(path: Path, content: bytes | str) -> None:
    """Replace ``path`` by ``content`` so that a crash leaves the old file or the new one, never a part.

    The bytes reach the disk (fsync) before the name does, and the folder entry is synchronised last. The file is
    readable by its owner alone.

    Raises:
        InputError: If the file cannot be written.
    """
    data = content.encode() if isinstance(content, str) else content
    temporary = path.with_name(f"{_PREFIX}{path.name}-{os.getpid()}{_SUFFIX}")
    try:
        with open(temporary, "wb", opener=_private) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        _sync_folder(path.parent)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}; choose a writable folder") from error
    finally:
        with suppress(OSError):  # the error above says what is wrong
            temporary.unlink(missing_ok=True)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sync_folder(folder: Path) -> None:
    if not hasattr(os, "O_DIRECTORY"):  # Windows opens no folders
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def is_partial(path: Path) -> bool:
    """True for what an interrupted `write_atomic` left behind."""
    return path.name.startswith(_PREFIX) and path.name.endswith(_SUFFIX)


def remove_partial(folder: Path) -> None:
    """Delete what interrupted writes left in ``folder``."""
    for path in folder.iterdir():
        if is_partial(path):
            path.unlink(missing_ok=True)
