"""Values of a wrong kind, as a mistake in a notebook makes them: one line each, from the first call that can know."""

import numpy as np
import pytest
import torch

from backends.errors import InputError
from qlstm import QLSTM, Ansatz, Forecaster, tasks
from qlstm.relatives import QKLSTM, Readout
from qlstm.training import Recipe, RunSettings, Trainer, open_run, predict

SILLY = {
    "batch_first='no'": lambda: QLSTM(1, 3, batch_first="no"),
    "bidirectional=2": lambda: QLSTM(1, 3, bidirectional=2),
    "hidden_vqc='yes'": lambda: QLSTM(1, 3, hidden_vqc="yes"),
    "hidden_size=1000": lambda: QLSTM(1, 10**20),
    "linear=1000": lambda: QLSTM(1, 3, linear=10**20),
    "depth=100000000": lambda: Ansatz.chen2024(depth=10**8),
    "windows are of type int": lambda: Forecaster(1, 3)(5),
    "not the configuration": lambda: Forecaster.from_config(5),
    "lr='x'": lambda: Recipe(lr="x"),
    "lr=None": lambda: Recipe(lr=None),
    "perturbation='a'": lambda: Recipe(perturbation="a"),
    "max_overhead='3'": lambda: Recipe(max_overhead="3"),
    "cosine='no'": lambda: Recipe(cosine="no"),
    "signal=3": lambda: Recipe(signal=3),
    "5 is not a Module": lambda: Trainer(5, tasks.Dataset.of(tasks.load("pendulum"))),
    "5 is not a Dataset": lambda: Trainer(Forecaster(1, 2), 5),
    "nothing to forecast from": lambda: predict(Forecaster(1, 2), np.zeros((0, 4, 1))),
    "settings of a run are names and values": lambda: RunSettings.from_dict(5),
    "unknown setting 'hiden'": lambda: open_run({"task": "pendulum", "hiden": 1}, None),
    "name no task": lambda: open_run({}, None),
    "output_size=0": lambda: Readout(QKLSTM(1, 3, batch_first=True), 0),
}


@pytest.mark.parametrize("words", SILLY)
def test_it_is_one_line_with_the_value(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as refused:
        SILLY[words]()
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not list(tmp_path.iterdir())


def test_flags_may_be_numbers_as_in_torch():
    assert QLSTM(1, 2, batch_first=1)(torch.zeros(2, 3, 1))[0].shape == (2, 3, 2)
