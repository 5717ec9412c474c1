"""Contestants, cases and interleaved timing behind the scripts of this folder."""
