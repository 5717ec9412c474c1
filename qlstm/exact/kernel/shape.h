/* One sub-VQC on one block of LANES samples: evolve, measure <Z>, and the adjoint of both.
 *
 * A state is 2^q vectors of real parts, followed by 2^q of imaginary parts when it is complex; bit k of an
 * index is qubit k. RY, <X>, <Z> and the RY gradients never mix the two halves, so they treat a state as one
 * real array of `len` vectors; only the RZ diagonals and the RZ encoding know about complex numbers.
 *
 * A layer is [D; RY on all]: D is the CNOT permutation fused with every RZ between two RY layers (the RZ(c) of
 * the layer before and the RZ(a) of this one, all diagonal) and with the RZZ of the bridges. The last rotation is never applied to the state:
 * <Z_j> after RY(b) is cos(b) <Z_j> - sin(b) <X_j>, and RZ(c) before a <Z> does nothing. */

typedef struct { /* geometry of one part */
    int q, n, len, n_in, n_out, layers, phases; /* n = 2^q; len = n or 2n; phases: RZ in the encoding */
    int uploads, depth, rot;
    int bridges, diagonals; /* RZZ per layer; whether D is more than the permutation */
    const int *source, *bridge;
} Shape;

typedef struct { /* trigonometry of one gate's weights, per layer */
    REAL *cosine, *sine;   /* (layers, q): half angles of RY; whole angles in the last layer */
    REAL *diagonal;        /* (layers, 2, n): D, rot or bridges only */
    REAL *closing;         /* (uploads, 2, n): RZ(c) before the next encoding, rot only */
} Trig;

typedef struct { /* gradients of one gate's weights, summed over samples lane by lane */
    vec *ry;       /* (layers, q) */
    vec *diagonal; /* (layers, n): Im <lambda|i><i|psi> after D */
    vec *closing;  /* (uploads, n) */
} Grad;

typedef struct { vec c, s, cp, sp; } Encoded; /* cos, sin of the RY angle/2 and of the RZ angle, one input */

/* A shape whose size the compiler knows, so that it unrolls the loops over it: `halves` is 2 for a complex state. */
INLINE Shape sized(const Shape *f, int q, int halves) {
    Shape known = *f;
    known.q = q, known.n = 1 << q, known.len = halves << q;
    return known;
}

/* Call `body(shape, ...)`, for the widths that most circuits have with a shape of known size. */
#define WITH_SIZE_(body, f, q, halves, ...) \
    case 2 * (q) + (halves): {              \
        const Shape known = sized(f, q, halves); \
        body(&known, __VA_ARGS__);          \
        break;                              \
    }
#define WITH_KNOWN_SIZE(body, f, ...)                   \
    switch (2 * (f)->q + (f)->len / (f)->n) {           \
        WITH_SIZE_(body, f, 3, 2, __VA_ARGS__)          \
        WITH_SIZE_(body, f, 4, 2, __VA_ARGS__)          \
    default: body(f, __VA_ARGS__);                      \
    }
