"""The dispatcher: runs the rounds of a plan on its devices, one job per QPU and round, within a budget."""

from .dispatcher import Dispatcher
from .spending import ROUNDING, seconds_text

__all__ = ["ROUNDING", "Dispatcher", "seconds_text"]
