"""What is drawn of a placement: per core its label and colour, by gate and part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from backends.core import Core
from backends.errors import InputError, shown

INK, PALE, RULE, BROKEN, FREE = "#22333b", "#eceff1", "#b6c0c5", "#c1121f", "#9aa7ad"
GATES = ("#0a7e8c", "#d1495b", "#e09f3e", "#5b5ea6", "#5a9367", "#8d6a9f", "#3f88c5", "#a0522d")
SEVERAL = "#5c677d"
"""Colour of cores on which several gates run."""


@dataclass(frozen=True)
class Tenants:
    """What runs on every core.

    Attributes:
        keys: Sub-VQC keys by core name.
        colours: Colour by gate, in the order of the legend.
    """

    keys: Mapping[str, Sequence[str]]
    colours: Mapping[str, str]

    @classmethod
    def of(cls, placement: Mapping[str, Core | str] | None, cores: Iterable[Core]) -> Tenants:
        """From a placement.

        Raises:
            InputError: If it names a core that is not among ``cores``.
        """
        if placement is not None and not isinstance(placement, Mapping):
            raise InputError(f"placement={shown(placement)} must be a dict of sub-VQC key -> core, or None")
        keys: dict[str, list[str]] = {core.name: [] for core in cores}
        for key, core in (placement or {}).items():
            name = core.name if isinstance(core, Core) else core
            if not isinstance(name, str) or name not in keys:
                raise InputError(
                    f"the placement puts {key!r} on {shown(name)}, which is no core here; draw its own topology"
                )
            keys[name].append(key)
        gates = dict.fromkeys(_gate(key) for key in placement or {})
        return cls(keys, {gate: GATES[i % len(GATES)] for i, gate in enumerate(gates)})

    def colour(self, core: str) -> str:
        """Of the gate that runs there, `SEVERAL` for more than one, `FREE` for none."""
        gates = {_gate(key) for key in self.keys[core]}
        if len(gates) > 1:
            return SEVERAL
        return self.colours[gates.pop()] if gates else FREE

    def label(self, core: str) -> str:
        """Gate and part of what runs there, with how many more there are."""
        keys = self.keys[core]
        if not keys:
            return ""
        layers = {key.partition(".")[0] for found in self.keys.values() for key in found}
        first = keys[0].split(".", 1)[-1] if len(layers) == 1 else keys[0]
        return first.replace(".", " ") + (f" +{len(keys) - 1}" if len(keys) > 1 else "")

    @property
    def legend(self) -> dict[str, str]:
        """Colour by what it stands for, only what is there."""
        used = {self.colour(core) for core in self.keys}
        gates = {f"gate {gate}": colour for gate, colour in self.colours.items() if colour in used}
        rest = {"several gates": SEVERAL, "free core": FREE}
        return gates | {name: colour for name, colour in rest.items() if colour in used}


def tint(colour: str) -> tuple[float, float, float]:
    """The colour, three quarters white."""
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return 0.75 + red / 4, 0.75 + green / 4, 0.75 + blue / 4


def counted(number: int, what: str) -> str:
    """``1 core``, ``2 cores``."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def _gate(key: str) -> str:
    """The gate of ``"l0.f.p1"`` is ``f``; a key of another kind stands for itself."""
    pieces = key.split(".")
    return pieces[1] if len(pieces) == 3 else key
