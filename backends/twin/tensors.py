"""Maps applied to some axes of an array; the axes of qubits come first, the batch (rows) is the last one."""

from __future__ import annotations

import numpy as np

from .pauli import FloatArray

_FEW = 4
"""Below so many rows, one matrix product a row is faster than vector operations along the rows."""


def apply(matrix: FloatArray, tensor: FloatArray, axes: tuple[int, ...]) -> FloatArray:
    """Multiply ``matrix`` (out, in, rows or 1) into the ``axes`` of ``tensor`` (..., rows or 1).

    The first axis is the most significant digit of a matrix index. An ``out`` of another size than ``in`` needs one axis, or 4^k.
    """
    rows = matrix.shape[2]
    if rows == 1:
        return apply_fixed(matrix[..., 0], tensor, axes)
    if tensor.shape[-1] == 1:
        tensor = np.broadcast_to(tensor, (*tensor.shape[:-1], rows))
    if rows <= _FEW:
        parts = [apply_fixed(matrix[..., r], tensor[..., r : r + 1], axes) for r in range(rows)]
        return np.concatenate(parts, axis=-1)
    return _apply_rows(matrix, tensor, axes)


def apply_fixed(matrix: FloatArray, tensor: FloatArray, axes: tuple[int, ...]) -> FloatArray:
    """The same with one matrix (out, in) for all rows."""
    first = axes[0]
    if axes == tuple(range(first, first + len(axes))):  # neighbours in order: no axis has to move
        before, after = tensor.shape[:first], tensor.shape[first + len(axes) :]
        flat = tensor.reshape(int(np.prod(before, dtype=int)), matrix.shape[1], -1)
        product: FloatArray = np.matmul(matrix, flat)
        return product.reshape(*before, *_sides(len(matrix), len(axes)), *after)
    moved = np.moveaxis(tensor, axes, range(len(axes)))
    rest = moved.shape[len(axes) :]
    result = (matrix @ moved.reshape(matrix.shape[1], -1)).reshape(*_sides(len(matrix), len(axes)), *rest)
    return np.moveaxis(result, range(len(axes)), axes)


def _apply_rows(matrix: FloatArray, tensor: FloatArray, axes: tuple[int, ...]) -> FloatArray:
    moved = np.moveaxis(tensor, axes, range(len(axes)))
    rest = moved.shape[len(axes) :]
    flat = moved.reshape(matrix.shape[1], -1, matrix.shape[2])
    result = np.einsum("ijr,jxr->ixr", matrix, flat)
    return np.moveaxis(result.reshape(*_sides(len(matrix), len(axes)), *rest), range(len(axes)), axes)


def _sides(size: int, axes: int) -> tuple[int, ...]:
    return (size,) if axes == 1 else (4,) * axes
