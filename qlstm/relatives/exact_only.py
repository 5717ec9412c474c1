"""What runs in exact simulation only."""

from __future__ import annotations

from torch import nn

from backends.errors import InputError


class ExactOnly(nn.Module):
    """A module that refuses an executor instead of ignoring it."""

    @property
    def executor(self) -> None:
        """Always None: exact simulation."""
        return None

    @executor.setter
    def executor(self, executor: object) -> None:
        if executor is not None:
            raise InputError(
                f"a {type(self).__name__} is simulated exactly and takes no executor; leave it None, or use QLSTM on devices"
            )
