"""The dispatcher: runs the rounds of a plan on its devices, one job per QPU and round, within a budget."""

from .dispatcher import Dispatcher
from .spending import ROUNDING, budget_text, seconds_text

__all__ = ["ROUNDING", "Dispatcher", "budget_text", "seconds_text"]
