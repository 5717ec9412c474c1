"""One run per folder."""

from __future__ import annotations

from pathlib import Path

from backends.locking import FileLock

NAME = ".lock"


class FolderLock(FileLock):
    """Holds a folder until ``release``; the system takes it back when the process ends, however it ends.

    Args:
        folder: An existing folder.

    Raises:
        InputError: If another run holds the folder, or it cannot be written to.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(
            folder / NAME, f"{folder} is in use by another run; wait for it or choose another folder", folder
        )
