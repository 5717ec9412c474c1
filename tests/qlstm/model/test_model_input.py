"""What cannot be used is refused in one line: the value, the limit, the remedy."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from backends.errors import InputError
from qlstm import QLSTM, Ansatz, Forecaster, QLSTMCell
from qpartition.partition import Partition


def refused(call: Callable[[], Any], *words: str) -> None:
    """The call raises an `InputError` of one line that contains ``words``."""
    with pytest.raises(InputError) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message
    assert [word for word in words if word not in message] == []


BUILDS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "zero inputs": ({"input_size": 0}, ("input_size=0", "at least 1")),
    "negative hidden": ({"hidden_size": -2}, ("hidden_size=-2", "at least 1")),
    "bool input": ({"input_size": True}, ("input_size=True",)),
    "bool hidden": ({"hidden_size": True}, ("hidden_size=True",)),
    "bool layers": ({"num_layers": True}, ("num_layers=True",)),
    "bool parts": ({"parts": True}, ("parts=True",)),
    "float hidden": ({"hidden_size": 4.0}, ("hidden_size=4.0",)),
    "text hidden": ({"hidden_size": "4"}, ("hidden_size='4'",)),
    "zero layers": ({"num_layers": 0}, ("num_layers=0",)),
    "zero parts": ({"parts": 0}, ("parts=0",)),
    "too many parts": ({"parts": 5}, ("parts=5", "4")),
    "dropout above one": ({"dropout": 1.5}, ("dropout=1.5", "0 and 1")),
    "dropout negative": ({"dropout": -0.1}, ("dropout=-0.1",)),
    "dropout nan": ({"dropout": float("nan")}, ("dropout=nan",)),
    "dropout text": ({"dropout": "a lot"}, ("dropout='a lot'",)),
    "dropout bool": ({"dropout": True}, ("dropout=True",)),
    "gradient": ({"gradient": "parameter-shfit"}, ("parameter-shfit", "did you mean 'parameter-shift'")),
    "jacobian": ({"jacobian": "fusd"}, ("fusd", "did you mean 'fused'")),
    "partition": ({"partition": "round-robbin"}, ("round-robbin", "did you mean 'round-robin'")),
    "ansatz by name": ({"ansatz": "chen2020"}, ("chen2020", "Ansatz")),
    "hole": ({"partition": [[0, 1, 2], [4, 5]]}, ("[3]", "no part")),
    "duplicate": ({"partition": [[0, 1, 1], [2, 3, 4, 5]]}, ("part 0", "twice")),
    "out of range": ({"partition": [[0, 1, 2], [3, 4, 6]]}, ("part 1", "6", "0..5")),
    "negative index": ({"partition": [[0, 1, -1], [2, 3, 4, 5]]}, ("part 0", "-1")),
    "no parts": ({"partition": []}, ("at least one part",)),
    "flat list": ({"partition": [0, 1, 2, 3, 4, 5]}, ()),
    "none": ({"partition": None}, ()),
    "fractional index": ({"partition": [[0, 1, 2.7], [3, 4, 5]]}, ("2.7",)),
    "lists for a stack": ({"partition": [[0, 1, 2], [3, 4, 5]], "num_layers": 2}, ("num_layers=2",)),
    "more outputs than qubits": ({"partition": [[0], [1, 2, 3, 4, 5]]}, ("part 0", "2 outputs", "1 qubits")),
    "partition of another size": ({"partition": Partition(((0, 1, 2),), (2,), (3,))}, ()),
    "too few qubits": ({"qubits": 5}, ("part 0", "6 inputs", "5 qubits")),
    "widths of other parts": ({"qubits": [3, 3]}, ("2 widths", "1 parts")),
    "fractional width": ({"qubits": 6.5}, ("6.5",)),
    "fractional widths": ({"qubits": [6.5]}, ("6.5",)),
    "text width": ({"qubits": "7"}, ("7",)),
    "integer dtype": ({"dtype": torch.int64}, ("int64",)),
}


@pytest.mark.parametrize("name", list(BUILDS))
def test_models_that_cannot_be_built(name: str) -> None:
    changes, words = BUILDS[name]
    refused(lambda: QLSTM(**({"input_size": 2, "hidden_size": 4} | changes)), *words)


SHARED = [
    name
    for name, (changes, _) in BUILDS.items()
    if not changes.keys() & {"num_layers", "dropout", "gradient", "jacobian"}
]


@pytest.mark.parametrize("kind", [QLSTMCell, Forecaster])
@pytest.mark.parametrize("name", SHARED)
def test_the_cell_and_the_forecaster_refuse_the_same(name: str, kind: type[QLSTMCell] | type[Forecaster]) -> None:
    changes, words = BUILDS[name]
    refused(lambda: kind(**({"input_size": 2, "hidden_size": 4} | changes)), *words)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"depth": 0}, ("depth=0",)),
        ({"depth": -1}, ("depth=-1",)),
        ({"depth": True}, ("depth=True",)),
        ({"depth": 2.0}, ("depth=2.0",)),
        ({"uploads": 0}, ("uploads=0",)),
        ({"encoding": "arctann"}, ("did you mean 'arctan'",)),
        ({"entangler": "ring3"}, ("ring3", "did you mean 'ring")),
        ({"rotation": "roty"}, ("did you mean 'rot'",)),
        ({"affine_input": "yes"}, ("yes",)),
        ({"affine_output": 1.5}, ("1.5",)),
        ({"entangler": ["ring"]}, ()),
    ],
)
def test_circuits_that_do_not_exist(fields: dict[str, Any], words: tuple[str, ...]) -> None:
    refused(lambda: Ansatz(**fields), *words)


def test_unknown_presets_and_fields() -> None:
    refused(lambda: Ansatz.named("chen2021"), "chen2021", "did you mean 'chen202")
    refused(lambda: Ansatz.named("reuplod"), "did you mean 'reupload'")
    refused(lambda: Ansatz.chen2020(entanglr="ring"), "entanglr", "did you mean 'entangler'")
    refused(lambda: Ansatz.named("chen2024", dept=2), "dept", "did you mean 'depth'")


INPUTS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "one dimension": (torch.zeros(2), ("(2,)", "2")),
    "four dimensions": (torch.zeros(1, 1, 1, 2), ("(1, 1, 1, 2)",)),
    "features": (torch.zeros(3, 4, 5), ("(3, 4, 5)", "(steps, batch, 2)")),
    "features, unbatched": (torch.zeros(3, 5), ("(3, 5)",)),
    "no steps": (torch.zeros(0, 4, 2), ("(0, 4, 2)", "steps")),
    "no steps, unbatched": (torch.zeros(0, 2), ("(0, 2)", "steps")),
    "nan": (torch.full((3, 4, 2), torch.nan), ("NaN",)),
    "one nan": (
        torch.zeros(3, 4, 2).index_put((torch.tensor(2), torch.tensor(3), torch.tensor(1)), torch.tensor(torch.nan)),
        ("NaN",),
    ),
    "infinity": (torch.full((3, 4, 2), torch.inf), ("infinity",)),
    "double": (torch.zeros(3, 4, 2, dtype=torch.float64), ("torch.float64", "torch.float32")),
    "integers": (torch.zeros(3, 4, 2, dtype=torch.int64), ("torch.int64", "torch.float32")),
    "numpy": (np.zeros((3, 4, 2), dtype=np.float32), ("ndarray",)),
    "list": ([[[0.0, 0.0]]], ("list",)),
    "none": (None, ()),
}


@pytest.mark.parametrize("name", list(INPUTS))
def test_inputs_that_cannot_be_used(name: str) -> None:
    given, words = INPUTS[name]
    refused(lambda: QLSTM(2, 3)(given), *words)


Z = torch.zeros(1, 4, 3)
STATES: dict[str, tuple[Any, tuple[str, ...]]] = {
    "batch": ((torch.zeros(1, 5, 3), torch.zeros(1, 5, 3)), ("h0", "(1, 5, 3)", "(1, 4, 3)")),
    "hidden": ((torch.zeros(1, 4, 2), Z), ("h0", "(1, 4, 2)", "(1, 4, 3)")),
    "layers": ((torch.zeros(2, 4, 3), Z), ("h0", "(2, 4, 3)", "(1, 4, 3)")),
    "unbatched": ((torch.zeros(1, 3), torch.zeros(1, 3)), ("h0", "(1, 3)")),
    "only c0": ((Z, torch.zeros(4, 3)), ("c0", "(4, 3)", "(1, 4, 3)")),
    "double": ((Z.double(), Z), ("h0", "torch.float64", "torch.float32")),
    "nan": ((Z, Z + torch.nan), ("c0", "NaN")),
    "a triple": ((Z, Z, Z), ()),
    "one": ((Z,), ()),
    "nones": ((None, None), ()),
    "a tensor": (Z, ()),
}


@pytest.mark.parametrize("name", list(STATES))
def test_starts_that_cannot_be_used(name: str) -> None:
    given, words = STATES[name]
    refused(lambda: QLSTM(2, 3)(torch.zeros(2, 4, 2), given), *words)


def test_batch_first_says_its_own_layout() -> None:
    refused(lambda: QLSTM(2, 3, batch_first=True)(torch.zeros(3, 4, 5)), "(batch, steps, 2)")
    refused(lambda: QLSTM(2, 3, batch_first=True)(torch.zeros(3, 0, 2)), "steps")


@pytest.mark.parametrize("hidden", [40, 70])
def test_parts_too_wide_to_simulate(hidden: int) -> None:
    """Forgetting ``parts`` gives circuits of 2^42 amplitudes: say so, before the memory is gone."""
    refused(lambda: QLSTM(2, hidden)(torch.zeros(1, 1, 2)), str(hidden + 2), "parts")


def test_exact_gradients_of_parts_too_wide_to_simulate() -> None:
    """An executor may run what is too wide to simulate; then its gradients cannot come from simulation."""
    from tests.qlstm.model.executors import Recorder

    model = QLSTM(2, 40, ansatz=Ansatz.chen2024(1), gradient="exact")
    model.executor = Recorder(model, lambda circuit, values: np.zeros((len(values), circuit.metadata["outputs"])))
    refused(lambda: model(torch.zeros(1, 1, 2)), "42", "gradient")
    model.gradient = "parameter-shift"
    assert model(torch.zeros(1, 1, 2))[0].shape == (1, 1, 40)


PARAMETERS: dict[str, tuple[str, Callable[[torch.Tensor], torch.Tensor]]] = {
    "dtype of one": ("gain_l0", lambda p: p.double()),
    "dtype of a part": ("weight_l0_p1", lambda p: p.double()),
    "fewer": ("weight_l0_p1", lambda p: p[:, :, :1]),
    "another order": ("scale_l0_p0", lambda p: p.permute(2, 0, 1)),
}


@pytest.mark.parametrize("name", list(PARAMETERS))
def test_parameters_replaced_by_others(name: str) -> None:
    """A compiled kernel must not read numbers of another size, or beyond their end."""
    model = QLSTM(2, 4, parts=2, ansatz=Ansatz.reupload())
    parameter, change = PARAMETERS[name]
    changed = change(model.get_parameter(parameter).detach())
    setattr(model, parameter, torch.nn.Parameter(changed))
    with pytest.raises((InputError, RuntimeError)):
        model(torch.zeros(2, 3, 2))


@pytest.mark.parametrize("option", ["jacobian", "gradient"])
def test_options_set_later_are_checked_too(option: str) -> None:
    """A misspelt mode must not silently mean the default."""
    from tests.qlstm.model.executors import Recorder

    model = QLSTM(1, 2, ansatz=Ansatz.chen2024(1))

    def misspelt() -> None:
        setattr(model, option, "fusedd")
        model.executor = Recorder(model)
        model(torch.zeros(1, 1, 1))

    refused(misspelt, "fusedd")


def test_a_state_dict_of_another_model_is_refused_by_torch() -> None:
    file = io.BytesIO()
    torch.save(QLSTM(1, 3, parts=2).state_dict(), file)
    file.seek(0)
    with pytest.raises(RuntimeError, match="weight_l0_p1"):
        QLSTM(1, 3).load_state_dict(torch.load(file, weights_only=True))
