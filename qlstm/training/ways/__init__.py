"""Ways to run gates that are wider than a core, side by side on one task: split, cut, whole, and split with bridges."""

from .measuring import run_ways
from .names import WAYS, is_contest, named_ways
from .planning import Way, WaysContest, plan_ways
from .table import HEADER, Row, WaysResult

__all__ = [
    "HEADER", "WAYS", "Row", "Way", "WaysContest", "WaysResult", "is_contest", "named_ways", "plan_ways", "run_ways",
]  # fmt: skip
