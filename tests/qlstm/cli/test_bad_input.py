"""Every bad input: one line that starts with 'error:', exit code 2, nothing written."""

import json

import pytest
import torch

SMALL = ("--hidden", 2, "--ansatz", "chen2024", "--depth", 1, "--epochs", 1)


def files(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def refused(result, code=2):
    assert result[0] == code
    assert result[1] == ""
    assert result[2].startswith("error: ")
    assert result[2].count("\n") == 1
    assert result[2].endswith("\n")
    return result[2]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("trian pendulum", ["unknown command 'trian'", "did you mean train?"]),
        ("train pendulum --hiden 3", ["unknown option '--hiden'", "did you mean --hidden?"]),
        ("train", ["TASK"]),
        ("train pendulum --hidden x", ["--hidden", "integer"]),
        ("train pendulum --hidden -3", ["hidden=-3", "at least 1"]),
        ("train pendulum --epochs 0", ["epochs=0"]),
        ("train pendulum --epochs 100000000000", ["--epochs 100000000000", "10000000", "give a smaller number"]),
        ("plan pendulum --qpu exact --epochs 100000000000", ["--epochs 100000000000", "give a smaller number"]),
        ("train pendulum --batch -1", ["batch=-1"]),
        ("train pendulum --window 0", ["window=0"]),
        ("train pendulum --window 500", ["240 point(s)", "window=500"]),
        ("train pendulum --split 1.5", ["split=1.5"]),
        ("train pendulum --lr nan", ["lr=nan"]),
        ("train pendulum --parts 9", ["parts=9", "at most 5"]),
        ("train pendulum --depth 0", ["depth=0"]),
        ("train pendulum --seed -1", ["seed=-1"]),
        ("train pendulum --shots -1 --qpu exact", ["shots=-1"]),
        ("train pendulum --budget -1 --qpu exact", ["budget=-1"]),
        ("train pendulm", ["unknown task 'pendulm'", "did you mean 'pendulum'"]),
        ("train pendulum --ansatz chen2025", ["unknown ansatz 'chen2025'", "did you mean 'chen202"]),
        ("train pendulum --partition shared", ["unknown partition 'shared'", "shared-input"]),
        ("train pendulum --optimizer adem", ["unknown optimizer 'adem'", "did you mean 'adam'"]),
        ("train pendulum --head vcq", ["unknown head 'vcq'", "did you mean 'vqc'"]),
        ("train pendulum --scaling al", ["unknown scaling 'al'", "did you mean 'all'"]),
        ("train pendulum --gradient parameter-shft", ["parameter-shift"]),
        ("train pendulum --jacobian fuse --qpu exact", ["unknown jacobian 'fuse'", "did you mean 'fused'"]),
        ("train pendulum --mapping round-robbin --qpu exact", ["mapping", "did you mean 'round-robin'"]),
        ("train pendulum --qpu fake:torin", ["did you mean 'fake:torino'"]),
        ("train pendulum --qpu exat", ["exat", "did you mean 'exact'"]),
        ("train pendulum --hidden 30 --qpu exact", ["31 qubits"]),
        ("train pendulum --hidden 30", ["31 qubits", "at most 20", "--parts"]),
        ("train pendulum --hidden 1000000", ["1000001 qubits"]),
        ("train pendulum --shots 100", ["--shots 100 needs devices", "--qpu"]),
        ("train pendulum --with-u", ["--with-u is for the NARMA tasks", "pendulum"]),
        ("train pendulum --gradient parameter-shift", ["--gradient parameter-shift needs devices", "--qpu"]),
        ("train pendulum --gradient sampled-shift", ["--gradient sampled-shift needs devices", "--qpu"]),
        ("train pendulum --gradient spsa", ["--gradient spsa needs devices", "--qpu"]),
        ("train pendulum --gradient twin", ["--gradient twin needs devices", "--qpu"]),
        ("train pendulum --gradient sampled", ["unknown gradient 'sampled'", "did you mean 'sampled-shift'"]),
        ("train pendulum --samples 5", ["--samples 5 needs devices", "--qpu"]),
        ("train pendulum --qpu exact --samples 5", ["--samples 5 means nothing to --gradient auto", "sampled-shift"]),
        ("train pendulum --qpu exact --samples 0 --gradient sampled-shift", ["samples=0", "at least 1"]),
        ("train pendulum --qpu exact --perturbation 1", ["--perturbation 1 means nothing", "--gradient spsa"]),
        ("train pendulum --qpu exact --perturbation 0 --gradient spsa", ["perturbation=0.0", "positive"]),
        ("train pendulum --no-signal", ["--no-signal needs devices"]),
        ("train pendulum --bridges -1 --parts 2", ["bridges=-1", "at least 0"]),
        ("train pendulum --bridges 1", ["bridges=1", "there is one part", "parts=2"]),
        ("train pendulum --bridges 4 --parts 2", ["bridges=4", "the 3 pairs", "at most 3"]),
        ("train pendulum --bridges 1 --parts 2 --max-overhead 1", ["max_overhead=1.0", "above 1"]),
        ("train pendulum --bridges 1 --parts 2 --max-overhead nan", ["max_overhead=nan", "above 1"]),
        ("train pendulum --parts 2 --max-overhead 2", ["--max-overhead 2", "there are none", "--bridges"]),
        ("train pendulum --hidden 30 --parts 2 --bridges 1", ["31 qubits", "at most 20", "fewer --bridges"]),
        ("train pendulum --hidden 5 --parts 2 --bridges 1 --qpu fake:manila", ["6 qubits", "5"]),
        ("train pendulum --train-shots 0", ["train_shots=0", "at least 1"]),
        ("train pendulum --train-shots 9 --qpu exact", ["--train-shots 9 is for exact simulation", "--qpu"]),
        ("train waves.csv --target y --features=", ["--features ''", "empty name"]),
        ("train waves.csv --target y --features ,y", ["--features ',y'", "empty name"]),
        ("train pendulum --out=", ["--out", "name of the folder is empty"]),
        ("forecast full pendulum --out=", ["--out", "name of the folder is empty"]),
        ("train pendulum --split 0", ["split=0.0 must be between 0 and 1"]),
        ("train pendulum --split 1", ["split=1.0 must be between 0 and 1"]),
        ("train pendulum --split nan", ["split=nan must be between 0 and 1"]),
        ("train pendulum --resume", ["--resume", "--out"]),
        ("train nothing.csv", ["no file 'nothing.csv'"]),
        ("train waves.csv", ["--target"]),
        ("train waves.csv --target z", ["no column", "'z'"]),
        ("train one.csv", ["one.csv", "1 row"]),
        ("train text.csv", ["text.csv", "line 3"]),
        ("train constant.csv", ["constant.csv", "constant"]),
        ("train pendulum --out waves.csv", ["waves.csv", "Not a directory"]),
        ("train pendulum --out waves.csv/run", ["waves.csv/run"]),
        ("train pendulum --out full", ["full is not empty"]),
        ("train pendulum --out full --resume", ["full is not empty"]),
        ("forecast nowhere pendulum", ["nowhere/checkpoint.pt"]),
        ("forecast full pendulum", ["full/checkpoint.pt", "folder of a run"]),
        ("qpus --qpu fake:fes", ["did you mean 'fake:fez'"]),
        ("qpus --core-qubits 0 --qpu exact", ["core_qubits=0"]),
    ],
)
def test_bad_arguments(here, qlstm, arguments, words):
    (here / "full").mkdir()
    (here / "full" / "photo.jpg").write_text("mine")
    (here / "one.csv").write_text("y\n1\n")
    (here / "text.csv").write_text("y\n1\nlots\n" + "2\n" * 20)
    (here / "constant.csv").write_text("y\n" + "2\n" * 20)
    before = files(here)
    line = refused(qlstm(*arguments.split()))
    assert all(word in line for word in words), line
    assert files(here) == before
    assert not (here / "runs").exists()


