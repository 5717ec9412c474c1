"""Mappings compared on a task: a model is trained exactly, then run on the devices under each mapping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backends.errors import InputError

from ..metrics import r2
from .assembly import build_data, build_model, open_topology
from .callbacks import Callback
from .cut_limit import naming_the_option
from .prediction import predict
from .pricing import gradient_of, mapping_options, plan_options
from .probing import REPEATS, angles_of, forecast_on, measured_windows
from .rules import of_mappings
from .settings import RunSettings
from .trainer import Trainer
from .unused import require_used

if TYPE_CHECKING:
    from qpartition import Comparison, Plan, Workload

    from ..forecaster import Forecaster
    from ..tasks import Dataset


@dataclass(frozen=True)
class Contest:
    """A comparison that can be run: planned and within its budget, but nothing has run.

    Attributes:
        settings: What was asked for.
        data: The windows of the task.
        model: A model that is not trained.
        workload: A training step of it.
        plans: By mapping.
    """

    settings: RunSettings
    data: Dataset
    model: Forecaster
    workload: Workload
    plans: Mapping[str, Plan]


def plan_contest(given: Mapping[str, Any], mappings: Sequence[str]) -> Contest:
    """Plan every mapping and price all that will be measured; nothing is written or run.

    Args:
        given: Settings of the run that differ from the defaults.
        mappings: Names of mappings.

    Raises:
        InputError: Without devices, or for settings or mappings that cannot be used.
        BudgetError: If measuring would cost more than the budget.
    """
    from qpartition import Workload
    from qpartition.comparison import plan_each, require_within

    settings = RunSettings(**given)
    if not settings.qpu:
        raise InputError("compare needs devices to map onto; name some with --qpu, such as fake:fez")
    require_used(given, settings, of_mappings(mappings))
    data = build_data(settings)
    model = build_model(settings, data)
    workload = Workload.of(model, min(settings.batch, data.train), settings.window)
    with naming_the_option(settings, model):
        plans = plan_each(
            workload,
            open_topology(settings, model),
            mappings,
            settings.shots,
            options={name: mapping_options(settings, name) for name in mappings},
            gradient=gradient_of(settings),
            **plan_options(settings, model),
        )
    contest = Contest(settings, data, model, workload, plans)
    require_within(settings.budget, {name: contest_seconds(contest, name) for name in plans})
    return contest


def contest_seconds(contest: Contest, mapping: str) -> float:
    """QPU seconds that one mapping will take: a round at the angles of the model, then the forecasts."""
    from qpartition.comparison import seconds

    made, data, workload = contest.plans[mapping], contest.data, contest.workload
    probe = workload.resized(len(measured_windows(data))).forward_rounds()
    forecast = workload.resized(len(data.x_test)).forward_rounds()
    once = {key: sum(wave.get(key, 0) for wave in probe) for key in workload.keys}
    return seconds(made, [once]) + seconds(made, forecast * _repeats(contest.settings))


def run_contest(contest: Contest, callbacks: Sequence[Callback] = ()) -> tuple[Comparison, float]:
    """Train exactly, then measure each mapping: cost, error of the expectations at the model's own angles, and R2.

    Args:
        contest: From `plan_contest`.
        callbacks: Told about the exact training.

    Returns:
        The comparison with the test R2 under each mapping, and the test R2 in exact simulation.

    Raises:
        InputError: If the training fails, as for a learning rate that is too large.
    """
    from qpartition.comparison import measure

    settings, data, model = contest.settings, contest.data, contest.model
    Trainer(model, data, settings, callbacks).fit()
    exact = r2(data.y_test, predict(model, data.x_test))
    found = measure(contest.plans, contest.workload, angles_of(model, data), settings.seed)
    return found.with_r2({name: _scores(contest, plan) for name, plan in contest.plans.items()}), exact


def _scores(contest: Contest, plan: Plan) -> list[float]:
    """Test R2 of the forecasts under one mapping."""
    from qpartition import Dispatcher

    data = contest.data
    with Dispatcher(plan, seed=contest.settings.seed) as devices:  # another seed in every round
        forecasts = [forecast_on(devices, contest.model, data) for _ in range(_repeats(contest.settings))]
    return [r2(data.y_test, forecast) for forecast in forecasts]


def _repeats(settings: RunSettings) -> int:
    return 1 if settings.shots is None else REPEATS
