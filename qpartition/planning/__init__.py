"""The plan: which sub-VQC runs where, and what that costs, before anything runs."""

from qpartition.gradients import GRADIENTS

from .planned import Plan
from .planner import plan
from .settings import WIDE

__all__ = ["GRADIENTS", "WIDE", "Plan", "plan"]