@pytest.fixture
def trained(here, qlstm):
    code, *_ = qlstm("train", "waves.csv", "--target", "y", *SMALL, "--out", "run", "--json")
    assert code == 0
    return here / "run"


def test_a_run_is_not_overwritten(trained, qlstm):
    before = files(trained)
    line = refused(qlstm("train", "waves.csv", "--target", "y", *SMALL, "--out", trained))
    assert "--resume" in line
    assert files(trained) == before


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ("waves.csv --hidden 3", "--hidden is 3, but the run was started with 2"),
        ("waves.csv --lr 0.5", "--lr is 0.5"),
        ("waves.csv --shuffle", "--shuffle is True"),
        ("waves.csv --qpu exact", "--qpu is exact, but the run was started with nothing"),
        ("waves.csv --target u", "--target is u, but the run was started with y"),
        ("narma2 --epochs 2", "the data of 'narma2' are not those"),
        ("other.csv --epochs 2", "the data of 'other.csv' are not those"),
    ],
)
def test_another_run_cannot_be_resumed_by_mistake(trained, qlstm, arguments, word):
    content = (trained.parent / "waves.csv").read_text()
    (trained.parent / "other.csv").write_text(content.replace("0.3", "0.4"))
    before = files(trained)
    line = refused(qlstm("train", *arguments.split(), "--out", trained, "--resume"))
    assert word in line
    assert files(trained) == before


