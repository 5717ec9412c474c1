"""Derivatives by the devices' twins: simulated, so that they cost no round."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from backends.errors import InputError
from qpartition.asking import divided
from qpartition.checks import Rows
from qpartition.executor import Jacobian
from qpartition.meter import Meter


def twin_jacobians(meter: Meter, rows: Mapping[str, Rows]) -> dict[str, Jacobian]:
    """Derivatives of the exact noisy expectations where the sub-VQCs are placed.

    Raises:
        InputError: If circuits are cut, or for a device that has no twin.
    """
    if meter.workload.cuts:
        raise InputError("derivatives by the twin are not known for cut circuits; use gradient='parameter-shift'")
    found: dict[str, Jacobian] = {}
    for name, group in meter.by_qpu({key: len(r.base) for key, r in rows.items()}).items():
        requests = [meter.request(key, rows[key].base) for key in group]
        wanted = [rows[key].mask & meter.workload.active[key] for key in group]
        slopes = meter.topology.qpus[name].derivatives(requests, wanted)
        for key, slope in zip(group, slopes, strict=True):
            found[key] = divided(slope, np.zeros_like(slope), meter.workload.by_key[key].inputs)
    return {key: found[key] for key in rows if key in found}
