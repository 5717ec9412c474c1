/* What Python tells the kernel about one layer and direction; mirrored by `Model` in library.py. */

#ifndef QLSTM_MODEL_H
#define QLSTM_MODEL_H

/* Raised whenever this struct, `Arrays` or an entry point changes: library.py refuses a library of another number. */
#define KERNEL_ABI 5

typedef struct {
    int steps, batch, inputs, hidden, parts, gates, uploads, depth;
    int arctan;       /* encoding RY(arctan v) RZ(arctan v^2); otherwise RY(v) */
    int rot;          /* rotation RZ RY RZ; otherwise RY */
    int affine_in;    /* v -> scale v + bias per gate, upload and input */
    int affine_out;   /* <Z> -> gain <Z> + offset per gate and output */
    int reverse;      /* walk the sequence from its end */
    int batch_first;  /* x, y and their gradients are (batch, steps, width) in memory, else (steps, batch, width) */
    const int *qubits, *n_in, *n_out; /* per part */
    const int *index;                 /* per part n_in entries: which entry of v = [h; x] a qubit carries */
    const int *source;                /* per part 2^q entries: CNOT layer, new[i] = old[source[i]] */
    const int *n_bridges;             /* per part: RZZ per layer, after the CNOTs */
    const int *bridge;                /* per part 2 n_bridges entries: the qubits they join */
} Model;

#endif
