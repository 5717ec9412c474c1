"""Starts the command line again and again in processes of its own, with localqpu as IBM Quantum.

``python nursery.py PORT`` imports everything once; every line on stdin, a JSON list of arguments, is then a forked
process: ``began PID`` and ``ended CODE`` come back on stdout. What it prints goes to ``out.txt`` and ``err.txt`` in the
working folder. A token in QISKIT_IBM_TOKEN is that of the account.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import Any

IMPORTED = (
    "localqpu.client", "torch._dynamo", "backends.ibm.connection", "qpartition.dispatch", "qlstm", "qlstm.figures",
    "qlstm.training.opening", "qlstm.training.progress", "qlstm.cli.app", "qlstm.cli.output",
)  # fmt: skip
"""What takes long; the optimiser needs torch._dynamo."""


def connect(port: int) -> Any:
    """What replaces the client's service: made once, and only by localqpu, which is never left."""
    import localqpu.client
    import qiskit_ibm_runtime

    real, made = qiskit_ibm_runtime.QiskitRuntimeService, list[Any]()

    def service(*arguments: object, **options: object) -> Any:
        token = os.environ.get("QISKIT_IBM_TOKEN")
        if token is not None:
            localqpu.client.QiskitRuntimeService = lambda **given: real(**{**given, "token": token})
        if not made:
            made.append(localqpu.connect(port=port))
        return made[0]

    return service


def live(port: int, arguments: list[str]) -> None:
    """In the forked process: run the command and end with its exit code."""
    import qiskit_ibm_runtime

    for number, name in ((1, "out.txt"), (2, "err.txt")):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), number)
    qiskit_ibm_runtime.QiskitRuntimeService = connect(port)
    from qlstm.cli import main

    if "--crash" in arguments:
        from qpartition import Dispatcher

        Dispatcher.values = lambda *given: 1 // 0  # type: ignore[method-assign]
    main([argument for argument in arguments if argument != "--crash"])


def serve(port: int) -> None:
    """See above."""
    import torch

    torch.set_num_threads(1)
    for name in IMPORTED:
        importlib.import_module(name)
    print("ready", flush=True)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            code = 70
            try:
                live(port, json.loads(line))
            except SystemExit as end:
                code = int(end.code or 0)
            except BaseException:
                import traceback

                traceback.print_exc()
            finally:
                sys.stderr.flush()
                sys.stdout.flush()
                os._exit(code)
        print("began", pid, flush=True)
        _, status = os.waitpid(pid, 0)
        print("ended", os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