def damage(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)


def other_model(path):
    state = torch.load(path, weights_only=True)
    state["trainer"]["weights"] = {name: value[:1] for name, value in state["trainer"]["weights"].items()}
    torch.save(state, path)


def other_settings(path):
    state = torch.load(path, weights_only=True)
    state["settings"]["hidden"] = 3
    torch.save(state, path)


def changed(*keys, value):
    """A checkpoint in which one thing is something else."""

    def change(path):
        state = torch.load(path, weights_only=True)
        place = state
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = value
        torch.save(state, path)

    return change


def not_finite(path):
    state = torch.load(path, weights_only=True)
    next(iter(state["trainer"]["weights"].values())).fill_(float("nan"))
    torch.save(state, path)


@pytest.mark.parametrize(
    ("keys", "value", "word"),
    [
        (("trainer", "epoch"), "x", "epoch='x'"),
        (("trainer", "epoch"), -5, "epoch=-5"),
        (("trainer", "epoch"), 2, "1 row(s) for 2 epoch(s)"),
        (("trainer", "batch"), 99, "batch=99"),
        (("trainer", "elapsed"), None, "elapsed=None"),
        (("trainer", "history"), [1], "damaged"),
        (("trainer", "optimizer"), {}, "damaged"),
        (("trainer", "optimizer"), [1], "damaged"),
        (("trainer", "torch_rng"), 3, "damaged"),
        (("data", "sha256"), 3, "not those the run was started with"),
        (("settings", "qpu"), 3, "qpu=3"),
    ],
)
def test_a_checkpoint_with_wrong_values(trained, qlstm, keys, value, word):
    changed(*keys, value=value)(trained / "checkpoint.pt")
    before = files(trained)
    assert word in refused(qlstm("train", "waves.csv", "--epochs", 3, "--out", trained, "--resume"))
    assert files(trained) == before


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("qpu", 3),
        ("qpu", [3]),
        ("lr", "x"),
        ("task", 1),
        ("target", [3]),
        ("with_u", 1),
        ("split", None),
        ("hidden", "9"),
    ],
)
@pytest.mark.parametrize("resumed", [True, False])
def test_a_configuration_with_wrong_values(trained, qlstm, name, value, resumed):
    path = trained / "config.json"
    record = json.loads(path.read_text())
    record["settings"][name] = value
    path.write_text(json.dumps(record))
    if not resumed:
        (trained / "checkpoint.pt").unlink()
    before = files(trained)
    line = refused(qlstm("train", "waves.csv", "--epochs", 3, "--out", trained, "--resume"))
    assert "config.json" in line
    assert f"{name}=" in line
    assert files(trained) == before


