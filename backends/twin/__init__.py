"""The twin: an exact, fast simulator of a noisy core in the Pauli-transfer picture; see `backends.twin.engine`."""
