"""The compiled kernel; everything else about the package stands in pyproject.toml.

The extension is optional: without a C compiler the package installs all the same and evaluates in plain torch.
"""

import os
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

KERNEL = Path("qlstm/exact/kernel")


class BuildKernel(build_ext):
    """Add threads where the compiler has OpenMP."""

    def build_extension(self, ext: Extension) -> None:
        """Compile with OpenMP, or without it if that fails."""
        plain = list(ext.extra_compile_args)
        try:
            ext.extra_compile_args, ext.extra_link_args = [*plain, "-fopenmp"], ["-fopenmp"]
            super().build_extension(ext)
        except Exception as error:
            print(f"no OpenMP ({error}): the kernel will use one thread")
            ext.extra_compile_args, ext.extra_link_args = plain, []
            super().build_extension(ext)

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
            else ["-O3", "-fno-math-errno", "-fno-trapping-math", "-Wno-psabi"],
            optional=True,
        )
    ],
)
