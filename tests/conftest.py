"""Set before anything is imported: no test uses the user's own cache, or account."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

os.environ["QPARTITION_CACHE"] = tempfile.mkdtemp(prefix="qpartition-tests-")
atexit.register(shutil.rmtree, os.environ["QPARTITION_CACHE"], ignore_errors=True)
os.environ["QPARTITION_OFFLINE"] = "1"  # IBM Quantum is stood in for by localqpu, and nothing else
for name in [name for name in os.environ if name.startswith("QISKIT_IBM_")]:
    del os.environ[name]
