"""Options that a command would ignore are refused by it, in every mode of every command."""

from __future__ import annotations

import json

import pytest

DATA = "waves.csv --target y --window 2 --hidden 2 --depth 1 --entangler linear --epochs 1 --batch 12"
RUN = f"{DATA} --parts 2 --qpu fake:manila --shots 16"
WAYS = f"{DATA} --partition round-robin --qpu fake:torino --shots 16"


@pytest.fixture(autouse=True)
def _untrained(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is trained or run here."""
    from qlstm.training.trainer import Trainer

    monkeypatch.setattr(Trainer, "fit", None)


def refused(result: tuple[int, str, str]) -> str:
    """The one line of a refusal, whose remedy is to leave something out or to add something."""
    code, out, err = result
    assert (code, out) == (2, ""), err
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert any(word in err for word in ("leave", "add ", "give"))
    return err


@pytest.mark.parametrize(
    ("option", "why"),
    [
        ("--objective 5,1,1", "round-robin does not"),
        ("--signal", "trains in exact simulation"),
        ("--no-signal", "trains in exact simulation"),
        ("--perturbation 0.5", "trains exactly"),
        ("--wait 3", "a comparison cannot"),
        ("--max-overhead 5", "split and whole cut nothing"),
        ("--bridges 3", "names the bridges of its ways"),
        ("--gradient spsa", "judged by parameter-shift"),
        ("--samples 3", "judged by parameter-shift"),
    ],
)
def test_a_comparison_of_ways(here, qlstm, option, why):
    line = refused(qlstm("compare", *WAYS.split(), "--wide", "split,whole", *option.split()))
    assert line.startswith(f"error: {option} ")
    assert why in line


@pytest.mark.parametrize("option", ["--parts 2", "--partition shared-input"])
def test_ways_that_are_not_split_have_no_parts(here, qlstm, option):
    ways = f"{DATA} --qpu fake:torino --shots 16 --wide cut,whole --core-qubits 2"
    assert "cut and whole are not" in refused(qlstm("compare", *ways.split(), *option.split()))


def test_bridges_of_the_option_are_not_those_of_a_way(here, qlstm):
    line = refused(qlstm("compare", *WAYS.split(), "--wide", "split,bridges=1", "--bridges", 3))
    assert "--bridges 3 means nothing to --wide split,bridges=1" in line


@pytest.mark.parametrize(
    ("option", "why"),
    [
        ("--wait 3", "a comparison cannot"),
        ("--perturbation 0.5", "trains exactly"),
        ("--samples 3", "means nothing to --gradient auto"),
        ("--signal", "trains in exact simulation"),
        ("--objective 3,1,1", "not for greedy"),
        ("--gradient spsa --jacobian fused", "--jacobian fused means nothing to --gradient spsa"),
    ],
)
def test_a_comparison_of_mappings(here, qlstm, option, why):
    assert why in refused(qlstm("compare", *RUN.split(), "--mapping", "greedy", *option.split()))


def test_options_that_a_comparison_of_mappings_uses_are_taken(here, qlstm):
    used = (
        "--mapping greedy --mapping noise-aware --objective 3,1,1 --gradient sampled-shift --samples 3 --train-shots 9"
    )
    code, _, err = qlstm("compare", *RUN.split(), *used.split(), "--budget", 0.001)
    assert code == 3, err


@pytest.mark.parametrize("command", ["train", "plan"])
@pytest.mark.parametrize(
    ("option", "why"),
    [
        ("--objective 1,1,1", "round-robin does not"),  # its default, and typed all the same
        ("--jacobian fused --gradient twin", "which shifts nothing"),
        ("--signal --shots 0", "it needs shots"),
        ("--signal --gradient spsa --mitigation readout", "shifted circuits"),
        ("--qpu exact --guard 1", ""),  # taken: one of the devices has neighbours
    ],
)
def test_a_training(here, qlstm, command, option, why):
    result = qlstm(command, *RUN.split(), *option.split(), "--budget", 0.001)
    if why:
        assert why in refused(result)
    else:
        assert result[0] == 3


@pytest.mark.parametrize("command", ["train", "plan", "compare"])
def test_what_an_ideal_device_makes_idle(here, qlstm, command):
    ideal = f"{DATA} --parts 2 --qpu exact --qpu aer --guard 2"
    assert "--guard 2 keeps the cores of a chip apart" in refused(qlstm(command, *ideal.split()))


@pytest.mark.parametrize("parts", ["", "--parts 1"])
def test_one_part_is_a_partition_too(here, qlstm, parts):
    one = f"{DATA} {parts} --partition round-robin --qpu exact"
    assert qlstm("plan", *one.split(), "--json")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("narma2 --with-u --features y", "--with-u contradicts --features"),
        ("narma2 --without-u --features y,u", "--without-u contradicts --features"),
        ("waves.csv --target y --with-u", "--with-u is for the NARMA tasks, waves.csv has no input u"),
        ("pendulum --without-u", "--without-u is for the NARMA tasks, pendulum has no input u"),
    ],
)
@pytest.mark.parametrize("command", ["train", "plan --qpu exact", "compare --qpu exact"])
def test_contradictory_data(here, qlstm, command, arguments, message):
    name, *device = command.split()
    assert message in refused(qlstm(name, *arguments.split(), *device, "--epochs", 1))


def test_an_unknown_task_is_the_first_thing_to_say(here, qlstm):
    assert "unknown task 'narma3'" in refused(qlstm("train", "narma3", "--with-u"))


@pytest.mark.parametrize("option", ["--seeds 5", "--first-seed 3", "--first-seed 0", "--fast", "--processes 2"])
def test_a_reproduction_without_trainings(here, qlstm, option):
    line = refused(qlstm("reproduce", "resources", *option.split()))
    assert f"{option} is for trainings, and resources is computed without any" in line
    assert not (here / "reproduced").exists()


def test_its_result_has_no_seeds(here, qlstm, monkeypatch):
    from qlstm.reproduce import resource_plans as plans

    monkeypatch.setattr(plans, "DEVICE", "fake:manila")
    monkeypatch.setattr(plans, "PLANS", ())
    code, out, _ = qlstm("reproduce", "resources", "--out", "r", "--json")
    assert code == 0
    assert "seeds" not in json.loads(out)


def test_cores_of_no_device(here, qlstm, monkeypatch):
    from qlstm.cli import qpus

    monkeypatch.setattr(qpus, "_account_devices", lambda: ([], "no account"))
    assert "--core-qubits 3 counts the cores of devices" in refused(qlstm("qpus", "--core-qubits", 3))
    assert qlstm("qpus")[0] == 0
