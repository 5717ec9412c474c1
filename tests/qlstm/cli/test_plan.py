"""``qlstm plan``: the price of a training, before anything runs."""

import json

from backends.local import LocalQPU

DEVICES = ("--qpu", "fake:manila", "--shots", 64)
MODEL = ("waves.csv", "--target", "y", "--hidden", 2, "--parts", 2, "--ansatz", "chen2024", "--depth", 1, "--window", 2)


def test_it_prints_what_training_then_costs_and_runs_nothing(here, qlstm, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(LocalQPU, "run", None)
        code, out, err = qlstm("plan", *MODEL, *DEVICES, "--epochs", 2)
        said = json.loads(qlstm("plan", *MODEL, *DEVICES, "--epochs", 2, "--json")[1])["plan"]
    assert code == 0
    assert not err
    for name in ("forward pass", "training step", "epoch", "training", "fidelity", "QPU seconds", "of 600 s"):
        assert name in out
    assert [path.name for path in here.iterdir()] == ["waves.csv"]
    paid = json.loads(qlstm("train", *MODEL, *DEVICES, "--epochs", 2, "--json")[1])["devices"]
    for name in ("rounds", "jobs", "parameter_sets", "executions"):
        assert paid[name] == said["run"][name] > 0
    assert abs(paid["qpu_seconds"] / said["run"]["qpu_seconds"] - 1) < 1e-9


def test_a_plan_can_be_kept_and_a_budget_asked_about(here, qlstm):
    code, _, err = qlstm("plan", *MODEL, *DEVICES, "--epochs", 2, "--budget", 5, "--save", "plan.json")
    assert code == 3
    assert "budget is 5.0" in err
    result = json.loads(qlstm("plan", *MODEL, *DEVICES, "--epochs", 2, "--budget", 5, "--json")[1])
    assert (result["status"], f"error: {result['error']}\n") == ("refused", err)
    assert json.loads((here / "plan.json").read_text())["shots"] == 64


def test_a_budget_of_just_the_price_is_enough(here, qlstm):
    price = json.loads(qlstm("plan", *MODEL, *DEVICES, "--epochs", 7, "--json")[1])["plan"]["run"]["qpu_seconds"]
    assert qlstm("plan", *MODEL, *DEVICES, "--epochs", 7, "--budget", repr(price * (1 - 1e-12)))[0] == 0
    assert qlstm("plan", *MODEL, *DEVICES, "--epochs", 7, "--budget", repr(price * 0.999))[0] == 3


def test_packing_divides_the_executions(here, qlstm):
    def executions(*options):
        options = ("--qpu", "fake:torino", "--shots", 64, *options, "--json")
        return json.loads(qlstm("plan", *MODEL, *options)[1])["plan"]["step"]["executions"]

    # 8 sub-VQCs on cores of their own; parts differ in how many angles they shift
    assert 6 * executions() <= executions("--no-packing") <= 8 * executions()
    assert executions("--guard", 1) == executions()


def test_without_devices_there_is_nothing_to_plan(here, qlstm):
    code, _, err = qlstm("plan", *MODEL)
    assert code == 2
    assert err == "error: a plan needs devices, exact simulation costs nothing; name one with --qpu, such as fake:fez\n"


def test_the_devices_can_be_drawn(here, qlstm):
    assert qlstm("plan", *MODEL, *DEVICES, "--qpu", "exact", "--draw", "figures")[0] == 0
    assert sorted(path.name for path in (here / "figures").iterdir()) == ["chip-fake-manila.png", "topology.png"]


def test_the_objective_weighs_time_against_error(here, qlstm):
    def plan(*options):
        devices = ("--qpu", "fake:fez", "--qpu", "fake:brisbane", "--mapping", "optimal")
        return json.loads(qlstm("plan", *MODEL, *devices, *options, "--json")[1])["plan"]

    def fidelity(plan):
        return sum(circuit["fidelity"] for circuit in plan["circuits"])

    fast, good = plan("--objective", "1,0,0"), plan("--objective", "0,1,0")
    assert fidelity(good) > fidelity(fast)
    assert good["step"]["makespan"] >= fast["step"]["makespan"]
    assert "optimal" in good["note"]
    code, _, err = qlstm("plan", *MODEL, *DEVICES, "--mapping", "noise-aware", "--objective", "1,2")
    assert code == 2
    assert "must be three numbers" in err
