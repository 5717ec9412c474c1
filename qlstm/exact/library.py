"""The compiled kernel's shared library: finding it, and calling it through ctypes."""

from __future__ import annotations

import ctypes
from functools import lru_cache
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

_INTEGERS = (
    "steps", "batch", "inputs", "hidden", "parts", "gates", "uploads", "depth",
    "arctan", "rot", "affine_in", "affine_out", "reverse", "batch_first",
)  # fmt: skip
_POINTERS = ("qubits", "n_in", "n_out", "index", "source", "n_bridges", "bridge")
_ARRAYS = (
    "x", "h0", "c0", "weights", "scale", "bias", "gain", "offset", "noise", "y", "h_last", "c_last", "saved",
    "grad_y", "grad_h", "grad_c",
    "grad_x", "grad_h0", "grad_c0", "grad_weights", "grad_scale", "grad_bias", "grad_gain", "grad_offset",
)  # fmt: skip


_ABI = 5


class Model(ctypes.Structure):
    """Mirror of `Model` in kernel/model.h."""

    _fields_ = [(name, ctypes.c_int) for name in _INTEGERS] + [(name, ctypes.c_void_p) for name in _POINTERS]


class Arrays(ctypes.Structure):
    """Mirror of `Arrays` in kernel/sequence.h."""

    _fields_ = [(name, ctypes.c_void_p) for name in _ARRAYS]


@lru_cache(maxsize=1)
def library() -> ctypes.CDLL | None:
    """The kernel, or None where the package was installed without a C compiler (plain torch is used then)."""
    folder = Path(__file__).parent
    for suffix in EXTENSION_SUFFIXES:
        path = folder / f"_kernel{suffix}"
        if path.exists():
            kernel = ctypes.CDLL(str(path))
            if kernel.qlstm_abi() != _ABI:
                raise RuntimeError(
                    f"{path.name} was compiled from other sources; run 'make setup' or install the package again"
                )
            return kernel
    return None


@lru_cache(maxsize=1)
def best_level() -> int:
    """Widest instruction set of this processor: 2 AVX-512, 1 AVX2, 0 the compiler's default."""
    kernel = library()
    return int(kernel.qlstm_best_level()) if kernel is not None else 0


def vector_bytes(level: int) -> int:
    """Width of a vector of an instruction set; the kernel's layout of saved states depends on it."""
    return 16 << level
