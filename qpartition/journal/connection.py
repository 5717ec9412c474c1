"""An open SQLite file: one statement at a time, errors in one line each."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from backends.errors import InputError


class Connection:
    """A file that is open; shared by the threads that deliver jobs.

    Attributes:
        path: The file.
    """

    path: Path
    _guard: threading.RLock
    _base: sqlite3.Connection | None

    def close(self) -> None:
        """Close the file. Closing twice is fine."""
        with self._guard:
            base, self._base = self._base, None
            if base is not None:
                base.close()

    def __enter__(self) -> Self:
        """The journal itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def _all(self, statement: str, *values: object) -> list[Any]:
        with self._guard, errors(self.path):
            return self._live().execute(statement, values).fetchall()

    def _one(self, statement: str, *values: object) -> Any:
        rows = self._all(statement, *values)
        return rows[0] if rows else None

    def _live(self) -> sqlite3.Connection:
        if self._base is None:
            raise InputError(f"the journal {self.path} is closed; open it again")
        return self._base


@contextmanager
def errors(path: Path) -> Iterator[None]:
    """SQLite's errors as one line each."""
    try:
        yield
    except sqlite3.OperationalError as error:
        text = str(error)
        if "locked" in text:
            raise InputError(f"the journal {path} is locked by another program; close it, then resume") from error
        if "disk" in text or "full" in text or "I/O" in text:
            raise InputError(f"cannot write the journal {path} ({text}); make room on the disk, then resume") from error
        raise InputError(f"cannot use the journal {path} ({text}); check the file and its folder") from error
    except sqlite3.DatabaseError as error:
        raise InputError(f"{path} is damaged or not a journal ({error}); restore it from a copy") from error
    except OSError as error:
        raise InputError(f"cannot use the journal {path}: {error.strerror}; choose a writable folder") from error
