"""What a distributed QLSTM needs, in closed form: parameters, qubits, rounds, executions, QPU seconds (Sec. II.F).

The hardware is that of Sec. II.F.2: M QPUs, of which number m holds part m of every block, on cores side by side.
Nothing is built or placed, so a thousand designs cost nothing; `counted` reads the same numbers off a real plan.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from backends.errors import InputError, check_is, check_name, shown
from backends.whole import whole

from .design import Design

if TYPE_CHECKING:
    from .planning import Plan

JOB_SECONDS, REP_DELAY, CIRCUIT_SECONDS = 2.0, 250e-6, 5e-6
"""IBM's usage rule: QPU seconds of a job, the usual pause before an execution; how long a small circuit lasts, about."""
MOST = 10**9
"""Largest number of steps, sequences, shots or cores."""
Demand = Literal["forward", "deferred", "fused"]
Sets: TypeAlias = Mapping[tuple[int, int], int]
"""Parameter sets of a round, by block and part."""


@dataclass(frozen=True)
class Resources:
    """What a design needs; executions and what follows are of one forward pass or training step.

    Attributes:
        parameters: Trainable rotation angles (Eq. 12).
        qpus: M, the number of QPUs.
        sub_vqcs: Circuits of one time step and the output together.
        core_qubits: Width q of the widest sub-VQC.
        qubits_per_qpu: Most qubits that one QPU needs, all its cores together.
        qubits: Of all QPUs; M q with one core each.
        rounds: Questions to all devices at once, one after the other.
        jobs: Submissions, one per QPU and round in which it has work.
        sets: Sub-VQCs with their parameters bound.
        executions: Circuits x shots; cores of one QPU run side by side, as one circuit.
        qpu_seconds: By IBM's usage rule.
    """

    parameters: int
    qpus: int
    sub_vqcs: int
    core_qubits: int
    qubits_per_qpu: int
    qubits: int
    rounds: int
    jobs: int
    sets: int
    executions: int
    qpu_seconds: float


def resources(
    design: Design,
    *,
    steps: int | None = None,
    batch: int = 1,
    shots: int = 1024,
    cores: int = 1,
    demand: Demand = "deferred",
    rep_delay: float = REP_DELAY,
    circuit_seconds: float = CIRCUIT_SECONDS,
) -> Resources:
    """What one forward pass or training step of a design needs on M QPUs.

    Args:
        design: The QLSTM.
        steps: Time steps T; has to be given.
        batch: Sequences.
        shots: Per execution.
        cores: Of every QPU, side by side; block b runs on core b mod ``cores``, those of one core one after the other.
        demand: ``"forward"``, or a training step with parameter shifts: ``"deferred"`` (all shifts in one more round)
            or ``"fused"`` (with the values).
        rep_delay: Seconds before every execution.
        circuit_seconds: Seconds that a circuit lasts, measurement included.

    Raises:
        InputError: For a number that is not positive, or too large to be meant.
    """
    check_is(design, Design, "make one with Design.of(features, hidden, parts)")
    check_name("demand", demand, get_args(Demand))
    length, batch, shots = _number("steps", steps), _number("batch", batch), _number("shots", shots)
    cores = _number("cores", cores)
    seconds = _seconds("rep_delay", rep_delay) + _seconds("circuit_seconds", circuit_seconds)
    lanes = _lanes(design, cores)
    rounds = jobs = sets = circuits = 0
    for times, one in _rounds(design, length, batch, demand):
        busy = _busy(one, lanes)
        rounds, jobs, sets = rounds + times, jobs + times * len(busy), sets + times * sum(one.values())
        circuits += times * sum(busy.values())
    widths = [part.qubits for block in design.blocks for part in block]
    per_qpu = _qubits({key: design.blocks[key[0]][key[1]].qubits for key in lanes}, lanes)
    return Resources(
        parameters=design.parameters,
        qpus=len(per_qpu),
        sub_vqcs=len(widths),
        core_qubits=max(widths),
        qubits_per_qpu=max(per_qpu.values()),
        qubits=sum(per_qpu.values()),
        rounds=rounds,
        jobs=jobs,
        sets=sets,
        executions=circuits * shots,
        qpu_seconds=JOB_SECONDS * jobs + circuits * shots * seconds,
    )


