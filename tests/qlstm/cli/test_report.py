"""``qlstm report``: where the page goes, what is said."""

from __future__ import annotations

import json

import pytest

RUN = (
    "train", "waves.csv", "--target", "y", "--window", 1, "--hidden", 2, "--ansatz", "chen2024", "--depth", 1, "--epochs", 1,
    "--batch", 20,
)  # fmt: skip


@pytest.fixture
def trained(here, qlstm):
    assert qlstm(*RUN, "--out", "run", "--quiet")[0] == 0
    return here


def test_the_page_is_written_and_written_again(trained, qlstm):
    code, out, err = qlstm("report", "run")
    assert (code, err) == (0, "")
    assert "the run is finished" in out and "run/report.html" in out
    first = (trained / "run" / "report.html").read_bytes()
    assert first.startswith(b"<!doctype html>")
    code, out, _ = qlstm("report", "run", "--json")
    assert code == 0
    assert json.loads(out) == {"status": "done", "file": "run/report.html", "run": "finished", "epochs": 1}
    assert (trained / "run" / "report.html").read_bytes() == first
    assert not [file for file in (trained / "run").iterdir() if file.name.startswith(".partial")]
    assert qlstm("train", "waves.csv", "--out", "run", "--resume", "--quiet")[0] == 0  # the page is not in the way


def test_another_file_with_a_classical_lstm(trained, qlstm):
    assert qlstm("report", "run", "--out", "page.html", "--lstm", "--quiet") == (0, "", "")
    assert "LSTM, hidden " in (trained / "page.html").read_text()
    assert not (trained / "run" / "report.html").exists()


def test_a_page_never_takes_the_place_of_a_file_of_the_run(trained, qlstm):
    code, _, err = qlstm("report", "run", "--out", "run/checkpoint.pt")
    assert code == 2
    assert err == "error: --out run/checkpoint.pt is no name of a page; give one that ends with .html\n"


@pytest.mark.parametrize("folder", ["nowhere", "waves.csv", "."])
def test_what_is_no_run(trained, qlstm, folder):
    code, out, err = qlstm("report", folder)
    assert (code, out) == (2, "")
    assert err.startswith("error: there is no run in ") and err.count("\n") == 1
