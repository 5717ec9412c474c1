"""The options that several commands share. ``None`` means not given; defaults are those of `RunSettings`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from backends.errors import InputError

from ..bridge_text import read_bridges
from ..training.settings import RunSettings


def _option(
    panel: str, name: str, help: str, metavar: str | None = None, *, default: str | None = None, **more: Any
) -> Any:
    """An option whose default is shown, but decided by the settings."""
    setting = name.split("/")[0].removeprefix("--").replace("-", "_")
    shown = str(getattr(RunSettings, setting, "")) if default is None else default
    return typer.Option(name, help=help, rich_help_panel=panel, show_default=shown or False, metavar=metavar, **more)


def folder(text: str) -> Path:
    """The path of a folder; an empty text, which pathlib takes for the current folder, is refused."""
    if not str(text).strip():
        raise typer.BadParameter("the name of the folder is empty; name one, or leave the option out")
    return Path(text)


def bridges(text: object) -> Any:
    """Bridges as typed; typer also brings what it parsed before."""
    try:
        return read_bridges(str(text)) if isinstance(text, str) else text
    except InputError as error:
        raise typer.BadParameter(str(error)) from None


_data, _model, _training = partial(_option, "Data"), partial(_option, "Model"), partial(_option, "Training")
_devices, _run = partial(_option, "Devices"), partial(_option, "Run")
EPOCHS = 10**7
"""Most epochs; as many as can be planned."""
Text: TypeAlias = str | None
Count: TypeAlias = int | None
Number: TypeAlias = float | None
Flag: TypeAlias = bool | None

Task = Annotated[
    str,
    typer.Argument(
        help="pendulum, pendulum-undamped, pendulum-forced, narma2, narma5, narma10, bessel, quantum-control, inversion,"
        " jaynes-cummings-damped, mackey-glass, sunspots, co2, or a CSV file.",
        metavar="TASK",
        show_default=False,
    ),
]
Target = Annotated[Text, _data("--target", "Column of the CSV to forecast.", "COLUMN", default="")]
Features = Annotated[Text, _data("--features", "Columns the model sees, with commas between.", "A,B", default="")]
WithU = Annotated[Flag, _data("--with-u/--without-u", "NARMA: the model also sees the input u.", default="without")]
Window = Annotated[Count, _data("--window", "Past values per forecast.")]
Horizon = Annotated[Count, _data("--horizon", "Steps ahead that are forecast at once.")]
Split = Annotated[Number, _data("--split", "Share of the windows that train.")]
Scaling = Annotated[Text, _data("--scaling", "What sets the scale: train (part only), or all of the series.", "NAME")]

Hidden = Annotated[Count, _model("--hidden", "Length of the hidden state.")]
Parts = Annotated[Count, _model("--parts", "Sub-VQCs that every gate is divided into.")]
Partition = Annotated[
    Text, _model("--partition", "contiguous, correlated, input-first, round-robin or shared-input.", "NAME")
]
Bridges = Annotated[
    Any,
    _model(
        "--bridges",
        "Trainable RZZ per variational layer: so many between neighbouring parts, or pairs of qubits such as 0-3,1-4,"
        " counted part after part.",
        "K or A-B,...",
        default="0: split",
        parser=bridges,
    ),
]
Linear = Annotated[
    Count,
    _model(
        "--linear",
        "Qubits of a gate between two linear layers, free of the hidden size (L-QLSTM).",
        default="no such layers",
    ),
]
AnsatzName = Annotated[Text, _model("--ansatz", "chen2020, chen2024 or reupload.", "NAME")]
Depth = Annotated[Count, _model("--depth", "Layers of the ansatz.", default="the ansatz's own")]
Entangler = Annotated[
    Text,
    _model("--entangler", "CNOTs of a layer: ring2, ring, linear, brick or none.", "NAME", default="the ansatz's own"),
]
Rotation = Annotated[Text, _model("--rotation", "Rotations of a layer: rot or ry.", "NAME", default="the ansatz's own")]
Head = Annotated[Text, _model("--head", "linear or vqc.", "NAME")]

Epochs = Annotated[Count, _training("--epochs", "Passes over the training windows.")]
Batch = Annotated[Count, _training("--batch", "Windows per optimiser step.")]
Lr = Annotated[Number, _training("--lr", "Learning rate.")]
Optimizer = Annotated[Text, _training("--optimizer", "rmsprop or adam.", "NAME")]
Cosine = Annotated[Flag, _training("--cosine/--no-cosine", "Let the rate fall to 1% over all epochs.", default="no")]
Shuffle = Annotated[Flag, _training("--shuffle/--no-shuffle", "A new order of the windows every epoch.", default="no")]
Seed = Annotated[Count, _training("--seed", "Fixes first weights, order and sampled shots.")]
MaxOverhead = Annotated[
    Number,
    _training(
        "--max-overhead",
        "Most times the shots that cutting may cost: --wide cut refuses more, training keeps --bridges under it.",
        default="1e6 for --wide cut, no bound on bridges",
    ),
]
Gradient = Annotated[
    Text,
    _training(
        "--gradient",
        "auto, parameter-shift, sampled-shift, spsa, twin or exact.",
        "NAME",
        default="auto: on devices parameter-shift",
    ),
]
Samples = Annotated[Count, _training("--samples", "sampled-shift: weight shifts per sub-VQC and step.")]
Perturbation = Annotated[Number, _training("--perturbation", "spsa: how far every parameter is moved.")]
Signal = Annotated[
    Flag,
    _training(
        "--signal/--no-signal",
        "Log signal to noise of the gradient, and errors of the losses, on devices.",
        default="signal",
    ),
]
TrainShots = Annotated[
    Count,
    _training("--train-shots", "Exact simulation: add the noise of so many shots while training.", default="no noise"),
]
JacobianMode = Annotated[
    Text,
    _training("--jacobian", "Shifts in a round after the last time step (deferred) or with each (fused).", "NAME"),
]

Qpu = Annotated[
    list[str] | None,
    _devices("--qpu", "Device: exact, aer, fake:torino, ...; repeat it for more.", "SPEC", default="exact simulation"),
]
Shots = Annotated[Count, _devices("--shots", "Shots per circuit; 0 for exact expectations.")]
Mapping = Annotated[
    Text, _devices("--mapping", "round-robin, random, greedy, noise-aware or optimal: which core runs what.", "NAME")
]
Objective = Annotated[
    Text,
    _devices("--objective", "noise-aware, optimal: weights of makespan, error and QPU seconds.", "M,E,S"),
]
Packing = Annotated[
    Flag,
    _devices("--packing/--no-packing", "Run the cores of a device side by side, as one circuit.", default="packing"),
]
Guard = Annotated[Count, _devices("--guard", "Unused qubits between two cores, at least.")]
CoreQubits = Annotated[
    Count, _devices("--core-qubits", "Qubits of every core.", default="as many as the widest circuit has")
]
Wide = Annotated[
    Text,
    _devices("--wide", "Circuits wider than the cores: whole (refuse them) or cut (run them in pieces).", "NAME"),
]
Mitigation = Annotated[
    list[str] | None,
    _devices("--mitigation", "readout or zne (zero-noise extrapolation); repeat it for both.", "NAME", default="none"),
]
Budget = Annotated[
    Number, _devices("--budget", "Refuse to cost more QPU seconds than this.", "SECONDS", default="no limit")
]

Wait = Annotated[
    Number,
    _devices("--wait", "ibm: pause the run when a job takes longer, queue included.", "SECONDS", default="any time"),
]

Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        parser=folder,
        help="Folder of the run; must be new or empty.",
        rich_help_panel="Run",
        show_default="runs/TASK-0001, -0002, ...",
        metavar="DIR",
    ),
]
Resume = Annotated[
    bool,
    _run(
        "--resume",
        "Go on with the run in --out; options left out are its own. Where there is none, start it.",
        default="",
    ),
]
Json = Annotated[bool, _run("--json", "Print one JSON object last, and nothing else, on stdout.", default="")]
Quiet = Annotated[bool, _run("--quiet", "Print nothing but errors.", default="")]


RUN: dict[str, Any] = {
    "task": Task, "target": Target, "features": Features, "with_u": WithU, "window": Window, "horizon": Horizon,
    "split": Split, "scaling": Scaling, "hidden": Hidden, "parts": Parts, "partition": Partition, "bridges": Bridges,
    "linear": Linear,
    "ansatz": AnsatzName, "depth": Depth, "entangler": Entangler, "rotation": Rotation,
    "head": Head, "epochs": Epochs, "batch": Batch, "lr": Lr, "optimizer": Optimizer,
    "cosine": Cosine, "shuffle": Shuffle, "seed": Seed, "max_overhead": MaxOverhead, "gradient": Gradient,
    "samples": Samples,
    "perturbation": Perturbation, "signal": Signal, "train_shots": TrainShots, "jacobian": JacobianMode, "qpu": Qpu,
    "shots": Shots, "mapping": Mapping, "objective": Objective, "packing": Packing, "guard": Guard,
    "core_qubits": CoreQubits, "wide": Wide, "mitigation": Mitigation,
    "budget": Budget, "wait": Wait,
}  # fmt: skip
"""Setting -> its option; every command that describes a run takes all of them."""


def of_a_run(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command the options of a run; its ``settings`` receives those that were given, by name."""
    own = [p for p in signature(command, eval_str=True).parameters.values() if p.name != "settings"]
    names = [name for name in RUN if name not in {p.name for p in own}]

    @wraps(command)
    def called(**values: Any) -> int:
        return command(settings=given({name: values.pop(name) for name in names}), **values)

    shared = [
        Parameter(
            name, Parameter.KEYWORD_ONLY, default=Parameter.empty if name == "task" else None, annotation=RUN[name]
        )
        for name in names
    ]
    parameters = [*shared, *(p.replace(kind=Parameter.KEYWORD_ONLY) for p in own)]
    called.__signature__ = Signature(parameters, return_annotation=int)  # type: ignore[attr-defined]
    called.__annotations__ = {p.name: p.annotation for p in parameters} | {"return": int}
    return called


def given(values: dict[str, Any]) -> dict[str, Any]:
    """The settings that were given explicitly, in the types of `RunSettings`."""
    found = {name: value for name, value in values.items() if value is not None and value != []}
    for name in ("qpu", "mitigation"):
        if name in found:
            found[name] = tuple(found[name])
    if "features" in found:
        found["features"] = tuple(name.strip() for name in found["features"].split(","))
        if not all(found["features"]):
            raise InputError(
                f"--features {values['features']!r} has an empty name; name columns, or leave it out for all of them"
            )
    if found.get("epochs", 0) > EPOCHS:
        raise InputError(
            f"--epochs {found['epochs']} is more than the {EPOCHS} that a run can have; give a smaller number"
        )
    if found.get("shots") == 0:
        found["shots"] = None
    return found
