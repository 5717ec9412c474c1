"""Exact evaluation: one compiled function for the whole sequence, and plain torch as its oracle and fallback."""
