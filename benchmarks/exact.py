"""Time one exact training step (forward, backward, Adam; batch 16, 8 steps, depth 2, float64) beside other software.

    python benchmarks/exact.py                 cases A-D with nn.LSTM, tensorcircuit-ng and PennyLane
    python benchmarks/exact.py --no-peers      the same without the simulators
    python benchmarks/exact.py --widths        circuits of 8, 10 and 12 qubits
    python benchmarks/exact.py --parts         16 to 256 parts: growth of time, peak memory
    python benchmarks/exact.py --first-call    what a fresh process waits for

Every contestant has a process per thread count; they are visited in turn, round after round, and ratios are taken
within a round, so that whatever else the machine does meets all of them. Before timing, outputs and gradients are
compared with plain numpy and with each other. nn.LSTM has the same sizes but computes another function.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness import first_call, report, results, scaling
from harness.cases import CASES, named
from harness.check import DisagreementError
from harness.contestant import CONTESTANTS, OTHERS, PEERS, SELF
from harness.pool import ContestantError, Pool
from harness.timing import Timed, measure

QUICK = {"cases": "A,D", "peers": "tensorcircuit,pennylane", "rounds": 5, "seconds": 0.03}
FULL = {"cases": ",".join(CASES), "peers": ",".join(PEERS), "rounds": 12, "seconds": 0.06}


def options(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line, checked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cases", help=f"of {', '.join(CASES)}, or qN (centric, N qubits), mN (N parts of 4)")
    parser.add_argument("--threads", default="1,2", help="thread counts (default %(default)s)")
    parser.add_argument("--peers", help=f"of {', '.join(OTHERS)}")
    parser.add_argument("--no-peers", action="store_true", help="only QLSTM and nn.LSTM")
    parser.add_argument("--rounds", type=int, help="visits of every contestant")
    parser.add_argument("--quick", action="store_true", help="two cases, fewer peers and rounds")
    for name in ("first-call", "widths", "parts"):
        parser.add_argument(
            f"--{name}", action="store_true", help="this section, instead of the cases unless --cases is given"
        )
    parser.add_argument("--all", action="store_true", help="every section")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every sample there")
    chosen = parser.parse_args(arguments)
    _complete(parser, chosen)
    return chosen


def _complete(parser: argparse.ArgumentParser, chosen: argparse.Namespace) -> None:
    """Turn lists into lists and fill in what --quick, --all and the sections imply."""
    preset: dict[str, Any] = QUICK if chosen.quick else FULL
    sections = chosen.first_call or chosen.widths or chosen.parts
    if chosen.all:
        chosen.first_call = chosen.widths = chosen.parts = True
    if chosen.cases is None:
        chosen.cases = "" if sections and not chosen.all else preset["cases"]
    peers = "" if chosen.no_peers else preset["peers"] if chosen.peers is None else chosen.peers
    chosen.rounds, chosen.seconds = chosen.rounds or preset["rounds"], preset["seconds"]
    try:
        chosen.cases = [named(name) for name in filter(None, chosen.cases.split(","))]
        chosen.threads = [int(count) for count in chosen.threads.split(",")]
    except ValueError as error:
        parser.error(str(error))
    chosen.contestants = [*SELF, *filter(None, peers.split(","))]
    for name in chosen.contestants:
        if name not in CONTESTANTS:
            parser.error(f"unknown peer {name!r}: choose from {', '.join(OTHERS)}")
    if min(chosen.threads) < 1 or chosen.rounds < 1:
        parser.error("threads and rounds must be at least 1")


def timed_sections(chosen: argparse.Namespace) -> dict[str, Any]:
    """The sections that need a pool of contestants: cases and widths."""
    found = {}
    with Pool(chosen.contestants, chosen.threads) as pool:
        if pool.missing:
            reasons = (f"{CONTESTANTS[name][3]} ({reason})" for name, reason in pool.missing.items())
            print(f"Not measured (the extra 'bench' installs them): {', '.join(reasons)}")
        present = [name for name in chosen.contestants if name not in pool.missing]
        if chosen.cases:
            results = [measure(pool, case, present, chosen.rounds, chosen.seconds) for case in chosen.cases]
            found["cases"] = show("One training step", results, present, chosen.threads)
        if chosen.widths:
            some = [name for name in present if name in (*SELF, "tensorcircuit")]
            results = scaling.widths(pool, some, chosen.rounds, chosen.seconds)
            found["widths"] = show("Centric circuits of growing width", results, some, chosen.threads)
    return found


def show(title: str, results: list[Timed], contestants: list[str], threads: list[int]) -> list[dict[str, Any]]:
    """Print the tables of a section; its samples for the JSON file."""
    print(f"\n{title}\n\n{report.times_table(results, contestants, threads)}")
    print("\nRatios of times within a round: median (quartiles; ratio of the fastest visits)\n")
    print(report.ratios_table(results, contestants, threads))
    if len(threads) > 1:
        print(f"\n{report.gains(results, threads)}")
    print(f"Outputs and gradients agreed to {max(timed.difference for timed in results):.0e} before timing.")
    return [
        {
            "case": timed.case.title,
            "difference": timed.difference,
            "seconds": {f"{name}, {count} thread(s)": found.tolist() for (name, count), found in timed.seconds.items()},
        }
        for timed in results
    ]


def main(arguments: Sequence[str]) -> int:
    """Run what was asked for; exit code 1 where a contestant fails or disagrees."""
    chosen = options(arguments)
    found: dict[str, Any] = {"machine": report.machine()}
    print(report.preamble(found["machine"]))
    try:
        if chosen.cases or chosen.widths:
            found |= timed_sections(chosen)
        if chosen.parts:
            for count in chosen.threads:
                text, found[f"parts, {count} thread(s)"] = scaling.parts(count, chosen.rounds, chosen.seconds)
                print(f"\n{text}")
        if chosen.first_call:
            text, found["first call"] = first_call.section([name for name in chosen.contestants if name not in SELF])
            print(f"\n{text}")
    except (ContestantError, DisagreementError) as error:
        print(error, file=sys.stderr)
        return 1
    found["machine"]["load after"] = report.load()
    results.save(chosen.json, found)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
