/* Per call: the geometry of each part and the trigonometry of its weights, shared by all samples and steps. */

typedef struct {
    Shape *shape;      /* (parts) */
    Trig *trig;        /* (parts, gates) */
    long *weight;      /* (parts + 1): where each part's weights start */
    long *affine;      /* (parts + 1): where each part's (gates, uploads, n_in) scales or biases start */
    const int **index; /* (parts) */
    long widest, deepest_stack, most_inputs;
    REAL *memory;
} Tables;

/* weights of one gate: all rotations, then all bridges */
static long count_rotations(const Shape *f) { return (long)f->layers * f->q * (f->rot ? 3 : 1); }
static long count_weights(const Shape *f) { return count_rotations(f) + (long)f->layers * f->bridges; }

/* diag[i] = prod_k exp(-+ i a_k / 2), minus where bit k of i is 0; by doubling */
static void rz_diagonal(const REAL *angle, int stride, int q, REAL *diag) {
    const int n = 1 << q;
    diag[0] = 1, diag[n] = 0;
    for (int k = 0; k < q; k++) {
        const double half = 0.5 * (double)angle[k * stride];
        const REAL c = (REAL)cos(half), s = (REAL)sin(half);
        for (int i = 0; i < 1 << k; i++) {
            const REAL re = diag[i], im = diag[n + i];
            diag[i + (1 << k)] = c * re - s * im, diag[n + i + (1 << k)] = c * im + s * re;
            diag[i] = c * re + s * im, diag[n + i] = c * im - s * re;
        }
    }
}

/* d[i] *= exp(-+ i angle / 2), minus where the bits of i at both ends of the bridge are equal */
static void multiply_bridges(const Shape *f, const REAL *angle, REAL *d) {
    const int n = f->n;
    for (int b = 0; b < f->bridges; b++) {
        const double half = 0.5 * (double)angle[b];
        const REAL c = (REAL)cos(half), s = (REAL)sin(half);
        const int one = f->bridge[2 * b], other = f->bridge[2 * b + 1];
        for (int i = 0; i < n; i++) {
            const REAL sine = ((i >> one) ^ (i >> other)) & 1 ? s : -s, re = d[i], im = d[n + i];
            d[i] = c * re - sine * im, d[n + i] = c * im + sine * re;
        }
    }
}

static void fill_trig(const Shape *f, const REAL *w, Trig *t, REAL *scratch) {
    const int q = f->q, n = f->n, angles = f->rot ? 3 : 1;
    for (int layer = 0; layer < f->layers; layer++) {
        const REAL *a = w + (long)layer * q * angles;
        const double fraction = layer == f->layers - 1 ? 1.0 : 0.5;
        for (int k = 0; k < q; k++) {
            const double angle = fraction * (double)a[k * angles + (f->rot ? 1 : 0)];
            t->cosine[layer * q + k] = (REAL)cos(angle);
            t->sine[layer * q + k] = (REAL)sin(angle);
        }
        if (!f->diagonals) continue;
        REAL *d = t->diagonal + (long)layer * 2 * n;
        if (f->rot)
            rz_diagonal(a, 3, q, d);
        else
            for (int i = 0; i < n; i++) d[i] = 1, d[n + i] = 0;
        multiply_bridges(f, w + count_rotations(f) + (long)layer * f->bridges, d);
        if (!f->rot || layer == 0) continue;
        const int encoding_between = layer % f->depth == 0;
        REAL *before = encoding_between ? t->closing + (long)(layer / f->depth - 1) * 2 * n : scratch;
        rz_diagonal(a - 3 * q + 2, 3, q, before);
        if (encoding_between) continue;
        for (int i = 0; i < n; i++) {
            const int from = f->source[i];
            const REAL re = d[i], im = d[n + i];
            d[i] = re * before[from] - im * before[n + from];
            d[n + i] = re * before[n + from] + im * before[from];
        }
    }
}

static void free_tables(Tables *t) {
    free(t->shape), free(t->trig), free(t->weight), free(t->affine), free(t->index), free(t->memory);
}

static int make_tables(const Model *m, const REAL *weights, Tables *t) {
    const int layers = m->uploads * m->depth;
    memset(t, 0, sizeof *t);
    t->shape = calloc((size_t)m->parts, sizeof *t->shape);
    t->trig = calloc((size_t)m->parts * (size_t)m->gates, sizeof *t->trig);
    t->weight = calloc((size_t)m->parts + 1, sizeof *t->weight);
    t->affine = calloc((size_t)m->parts + 1, sizeof *t->affine);
    t->index = calloc((size_t)m->parts, sizeof *t->index);
    if (!t->shape || !t->trig || !t->weight || !t->affine || !t->index) return free_tables(t), 1;
    const int *index = m->index, *source = m->source, *bridge = m->bridge;
    size_t reals = 0;
    for (int p = 0; p < m->parts; p++) {
        Shape *f = t->shape + p;
        f->q = m->qubits[p], f->n = 1 << f->q, f->n_in = m->n_in[p], f->n_out = m->n_out[p];
        f->bridges = m->n_bridges[p], f->diagonals = m->rot || f->bridges;
        f->phases = m->arctan, f->rot = m->rot, f->len = m->arctan || f->diagonals ? 2 * f->n : f->n;
        f->layers = layers, f->uploads = m->uploads, f->depth = m->depth, f->source = source, f->bridge = bridge;
        t->index[p] = index;
        index += f->n_in, source += f->n, bridge += 2 * f->bridges;
        t->weight[p + 1] = t->weight[p] + m->gates * count_weights(f);
        t->affine[p + 1] = t->affine[p] + (long)m->gates * m->uploads * f->n_in;
        if (f->len > t->widest) t->widest = f->len;
        if (f->n_in > t->most_inputs) t->most_inputs = f->n_in;
        if (stack_vectors(f) > t->deepest_stack) t->deepest_stack = stack_vectors(f);
        reals += (size_t)m->gates * (size_t)(2L * layers * f->q + 2L * f->n * ((f->diagonals ? layers : 0) + (m->rot ? m->uploads : 0)));
    }
    t->memory = malloc((reals + (size_t)t->widest) * sizeof(REAL));
    if (!t->memory) return free_tables(t), 1;
    REAL *next = t->memory + t->widest; /* the front is scratch for fill_trig */
    for (int p = 0; p < m->parts; p++)
        for (int g = 0; g < m->gates; g++) {
            const Shape *f = t->shape + p;
            Trig *w = t->trig + (long)p * m->gates + g;
            w->cosine = next, next += layers * f->q;
            w->sine = next, next += layers * f->q;
            if (f->diagonals) w->diagonal = next, next += (long)layers * 2 * f->n;
            if (m->rot) w->closing = next, next += (long)m->uploads * 2 * f->n;
            fill_trig(f, weights + t->weight[p] + count_weights(f) * g, w, t->memory);
        }
    return 0;
}
