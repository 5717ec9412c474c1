"""What ``ibm:NAME?key=value&...`` may say about how jobs are run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import InputError, unknown_name

MODES = ("batch", "session", "job")
SEQUENCES = ("XX", "XpXm", "XY4")
TWIRLINGS = ("gates", "measure", "both")


@dataclass(frozen=True)
class Options:
    """How jobs are run on a device.

    Attributes:
        mode: ``"batch"`` (jobs of a run are scheduled close together; on every plan), ``"session"`` (the device is
            reserved, idle time is billed; not on the Open plan), or ``"job"``.
        idle: A session is closed when no job has been waiting in it for so many seconds, and opened again for the next.
        dd: Dynamical decoupling with this sequence; None for none.
        twirl: Pauli twirling of two-qubit gates, of measurements, or both; None for none.
        rep_delay: Seconds between shots; None for the device's default.
        pace: Submissions per minute to this device, at most; None for the default of the account's plan.
        pending: Jobs of this device that wait or run at once, at most: one more waits for its turn; None for the default
            of the account's plan.
    """

    mode: str = "batch"
    idle: float = 20.0
    dd: str | None = None
    twirl: str | None = None
    rep_delay: float | None = None
    pace: float | None = None
    pending: int | None = None

    @classmethod
    def parsed(cls, spec: str, given: Mapping[str, str]) -> Options:
        """From the options of a spec.

        Raises:
            InputError: For an unknown option, or a value that it does not take.
        """
        for key in given:
            if key not in _READ:
                raise unknown_name(f"option of {spec!r}:", key, _READ)
        return cls(**{key: _READ[key](spec, key, value) for key, value in given.items()})


def _one_of(choices: tuple[str, ...]) -> Callable[[str, str, str], str]:
    def read(spec: str, key: str, value: str) -> str:
        if value not in choices:
            raise InputError(f"{spec!r}: {key}={value!r} must be one of {', '.join(choices)}")
        return value

    return read


def _positive(kind: type[int] | type[float], what: str) -> Callable[[str, str, str], Any]:
    def read(spec: str, key: str, value: str) -> Any:
        try:
            number = kind(value)
        except ValueError:
            number = kind(-1)
        if not 0 < number < float("inf"):
            raise InputError(f"{spec!r}: {key}={value!r} must be a positive {what}")
        return number

    return read


_READ: dict[str, Callable[[str, str, str], Any]] = {
    "mode": _one_of(MODES),
    "idle": _positive(float, "number of seconds"),
    "dd": _one_of(SEQUENCES),
    "twirl": _one_of(TWIRLINGS),
    "rep_delay": _positive(float, "number of seconds, such as 50e-6"),
    "pace": _positive(float, "number of submissions per minute"),
    "pending": _positive(int, "number of jobs"),
}
