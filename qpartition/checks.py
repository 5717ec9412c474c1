"""What a model may ask of a dispatcher: known sub-VQCs, arrays of the right shape, finite angles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import NamedTuple

import numpy as np

from backends.errors import InputError, shown
from backends.qpu import FloatArray

from .executor import Angles, Masks, Weights
from .shifts import BoolArray
from .subvqc import SubVQC


class Rows(NamedTuple):
    """Checked input of one sub-VQC: ``base`` parameter sets and ``mask``, both (rows, inputs + weights)."""

    base: FloatArray
    mask: BoolArray


def checked(
    known: Mapping[str, SubVQC], inputs: Angles, weights: Weights, mask: Masks | None = None
) -> dict[str, Rows]:
    """Parameter sets and masks by key, in the order of ``inputs``; without a mask every derivative is wanted.

    Raises:
        InputError: For unknown keys, mappings with different keys, wrong shapes, or angles that are not finite.
    """
    for name, given in (("inputs", inputs), ("weights", weights), ("mask", {} if mask is None else mask)):
        if not isinstance(given, Mapping):
            raise InputError(f"{name}={shown(given)} must be a dict of sub-VQC key -> array")
        _check_known(name, given, known)
    _check_same("weights", weights, inputs)
    if mask is not None:
        _check_same("mask", mask, inputs)
    return {key: _rows(known[key], inputs, weights, mask) for key in inputs}


def _check_known(name: str, given: Iterable[str], known: Mapping[str, SubVQC]) -> None:
    for key in given:
        if key not in known:
            near = get_close_matches(str(key), known, n=1, cutoff=0.0)
            raise InputError(
                f"{name} name {key!r}, which is none of the {len(known)} sub-VQCs of the plan; nearest is {near[0]!r}"
            )


def _check_same(name: str, given: Iterable[str], inputs: Angles) -> None:
    different = sorted(set(given) ^ set(inputs))
    if different:
        raise InputError(f"{name} and inputs differ in {different[0]!r}; give both for every sub-VQC")


def _rows(subvqc: SubVQC, inputs: Angles, weights: Weights, mask: Masks | None) -> Rows:
    key = subvqc.key
    x = _floats("inputs", key, inputs[key])
    theta = _floats("weights", key, weights[key])
    if x.ndim != 2 or x.shape[1] != subvqc.inputs:
        raise InputError(f"inputs of {key!r} have shape {x.shape}; it must be (rows, {subvqc.inputs})")
    if theta.shape != (subvqc.weights,):
        raise InputError(f"weights of {key!r} have shape {theta.shape}; it must be ({subvqc.weights},)")
    base = np.hstack([x, np.broadcast_to(theta, (len(x), theta.size))])
    wanted = np.ones(base.shape, dtype=bool) if mask is None else np.asarray(mask[key])
    if wanted.shape not in (x.shape, base.shape) or wanted.dtype != np.bool_:
        raise InputError(
            f"mask of {key!r} has shape {wanted.shape} and type {wanted.dtype}; it must be {x.shape} or, with weights, "
            f"{base.shape}, and bool"
        )
    if wanted.shape != base.shape:
        wanted = np.hstack([wanted, np.ones((len(x), theta.size), dtype=bool)])
    return Rows(base, wanted)


def _floats(name: str, key: str, given: object) -> FloatArray:
    try:
        array = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{name} of {key!r} are not numbers; give a float array of angles in radians") from None
    if not np.isfinite(array).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise InputError(f"{name} of {key!r} hold {array[where]} at {where}; angles must be finite")
    return array
