"""IBM Quantum: ``ibm:NAME``. Only `backends.ibm.runtime` imports the client, qiskit-ibm-runtime."""