def counted(plan: Plan, demand: Demand = "deferred") -> Resources:
    """The same numbers counted on a real plan: its circuits where they are placed, and its own tally.

    Args:
        plan: Made here by `qpartition.plan`; one that was loaded has no circuits.
        demand: ``"forward"`` for the forward pass, else the training step.

    Raises:
        InputError: For a plan that was loaded from a file.
    """
    from .planning import Plan

    check_is(plan, Plan, "make one with plan(workload, topology)")
    check_name("demand", demand, get_args(Demand))
    if plan.live is None:
        raise InputError("a loaded plan has no circuits to count; make it again with plan(workload, topology)")
    subvqcs = plan.live.workload.subvqcs
    cores = {name: number for number, name in enumerate(dict.fromkeys(c.core for c in plan.circuits))}
    qpus = {name: number for number, name in enumerate(plan.live.qpus)}
    lanes = {
        (number, qpus[circuit.core.rpartition("/")[0]]): cores[circuit.core]
        for number, circuit in enumerate(plan.circuits)
    }
    widths = {key: c.qubits for key, c in zip(lanes, plan.circuits, strict=True)}
    per_qpu = _qubits(widths, lanes)
    cost = plan.forward if demand == "forward" else plan.step
    return Resources(
        parameters=sum(subvqc.weights for subvqc in subvqcs),
        qpus=len(per_qpu),
        sub_vqcs=len(subvqcs),
        core_qubits=max(widths.values()),
        qubits_per_qpu=max(per_qpu.values()),
        qubits=sum(per_qpu.values()),
        rounds=cost.rounds,
        jobs=cost.total.jobs,
        sets=cost.total.parameter_sets,
        executions=cost.total.executions,
        qpu_seconds=cost.total.qpu_seconds,
    )


def _number(name: str, value: object) -> int:
    if whole(value, 1) is None:
        raise InputError(f"{name}={shown(value)} must be an integer of at least 1")
    number = whole(value, 1, MOST)
    if number is None:
        raise InputError(f"{name}={shown(value)} exceeds the {MOST:,} that are reckoned with; use fewer")
    return number


def _seconds(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MOST:
        raise InputError(f"{name}={shown(value)} must be a number of seconds, 0 to {MOST:,}")
    return float(value)


def _lanes(design: Design, cores: int) -> dict[tuple[int, int], int]:
    """The core of every (block, part) on its QPU."""
    return {(b, m): b % cores for b, block in enumerate(design.blocks) for m in range(len(block))}


def _rounds(design: Design, steps: int, batch: int, demand: Demand) -> Iterator[tuple[int, Sets]]:
    """Rounds that differ, and how often each occurs."""
    gates, per_step = range(len(design.blocks) - design.extra), len(design.step_blocks)
    inner = range(len(gates), len(design.blocks))
    waves = [(steps, tuple(gates)), *((steps if b - len(gates) < per_step else 1, (b,)) for b in inner)]
    late: defaultdict[tuple[int, int], int] = defaultdict(int)
    for times, blocks in waves:
        values = {(b, m): batch for b in blocks for m in range(len(design.blocks[b]))}
        first, later = (
            {
                (b, m): 2 * batch * design.circuit.derivatives(design.blocks[b][m], inner=b in inner, first=at_first)
                for b, m in values
            }
            for at_first in (True, False)
        )
        if demand == "fused":
            yield 1, {key: batch + first[key] for key in values}
            yield times - 1, {key: batch + later[key] for key in values}
            continue
        yield times, values
        for key in values:
            late[key] += first[key] + (times - 1) * later[key]
    if demand == "deferred":
        yield 1, late


def _busy(sets: Sets, lanes: Mapping[tuple[int, int], int]) -> dict[int, int]:
    """Executions (but for the shots) of a round, by QPU: those of its busiest core."""
    queues: defaultdict[int, defaultdict[int, int]] = defaultdict(lambda: defaultdict(int))
    for (block, part), count in sets.items():
        queues[part][lanes[block, part]] += count
    return {part: max(cores.values()) for part, cores in queues.items() if any(cores.values())}


def _qubits(widths: Mapping[tuple[int, int], int], lanes: Mapping[tuple[int, int], int]) -> dict[int, int]:
    """Qubits that each QPU needs: on every core those of its widest circuit."""
    cores: defaultdict[int, defaultdict[int, int]] = defaultdict(lambda: defaultdict(int))
    for key, width in widths.items():
        cores[key[1]][lanes[key]] = max(cores[key[1]][lanes[key]], width)
    return {part: sum(core.values()) for part, core in cores.items()}
