"""Numbers as a file: whole or not there."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def save(path: Path | None, found: Mapping[str, Any]) -> None:
    """Replace ``path`` by the numbers as JSON; None is nowhere."""
    if path is not None:
        temporary = path.with_name(path.name + ".part")
        temporary.write_text(json.dumps(found, indent=1))
        os.replace(temporary, path)
