"""Mappings side by side on the same devices: what they cost, and how far the expectations are from exact."""

from .comparing import compare, plan_each
from .measuring import PROBES, measure
from .pricing import counted, require_within, seconds
from .results import Comparison, Entry

__all__ = ["PROBES", "Comparison", "Entry", "compare", "counted", "measure", "plan_each", "require_within", "seconds"]
