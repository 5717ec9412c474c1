"""Circuits that must stay entangled, cut into fragments that fit on narrow cores, and knitted together again.

A cut replaces a gate across two fragments, or a wire, by a sum of local operations with real coefficients (a
quasi-probability decomposition; Mitarai and Fujii 2021, Peng et al. 2020). The expectation of the whole is a contraction
of the fragments' expectations with these coefficients, at the price of (sum of |coefficients|)^2 more shots per cut.
"""

from .cut import cut
from .knitted import Knitted
from .results import Estimates, Slopes

__all__ = ["Estimates", "Knitted", "Slopes", "cut"]
