"""Settings of a run, and what may change when it is resumed."""

import json
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.errors import InputError
from qlstm.training import RunSettings
from qlstm.training.settings import option, read_settings

SOME = st.fixed_dictionaries(
    {"task": st.text(min_size=1)},
    optional={
        "features": st.lists(st.text(min_size=1), max_size=3).map(tuple),
        "qpu": st.lists(st.sampled_from(["exact", "fake:torino"]), max_size=2).map(tuple),
        "lr": st.floats(1e-9, 1e3),
        "shots": st.none() | st.integers(1, 10**6),
        "depth": st.none() | st.integers(1, 9),
        "budget": st.none() | st.floats(0.1, 1e6),
        "cosine": st.booleans(),
        "seed": st.integers(0, 2**63 - 1),
    },
)


@given(SOME)
def test_settings_survive_json(values):
    settings = RunSettings(**values)
    assert RunSettings.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings


OTHER = {
    "optimizer": "adam", "lr": 0.5, "cosine": True, "shuffle": True, "batch": 3, "seed": 9, "target": "y",
    "features": ("a",), "with_u": True, "window": 7, "horizon": 2, "split": 0.5, "scaling": "all", "hidden": 2, "parts": 2,
    "partition": "shared-input", "ansatz": "reupload", "depth": 3, "head": "vqc", "gradient": "exact",
    "jacobian": "fused", "qpu": ("exact",), "shots": 5, "mapping": "greedy", "objective": "1,2,1",
    "packing": False, "guard": 1, "mitigation": ("zne",), "samples": 4, "perturbation": 0.2,
    "train_shots": 64, "bridges": 1, "max_overhead": 4.0, "wide": "cut", "core_qubits": 3,
    "entangler": "linear", "rotation": "ry", "linear": 4,
}  # fmt: skip
FREE = {"task": "b", "epochs": 500, "budget": 9.0, "signal": False, "wait": 60.0}


def test_every_setting_is_either_fixed_or_free():
    assert {field.name for field in fields(RunSettings)} == OTHER.keys() | FREE.keys()


@pytest.mark.parametrize("name", OTHER)
def test_a_resumed_run_refuses_another_value_and_names_the_option(name):
    with pytest.raises(InputError, match=option(name)):
        RunSettings(task="a").resumed({name: OTHER[name]})
    assert RunSettings(task="a").difference(RunSettings(task="a", **{name: OTHER[name]})) == name


@pytest.mark.parametrize("name", FREE)
def test_a_resumed_run_accepts_what_does_not_alter_a_step(name):
    assert getattr(RunSettings(task="a").resumed({name: FREE[name]}), name) == FREE[name]


def test_a_resumed_run_keeps_what_is_not_given():
    stored = RunSettings(task="a", hidden=3, lr=0.2)
    assert stored.resumed({"hidden": 3}) == stored


def test_epochs_of_a_cosine_schedule_are_fixed():
    with pytest.raises(InputError, match=r"--epochs is 200.*cosine"):
        RunSettings(task="a", cosine=True).resumed({"epochs": 200})


@pytest.mark.parametrize(
    ("options", "word"),
    [({"hidden": 0}, "hidden=0"), ({"parts": -1}, "parts=-1"), ({"shots": 0}, "shots=0"), ({"budget": -1.0}, "budget")],
)
def test_bad_sizes(options, word):
    with pytest.raises(InputError, match=word):
        RunSettings(task="a", **options)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"settings": 3}', '{"settings": {}}', '{"settings": {"task"'])
def test_a_file_that_is_no_configuration(tmp_path, content):
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(InputError):
        read_settings(tmp_path / "config.json")
