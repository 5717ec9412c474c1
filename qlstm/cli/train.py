"""``qlstm train``: from a task to a trained model in a folder."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import options as o
from .errors import INTERRUPTED, REFUSED

if TYPE_CHECKING:
    from ..training.run import Run
    from .output import Output


@o.of_a_run
def train(
    settings: dict[str, Any],
    out: o.Out = None,
    resume: o.Resume = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
) -> int:
    """Train a distributed QLSTM on TASK.

    Without --qpu circuits are simulated exactly; with it they run there, and --gradient says where
    gradients come from: parameter shifts by default.
    Ctrl-C stops after the current step and saves; --resume goes on to the same weights, to the bit.
    """
    from ..training.interrupts import StopSignals
    from .output import Output

    output = Output(json=json, quiet=quiet)
    with StopSignals() as stop:
        from ..training import ProgressBar, open_run

        with output.refusal():
            run = open_run(settings, out, resume=resume, callbacks=[ProgressBar()] if output.talks else [])
        if resume and run.begins:
            output.warn(f"nothing to resume in {out}, starting a new run")
        try:
            return _run(run, stop, output)
        except KeyboardInterrupt:
            output.warn(f"interrupted at once, {_saved(run)}: {_again(run)}")
            return INTERRUPTED
        finally:
            run.close()


def _run(run: Run, stop: Callable[[], bool], output: Output) -> int:
    from backends.errors import BudgetError, PausedError

    _announce(run, output)
    done_before = run.trainer.epoch
    if not run.trainer.finished:
        try:
            run.fit(stop)
        except BudgetError as error:
            return _stopped(run, error, output, done_before, REFUSED, " --budget SECONDS")
        except PausedError as error:
            return _stopped(run, error, output, done_before, INTERRUPTED, "")
    if run.trainer.finished and not (done_before == run.trainer.epoch and run.folder.forecast_figure.exists()):
        run.draw()
    return _conclude(run, output, done_before)


def _stopped(run: Run, error: Exception, output: Output, done_before: int, code: int, more: str) -> int:
    """A round would have cost too much, or cannot run now; what came before it is kept."""
    line = f"{error}; {_saved(run, f' in {run.folder.path}')}: {_again(run)}{more}"
    status = "stopped" if code == REFUSED else "paused"
    output.result({"status": status, "error": line, "epochs_now": run.trainer.epoch - done_before, **run.summary()})
    output.warn(f"{'error' if code == REFUSED else 'paused'}: {line}")
    return code


def _saved(run: Run, where: str = "") -> str:
    """What a run that was broken off leaves; a command that goes on follows."""
    steps = run.saved_steps
    return "nothing is saved yet; begin with" if steps is None else f"saved after {steps} steps{where}; go on with"


def _again(run: Run) -> str:
    return f"qlstm train {shlex.quote(run.settings.task)} --out {shlex.quote(str(run.folder.path))} --resume"


def _announce(run: Run, output: Output) -> None:
    from ..training.pricing import share_of_account

    trainer, settings = run.trainer, run.settings
    output.say(f"{settings.task} in {run.folder.path}: {run.model.n_quantum_parameters} quantum parameters")
    if trainer.steps:
        output.say(f"resuming after epoch {trainer.epoch}" + (f", step {trainer.batch}" if trainer.batch else ""))
    if run.plan is not None and run.plan.epoch is not None:
        cost = run.plan.epoch
        output.say(
            f"an epoch on {', '.join(settings.qpu)}: {cost.rounds} rounds, {cost.jobs} jobs,"
            f" {cost.executions} executions, {cost.qpu_seconds:.1f} QPU seconds"
        )
        _, line = share_of_account(run.plan)
        if line:
            output.say(line)


def _conclude(run: Run, output: Output, done_before: int) -> int:
    from .horizon import by_steps, is_apart

    trainer, path = run.trainer, run.folder.path
    status, summary = "done" if trainer.finished else "interrupted", run.summary()
    output.result({"status": status, "epochs_now": trainer.epoch - done_before, **summary})
    if not trainer.finished:
        output.warn(f"interrupted and saved after {trainer.steps} steps; go on with: {_again(run)}")
        return INTERRUPTED
    if done_before == trainer.epoch:
        output.say(f"already finished after {trainer.epoch} epochs, nothing to do; give a larger --epochs to go on")
    linear = {f"linear fit, {name}": summary["linear_fit"][name] for name in ("test_mse", "test_r2")}
    metrics = {
        ("seconds of the last epoch" if name == "seconds" else name): v for name, v in summary["metrics"].items()
    }
    output.table("Result", {name: value for name, value in metrics.items() if not is_apart(name)} | linear)
    by_steps(output, {"test": summary["metrics"], "linear fit": summary["linear_fit"]})
    reached, bound = summary["metrics"].get("bridge_overhead", 1.0), run.settings.max_overhead
    if bound is not None and reached > bound:
        output.warn(
            f"the overhead of the bridges is {reached:.4g}, above --max-overhead {bound:g}: the penalty did not hold it;"
            " train longer, or with a smaller --lr"
        )
    output.say(f"written to {path}")
    return 0
