"""Results as they are stored: shapes, numbers, and a checksum."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from backends.errors import InputError
from backends.qpu import Expectations


def packed(results: Sequence[Expectations]) -> tuple[str, bytes, str]:
    """Shapes, numbers, and a checksum."""
    numbers = b"".join(
        np.ascontiguousarray(array, "<f8").tobytes() for one in results for array in (one.values, one.stderr)
    )
    shapes = json.dumps([list(one.values.shape) for one in results])
    return shapes, numbers, hashlib.sha256(shapes.encode() + numbers).hexdigest()


def unpacked(path: Path, shapes: str, numbers: bytes, digest: str) -> list[Expectations]:
    """The results again.

    Raises:
        InputError: If they are not what was packed.
    """
    if hashlib.sha256(shapes.encode() + numbers).hexdigest() != digest:
        raise InputError(f"{path} is damaged: stored results do not match their checksum; restore it from a copy")
    found = list[Expectations]()
    try:
        array = np.frombuffer(numbers, "<f8").astype(np.float64)
        for sets, outputs in json.loads(shapes):
            values, stderr, array = np.split(array, [sets * outputs, 2 * sets * outputs])
            found.append(Expectations(values.reshape(sets, outputs), stderr.reshape(sets, outputs)))
        if array.size:
            raise ValueError(f"{array.size} numbers are left")
    except (ValueError, TypeError) as error:  # a checksum that fits can be made by anybody
        raise InputError(
            f"{path} is damaged: stored results cannot be read ({error}); restore it from a copy"
        ) from None
    return found
