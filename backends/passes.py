"""Qiskit's preset pass managers, without importing every package that has plugins for them.

Qiskit imports all installed plugins of the stages, to use its own: one is of `qiskit_ibm_runtime`, whose import takes
longer than to transpile a circuit. Here a plugin of another package is imported when it is asked for a stage.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from qiskit.transpiler import StagedPassManager, generate_preset_pass_manager
from qiskit.transpiler.preset_passmanagers.plugin import PassManagerStagePlugin
from stevedore import ExtensionManager

_STAGES = ("init", "layout", "routing", "translation", "optimization", "scheduling")


def preset_pass_manager(level: int, **options: Any) -> StagedPassManager:
    """As `qiskit.transpiler.generate_preset_pass_manager`, with its options."""
    with _plugins_when_used():
        return generate_preset_pass_manager(level, **options)


@contextmanager
def _plugins_when_used() -> Iterator[None]:
    """Meanwhile stevedore, which looks for Qiskit's plugins, finds those of other packages as `_Later`.

    Its list is the whole process's, but a thread that reads it meanwhile finds plugins that do the same.
    """
    known = ExtensionManager.ENTRY_POINT_CACHE
    before = {group: known[group] for group in _entries() if group in known}
    known.update(_entries())
    try:
        yield
    finally:
        for group in _entries():
            known.pop(group, None)
        known.update(before)


@cache
def _entries() -> dict[str, list[EntryPoint]]:
    """Group -> its plugins, for every stage."""
    groups, installed = [f"qiskit.transpiler.{stage}" for stage in _STAGES], entry_points()
    return {group: [_later(entry) for entry in installed.select(group=group)] for group in groups}


def _later(entry: EntryPoint) -> EntryPoint:
    own = entry.module.partition(".")[0] == "qiskit"
    return entry if own else _Later(name=entry.name, value=entry.value, group=entry.group)


class _Later(EntryPoint):
    """An entry point of a plugin that is imported when it makes a stage."""

    def load(self) -> Any:
        """What makes the plugin."""
        load = super().load

        class Plugin(PassManagerStagePlugin):  # type: ignore[misc]
            def pass_manager(self, *arguments: Any, **options: Any) -> Any:
                """The stage, by the plugin itself."""
                return load()().pass_manager(*arguments, **options)

        return Plugin
