"""Results kept on disk between runs: a folder of small files that can be deleted, damaged or read-only at any time.

The folder is ``QPARTITION_CACHE`` (``off`` keeps nothing), else ``$XDG_CACHE_HOME/qpartition``, else
``~/.cache/qpartition``. Files hold plain data only, so that reading one from a stranger executes nothing; each begins
with the digest of the rest, so that a damaged one is noticed and written anew.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from functools import lru_cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import qiskit

_FORMAT = 2
"""Part of every name: raised whenever something kept here would come out differently."""
_DIGEST = 32


def folder() -> Path | None:
    """Where files are kept; None when caching is off."""
    given = os.environ.get("QPARTITION_CACHE", "").strip()
    if given.lower() in ("off", "0", "no", "none"):
        return None
    if given:
        return Path(given).expanduser()
    home = os.environ.get("XDG_CACHE_HOME", "").strip()
    try:
        return (Path(home) if home else Path.home() / ".cache") / "qpartition"
    except RuntimeError:  # an account without a home
        return None


def entry(kind: str, *content: object) -> str:
    """The file name of a result of some content, which must print itself in full; versions are part of it."""
    return f"{kind}-{sha256(repr((_versions(), content)).encode()).hexdigest()[:40]}"


def load(name: str) -> bytes | None:
    """What was stored under the name; None if nothing, or nothing intact, is there."""
    place = folder()
    if place is None:
        return None
    try:
        content = (place / name).read_bytes()
    except OSError:
        return None
    digest, data = content[:_DIGEST], content[_DIGEST:]
    return data if sha256(data).digest() == digest else None


def store(name: str, data: bytes) -> None:
    """Keep data under the name, all of it or nothing; without a word where the folder cannot be written."""
    place = folder()
    if place is None:
        return
    with contextlib.suppress(OSError):
        place.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=place, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(sha256(data).digest() + data)
            os.replace(temporary, place / name)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise


@lru_cache(maxsize=1)
def _versions() -> tuple[object, ...]:
    try:
        own = version("qpartition")
    except PackageNotFoundError:  # run from a checkout that was never installed
        own = ""
    return _FORMAT, own, str(qiskit.__version__)
