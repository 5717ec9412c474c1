"""What a job is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import backends.ibm.runtime
from backends.ibm.options import Options
from qpartition import Journal
from tests.backends.ibm.lab import Lab


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The options of every job that is submitted."""
    seen: list[Any] = []

    class Sampler(backends.ibm.runtime.Sampler):  # type: ignore[misc]
        def run(self, *arguments: Any, **options: Any) -> Any:
            seen.append(self.options)
            return super().run(*arguments, **options)

    monkeypatch.setattr(backends.ibm.runtime, "Sampler", Sampler)
    return seen


def test_the_usual_options(lab: Lab, told: list[Any]) -> None:
    lab.run()
    assert len(told) == 4
    with Journal.read(lab.journal) as journal:
        tags = {entry.tag for entry in journal.entries()}
    assert {tag for options in told for tag in options.environment.job_tags} == tags and len(tags) == 4
    for options in told:
        assert not options.dynamical_decoupling.enable
        assert not options.twirling.enable_gates and not options.twirling.enable_measure


def test_options_reach_the_job(lab: Lab, told: list[Any]) -> None:
    replace(lab, options="?dd=XY4&twirl=both&rep_delay=50e-6").run(rounds=1)
    assert len(told) == 2
    for options in told:
        assert options.dynamical_decoupling.enable and options.dynamical_decoupling.sequence_type == "XY4"
        assert options.twirling.enable_gates and options.twirling.enable_measure
        assert options.execution.rep_delay == 50e-6


@pytest.mark.parametrize(("twirl", "gates", "measure"), [("gates", True, False), ("measure", False, True)])
def test_either_twirling(lab: Lab, twirl: str, gates: bool, measure: bool) -> None:
    options = backends.ibm.runtime.Sampler(mode=lab.qpus[0].backend.backend).options
    backends.ibm.runtime.set_options(options, Options(twirl=twirl), "tag", None)
    assert (options.twirling.enable_gates, options.twirling.enable_measure) == (gates, measure)


def test_a_job_may_take_what_is_left_of_the_budget(lab: Lab, told: list[Any]) -> None:
    replace(lab, budget=100.0).run()
    spent = lab.plan.forward.qpu_seconds
    first, second = ([options.max_execution_time for options in some] for some in (told[:2], told[2:]))
    assert 95 < sum(first) <= 100  # both jobs of the round together
    assert 95 - spent < sum(second) <= 100 - spent