def test_forecasts_say_what_is_wrong(here, trained, qlstm):
    assert "--resume" not in refused(qlstm("forecast", trained, "waves.csv", "--out", trained))
    assert qlstm("train", "pendulum", *SMALL, "--out", "swing", "--quiet")[0] == 0
    assert "the model was trained on pendulum" in refused(qlstm("forecast", "swing", "narma2"))


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (changed("settings", value=[1]), "'settings' is a list"),
        (changed("model", value=[1]), "'model' is a list"),
        (changed("data", value=[1]), "'data' is a list"),
        (changed("trainer", value=[1]), "'trainer' is a list"),
        (not_finite, "is not finite"),
        (damage, "damaged"),
        (lambda path: path.write_bytes(path.read_bytes()[:-100]), "damaged"),
        (lambda path: path.write_text("hello"), "damaged"),
        (lambda path: torch.save({"state_dict": {}}, path), "not a checkpoint of qlstm"),
        (other_model, "model"),
    ],
)
def test_a_checkpoint_that_cannot_be_used(trained, qlstm, change, word):
    change(trained / "checkpoint.pt")
    before = files(trained)
    assert word in refused(qlstm("train", "waves.csv", "--epochs", 3, "--out", trained, "--resume"))
    assert word in refused(qlstm("forecast", trained, "waves.csv"))
    assert files(trained) == before


def test_a_checkpoint_of_another_run(trained, qlstm):
    other_settings(trained / "checkpoint.pt")
    line = refused(qlstm("train", "waves.csv", "--epochs", 3, "--out", trained, "--resume"))
    assert "another run" in line
    assert "--hidden" in line


def test_a_configuration_that_cannot_be_used(trained, qlstm):
    (trained / "config.json").write_text(json.dumps({"settings": {"hidden": 2}}))
    assert "config.json" in refused(qlstm("train", "waves.csv", "--out", trained, "--resume"))


def test_a_disk_that_is_full(here, qlstm, monkeypatch):
    import os

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    line = refused(qlstm("train", "waves.csv", "--target", "y", *SMALL, "--out", "run", "--quiet"))
    assert "No space left" in line


def test_a_training_that_costs_more_than_its_budget_is_refused_before_anything_runs(here, qlstm):
    arguments = ("--qpu", "fake:manila", "--budget", 5, "--shots", 100, "--out", "run")
    line = refused(qlstm("train", "waves.csv", "--target", "y", *SMALL, *arguments), code=3)
    assert "QPU seconds" in line
    assert "budget is 5.0" in line
    assert not (here / "run").exists()


def test_a_refusal_by_the_budget_is_an_object_too(here, qlstm):
    arguments = ("--qpu", "fake:manila", "--budget", 5, "--shots", 100, "--out", "run", "--json")
    code, out, err = qlstm("train", "waves.csv", "--target", "y", *SMALL, *arguments)
    result = json.loads(out)
    assert (code, out.count("\n"), result["status"]) == (3, 1, "refused")
    assert err == f"error: {result['error']}\n"
    assert not (here / "run").exists()


def test_the_most_epochs_are_as_many_as_are_planned():
    from qlstm.cli.options import EPOCHS
    from qpartition.workload import MOST

    assert EPOCHS == MOST


def test_a_learning_rate_that_is_too_large(here, qlstm):
    line = refused(qlstm("train", "waves.csv", "--target", "y", *SMALL, "--lr", 1e300, "--out", "run", "--quiet"))
    assert "loss is" in line
    assert "smaller" in line


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (f"train pendulum --hidden {10**20}", ["hidden_size=1000", "exceeds the 1,000,000"]),
        (f"train pendulum --linear {10**20}", ["linear=1000", "more than the 1000000"]),
        ("train pendulum --depth 99999999", ["depth=99999999", "at most 10000"]),
        (f"train pendulum --qpu exact --shots {10**22}", ["shots=1000", "at most 1000000000"]),
        ("replay nope", ["nope/config.json", "give the folder of a run"]),
    ],
)
def test_what_is_far_too_large_or_not_there(here, qlstm, arguments, words):
    line = refused(qlstm(*arguments.split()))
    assert all(word in line for word in words)


def test_a_run_without_devices_is_not_replayed(trained, qlstm):
    assert "exact simulation, there is nothing to replay" in refused(qlstm("replay", trained))
