"""A device of every kind."""

from __future__ import annotations

import pytest

from backends import QPU, open_qpu


@pytest.fixture(params=["exact", "aer", "fake:nairobi"])
def qpu(request: pytest.FixtureRequest) -> QPU:
    return open_qpu(request.param)
