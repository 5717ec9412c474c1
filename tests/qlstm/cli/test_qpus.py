"""``qlstm qpus``: what is available."""

import json


def test_without_a_name_everything_that_can_be_opened(qlstm):
    code, out, err = qlstm("qpus", "--json")
    specs = json.loads(out)["available"]
    assert code == 0
    assert not err
    assert {"exact", "aer", "fake:torino", "fake:fez"} <= specs.keys()
    assert "fake:torino" in qlstm("qpus")[1]


def test_named_devices_with_their_cores_and_calibration(qlstm):
    code, out, _ = qlstm("qpus", "--qpu", "exact", "--qpu", "fake:manila", "--core-qubits", 2, "--json")
    ideal, manila = json.loads(out)["qpus"]
    assert code == 0
    assert ideal["two_qubit_error"] is None
    assert manila["qubits"] == 5
    assert 0 < manila["two_qubit_error"] < 0.1
    assert manila["t1"] > 1e-5
    cores = [set(core["qubits"]) for core in manila["cores"]]
    assert len(cores) == 2
    assert all(len(core) == 2 for core in cores)
    assert not cores[0] & cores[1]
    assert manila["cores"][0]["error"] <= manila["cores"][1]["error"]


def test_the_table_fits_and_a_device_too_small_has_no_core(qlstm):
    code, out, _ = qlstm("qpus", "--qpu", "fake:manila", "--qpu", "fake:guadalupe", "--core-qubits", 6)
    assert code == 0
    assert "fake:manila" in out
    assert "fake:manila/0" not in out
    assert "fake:guadalupe/0" in out
    assert max(map(len, out.splitlines())) <= 80


def test_a_width_that_no_device_has_is_refused(qlstm):
    code, out, err = qlstm("qpus", "--qpu", "fake:manila", "--core-qubits", 6, "--json")
    assert (code, out) == (2, "")
    assert err == (
        "error: --core-qubits 6: no core of fake:manila is that wide, fake:manila has 5 qubits; "
        "give a smaller width or another --qpu\n"
    )
