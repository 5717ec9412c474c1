"""Graphs and figures as files that are either whole or absent."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from backends.errors import InputError, shown, unknown_name

if TYPE_CHECKING:
    import networkx as nx


def checked_path(path: object) -> Path:
    """The path of a file as a `Path`.

    Raises:
        InputError: For anything else, such as None or an empty text.
    """
    if not isinstance(path, str | Path) or not Path(path).name or "\0" in str(path):
        raise InputError(f"path={shown(path)} is no path of a file; give one, such as 'plan.json'")
    return Path(path)


def save_graph(graph: nx.Graph, path: Path | str) -> Path:
    """Write a graph by the suffix of its path: ``.graphml``, or ``.json`` for node-link data.

    Raises:
        InputError: For another suffix, or a file that cannot be written.
    """
    place = checked_path(path)
    suffix = place.suffix.lower()
    if suffix not in FORMATS:
        raise unknown_name(f"suffix of {place.name}:", suffix, FORMATS)
    write_whole(place, FORMATS[suffix](graph))
    return place


def write_whole(path: Path, content: bytes) -> None:
    """Replace a file at once.

    Raises:
        InputError: If it cannot be written.
    """
    temporary = path.with_name(f".{path.name}-{uuid4().hex}")
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise InputError(f"cannot write {path}: {error.strerror or error}; choose a writable folder") from error


def _graphml(graph: nx.Graph) -> bytes:
    import networkx as nx

    file = io.BytesIO()
    nx.write_graphml(graph, file)
    return file.getvalue()


def _node_link(graph: nx.Graph) -> bytes:
    import networkx as nx

    return json.dumps(nx.node_link_data(graph, edges="edges"), indent=1, allow_nan=False).encode()


FORMATS: dict[str, Callable[[nx.Graph], bytes]] = {".graphml": _graphml, ".json": _node_link}
"""Suffix -> how a graph is written."""
