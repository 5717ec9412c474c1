"""What a cut is refused with."""

from __future__ import annotations

from backends.errors import InputError

REMEDIES = "use fewer entangling gates across (the linear entangler, a smaller depth), bridges, or wider cores"


class OverheadError(InputError):
    """A cut would have a larger sampling overhead than is allowed.

    Args:
        cuts: What would be cut, such as ``"2 gates"``.
        overhead: Its sampling overhead, as text: it may be too large for a float.
        limit: What is allowed.
        circuit: Which circuit, where there are several.
        allowed: The limit as the caller knows it; ``max_overhead=`` and the number by default.
        option: What the caller sets it by.
    """

    def __init__(
        self,
        cuts: str,
        overhead: str,
        limit: float,
        circuit: str = "",
        allowed: str | None = None,
        option: str = "max_overhead",
    ) -> None:
        self.cuts, self.overhead, self.limit, self.circuit = cuts, overhead, limit, circuit
        self.option, self.allowed = option, f"{option}={limit:g}" if allowed is None else allowed
        where = f"{circuit}: " if circuit else ""
        super().__init__(
            f"{where}cutting {cuts} has a sampling overhead of {overhead}, more than {self.allowed}; {REMEDIES}, "
            f"or raise {option}"
        )

    def of(self, circuit: str) -> OverheadError:
        """The same with the name of the circuit."""
        return OverheadError(self.cuts, self.overhead, self.limit, circuit, self.allowed, self.option)

    def said(self, option: str, allowed: str) -> OverheadError:
        """The same in the words of a caller who sets the limit by another option."""
        return OverheadError(self.cuts, self.overhead, self.limit, self.circuit, allowed, option)
