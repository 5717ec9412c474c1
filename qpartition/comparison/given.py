"""What a comparison may be given: mappings and their options by name, angles of every sub-VQC, scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from backends.errors import InputError, check_is, shown, unknown_name
from backends.whole import whole
from qpartition.checks import checked
from qpartition.executor import Angles, Weights
from qpartition.topology import Topology
from qpartition.workload import Workload


def check_types(workload: object, topology: object) -> None:
    """Refuse what is not a workload or a topology."""
    check_is(workload, Workload, "make one with Workload.of(model, batch, steps)")
    check_is(topology, Topology, "make one with Topology([open_qpu(...), ...])")


def checked_seed(seed: object) -> int:
    """The seed as an int; unlike that of a dispatcher it has to be given."""
    number = whole(seed)
    if number is None:
        raise InputError(f"seed={shown(seed)} must be an integer of at least 0")
    return number


def named_mappings(mappings: object) -> dict[str, Any]:
    """Mappings by the name they have in the table."""
    listed = isinstance(mappings, Mapping | Sequence) and not isinstance(mappings, str)
    names = list(mappings) if isinstance(mappings, Mapping | Sequence) else []
    if not listed or not all(isinstance(name, str) for name in names):
        raise InputError(f"mappings={shown(mappings)} must be a list of names, or mappings by name")
    if not names:
        raise InputError("compare needs at least one mapping; name some, such as round-robin and noise-aware")
    twice = [name for n, name in enumerate(names) if name in names[:n]]
    if twice:
        raise InputError(f"mapping {twice[0]!r} is given twice; name each once")
    return dict(mappings) if isinstance(mappings, Mapping) else {name: name for name in names}


def checked_options(options: object, named: Iterable[str]) -> Mapping[str, Mapping[str, Any]]:
    """Options by mapping, none for a mapping that is not compared."""
    if options is None:
        return {}
    if not isinstance(options, Mapping) or not all(_is_keywords(given) for given in options.values()):
        raise InputError(
            f"options={shown(options)} must be the options of each mapping by name, such as {{'random': {{'seed': 3}}}}"
        )
    for name, given in options.items():
        if name not in named:
            raise unknown_name("mapping in options", name, named)
        taken = sorted({"workload", "topology", "mapping", "shots"} & given.keys())
        if taken:
            raise InputError(f"options of {name!r} name {taken[0]!r}, which is the same for all; leave it out")
    return options


def _is_keywords(given: object) -> bool:
    return isinstance(given, Mapping) and all(isinstance(name, str) for name in given)


def checked_angles(workload: Workload, angles: object) -> tuple[Angles, Weights]:
    """Angles of every sub-VQC, one row or more."""
    pair = isinstance(angles, Sequence) and len(angles) == 2 and all(isinstance(part, Mapping) for part in angles)
    if not isinstance(angles, Sequence) or not pair:
        raise InputError(f"angles={shown(angles)} must be two dicts by sub-VQC key: encoding angles, and weights")
    inputs, weights = angles
    rows = checked(workload.by_key, inputs, weights)
    for key in workload.keys:
        if key not in rows or not len(rows[key].base):
            raise InputError(f"angles hold no row for {key!r}; give one or more for every sub-VQC, or leave them out")
    return inputs, weights


def check_scores(scores: object, names: Sequence[str]) -> None:
    """Refuse scores that are not one number or more for a mapping that was compared."""
    if not isinstance(scores, Mapping):
        raise InputError(f"scores={shown(scores)} must be a dict of mapping -> list of R2")
    for name, values in scores.items():
        if name not in names:
            raise unknown_name("mapping in scores", name, names)
        listed = isinstance(values, Sequence | np.ndarray) and len(values) > 0
        if not listed or not all(isinstance(value, int | float | np.floating) for value in values):
            raise InputError(f"scores of {name!r} are {shown(values)}; give a list of one R2 or more")
