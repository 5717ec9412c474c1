"""Set before anything is imported: no test reads or writes the user's own cache."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

os.environ["QPARTITION_CACHE"] = tempfile.mkdtemp(prefix="qpartition-tests-")
atexit.register(shutil.rmtree, os.environ["QPARTITION_CACHE"], ignore_errors=True)
