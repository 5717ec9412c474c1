"""The experiments by name: which rows, what is drawn of them. A new one is a function and a line in ``EXPERIMENTS``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from .ours import DRIVEN, HIDDEN_DRIVE, PENDULUM, our_rows
from .paper import SETTING, TABLE_1, TABLE_2, distributed, paper_rows
from .setups import Data, Row, Setup
from .summary import Trials, summaries
from .tables import Table

Draw = Callable[[Sequence[Row], Trials, Path], Sequence[Table]]
"""Draws figures into a folder, and returns the numbers in them."""


@dataclass(frozen=True)
class Experiment:
    """A table or figure of the paper.

    Attributes:
        title: What it shows.
        make: Its rows; none where nothing is trained.
        draw: What else is made of the trials; None for a table alone.
    """

    title: str
    make: Callable[[], tuple[Row, ...]]
    draw: Draw | None = None

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """What is trained."""
        return self.make()

    def report(self, rows: Sequence[Row], trials: Trials, folder: Path) -> list[Table]:
        """All tables; figures are written into ``folder``."""
        return [*summaries(rows, trials), *(self.draw(rows, trials, folder) if self.draw else ())]


def table_1() -> tuple[Row, ...]:
    """The pendulum: the paper's models under both scalings, then ours."""
    honest = Data(task="pendulum", scaling="train")
    return (
        *paper_rows("paper's setting, scaled on all data", Data(task="pendulum"), TABLE_1),
        *paper_rows("paper's setting, scaled on the training part", honest),
        *our_rows("ours, scaled on all data", Data(task="pendulum"), PENDULUM),
        *our_rows("ours, scaled on the training part", honest, PENDULUM),
    )


def table_2() -> tuple[Row, ...]:
    """NARMA: the paper's models on NARMA-2 from two starts and under both scalings, then all orders."""
    from_zero, usual = Data(task="narma2", y0=0.0), Data(task="narma2")
    rows = (
        *paper_rows("NARMA-2 from y_0 = 0, scaled on all data", from_zero, TABLE_2),
        *paper_rows("NARMA-2 from y_0 = 0.196, scaled on all data", usual, TABLE_2),
        *paper_rows("NARMA-2 from y_0 = 0.196, scaled on the training part", Data(task="narma2", scaling="train")),
    )
    for order in (2, 5, 10):
        for with_u in (False, True):
            group = f"NARMA-{order} {'with u_t' if with_u else 'from y alone'}, scaled on the training part"
            data = Data(task=f"narma{order}", scaling="train", with_u=with_u)
            paper = Row(group, "paper's distributed, 2 x 3", Setup(data, distributed(data.features), SETTING))
            rows += (paper, *our_rows(group, data, DRIVEN if with_u else HIDDEN_DRIVE))
    return rows


def pendulum_rows() -> tuple[Row, ...]:
    """Figs. 3 and 4: the models of Table I."""
    return paper_rows("pendulum, paper's setting", Data(task="pendulum"), TABLE_1)


def narma_rows() -> tuple[Row, ...]:
    """Figs. 5 and 6: the models of Table II, from both starts."""
    return tuple(
        row
        for start, y0 in (("0", 0.0), ("0.196", None))
        for row in paper_rows(f"NARMA-2 from y_0 = {start}", Data(task="narma2", y0=y0), TABLE_2)
    )


def _losses(rows: Sequence[Row], trials: Trials, folder: Path) -> Sequence[Table]:
    from .figures import draw_losses

    return draw_losses(rows, trials, folder)


def _forecasts(rows: Sequence[Row], trials: Trials, folder: Path) -> Sequence[Table]:
    from .figures import draw_forecasts

    return draw_forecasts(rows, trials, folder)


def _resources(rows: Sequence[Row], trials: Trials, folder: Path) -> Sequence[Table]:
    from .resource_study import study

    return study(folder)


EXPERIMENTS: dict[str, Experiment] = {
    "table1": Experiment("Table I: the damped pendulum", table_1),
    "table2": Experiment("Table II: NARMA", table_2),
    "fig3": Experiment("Fig. 3: training and test loss, pendulum", pendulum_rows, _losses),
    "fig4": Experiment("Fig. 4: forecasts, pendulum", pendulum_rows, _forecasts),
    "fig5": Experiment("Fig. 5: training and test loss, NARMA-2", narma_rows, _losses),
    "fig6": Experiment("Fig. 6: forecasts, NARMA-2", narma_rows, _forecasts),
    "resources": Experiment("Sec. II.F: resources, Eqs. 9-12", tuple, _resources),
}
"""Name -> experiment, in the order of ``all``."""
