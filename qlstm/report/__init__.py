"""A run as one HTML page that needs nothing but itself: ``qlstm report DIR``.

`collect` reads a run's folder, the section modules turn what it holds into plain blocks, `page` puts them into HTML.
"""

from __future__ import annotations

from .collect import collect
from .page import render, status, write_report
from .record import Record

__all__ = ["Record", "collect", "render", "status", "write_report"]
