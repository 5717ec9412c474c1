"""A device in memory, and a ledger that writes down the order of things."""

from __future__ import annotations

import pytest

from tests.backends.remote.scripted import NotedLedger, ScriptedQPU


@pytest.fixture
def qpu() -> ScriptedQPU:
    return ScriptedQPU()


@pytest.fixture
def ledger(qpu: ScriptedQPU) -> NotedLedger:
    return NotedLedger(qpu)
