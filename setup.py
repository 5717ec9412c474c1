"""The compiled kernel; everything else about the package stands in pyproject.toml.

The extension is optional: without a C compiler the package installs all the same and evaluates in plain torch.
"""

import os
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

KERNEL = Path("qlstm/exact/kernel")


class BuildKernel(build_ext):
    """A library without a Python module in it."""

    def get_export_symbols(self, ext: Extension) -> list[str]:
        """The library is loaded by ctypes, so it has no Python module to export."""
        return ["qlstm_forward", "qlstm_backward", "qlstm_best_level", "qlstm_abi"]


setup(
    cmdclass={"build_ext": BuildKernel},
    ext_modules=[
        Extension(
            "qlstm.exact._kernel",
            sources=sorted(str(path) for path in KERNEL.glob("*.c")),
            depends=sorted(str(path) for path in KERNEL.glob("*.h")),
            extra_compile_args=[]
            if os.name == "nt"
            else ["-O3", "-std=gnu11", "-pthread", "-fno-math-errno", "-fno-trapping-math", "-Wno-psabi"],
            extra_link_args=[] if os.name == "nt" else ["-pthread", "-lm"],
            optional=True,
        )
    ],
)
