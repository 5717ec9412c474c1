"""A run on disk: one file that ``torch.load(weights_only=True)`` can read, checked before it is trusted."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from backends.errors import InputError

from .files import write_atomic

FORMAT, VERSION = "qlstm-checkpoint", 1
_SEAL = b"qlstm-sha256:"
State = dict[str, Any]
_KEYS = {"settings", "model", "data", "trainer"}


def plain(value: Any) -> Any:
    """``value`` with numpy scalars and arrays as Python numbers and lists, tuples as lists; tensors stay.

    Raises:
        TypeError: For anything a checkpoint may not hold.
    """
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if value is None or isinstance(value, str | int | float | bool | torch.Tensor):
        return value
    raise TypeError(f"a checkpoint cannot hold {type(value).__name__}")


def save(path: Path, state: State) -> None:
    """Write a checkpoint atomically.

    Args:
        path: File to replace.
        state: ``settings``, ``model`` (its configuration), ``data`` (their description) and ``trainer``.
    """
    buffer = io.BytesIO()
    torch.save({"format": FORMAT, "version": VERSION, **plain(state)}, buffer)
    write_atomic(path, _sealed(buffer.getvalue()))


def load(path: Path) -> State:
    """Read a checkpoint; nothing in the file is executed, and every byte of it is checked.

    Raises:
        InputError: If the file is missing, damaged, or something else than a checkpoint.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read the checkpoint {path}: {error.strerror}; give the folder of a run") from error
    state = _parse(content)
    if not isinstance(state, dict):
        raise InputError(f"{path} is damaged or not a checkpoint; restore it from a copy, or start in another folder")
    if state.get("format") != FORMAT or not state.keys() >= _KEYS:
        raise InputError(f"{path} is not a checkpoint of qlstm; give the folder of a run")
    if state.get("version") != VERSION:
        raise InputError(f"{path} has version {state.get('version')}, this qlstm reads {VERSION}; use its writer")
    if odd := next((key for key in sorted(_KEYS) if not isinstance(state[key], dict)), None):
        raise InputError(f"{path} is damaged: its {odd!r} is a {type(state[odd]).__name__}; restore it from a copy")
    return state


def _sealed(archive: bytes) -> bytes:
    """The archive with a checksum of all of it in its comment, where readers of zip files expect anything."""
    seal = _SEAL + hashlib.sha256(archive).hexdigest().encode()
    return archive[:-2] + len(seal).to_bytes(2, "little") + seal  # an archive without comment ends with its length, 0


def _unsealed(content: bytes) -> bytes | None:
    """The archive; None if it is not what was sealed. One without a comment never had a seal, and is left as it is."""
    archive, seal = content[: -len(_SEAL) - 64], content[-len(_SEAL) - 64 :]
    if not seal.startswith(_SEAL):
        return content if content[-22:-18] == b"PK\5\6" and content[-2:] == b"\0\0" else None
    archive = archive[:-2] + b"\0\0"
    return archive if _sealed(archive) == content else None


def _parse(content: bytes) -> Any:
    """The stored object, or None if the bytes are not exactly what was written."""
    archive_bytes = _unsealed(content)
    if archive_bytes is None:
        return None
    content = archive_bytes
    try:
        # torch does not compare the checksums of the archive it writes; zipfile does.
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if archive.testzip() is not None:
                return None
        return torch.load(io.BytesIO(content), weights_only=True, map_location="cpu")
    except Exception:  # damaged bytes may raise anything
        return None
