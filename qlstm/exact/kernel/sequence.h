/* The LSTM recurrence over a whole sequence (Eqs. 2-5, 7, 8), forward, one block of samples at a time.
 *
 * Forward keeps h, c and the activated gates of every step; backward evolves each circuit again (cheaper than
 * reading its states back from memory). Blocks are independent, so they are spread over threads; gradients are
 * summed per chunk of blocks and the chunks in order, so results do not depend on the number of threads. */

enum { I_GATE, F_GATE, G_GATE, O_GATE };

typedef struct { /* arrays of one call; x (steps, batch, inputs), h0, c0 (batch, hidden), y (steps, batch, hidden); see batch_first */
    const REAL *x, *h0, *c0, *weights, *scale, *bias, *gain, *offset;
    const REAL *noise; /* (steps, gates, batch, hidden): shot noise in units of sqrt(1 - <Z>^2), or none */
    REAL *y, *h_last, *c_last;
    vec *saved; /* (blocks, steps + 1, 6, hidden): i, f, g, o, c, h after each step; the first entry is the start */
    const REAL *grad_y, *grad_h, *grad_c; /* none where the loss does not use them */
    REAL *grad_x, *grad_h0, *grad_c0, *grad_weights, *grad_scale, *grad_bias, *grad_gain, *grad_offset;
} Arrays;

typedef struct { /* scratch of one thread */
    vec *v, *product, *stack, *lambda, *z, *dz, *dh, *dc, *dv, *x, *theta, *phi, *sum, *noise;
    Encoded *encoded;
    void *memory;
} Work;

static int make_work(const Model *m, const Tables *t, Work *w) {
    const long D = m->inputs + m->hidden, H = m->hidden, G = m->gates, angles = (long)m->uploads * t->most_inputs;
    const long count = 2 * D + 3L * t->widest + t->deepest_stack + 3 * G * H + 2 * H + 2 * H + 2 * angles + t->widest + 4 * angles;
    if (!(w->memory = aligned_alloc(VECTOR_BYTES, sizeof(vec) * (size_t)count))) return 1;
    vec *next = w->memory;
    w->v = next, next += D;
    w->dv = next, next += D;
    w->product = next, next += t->widest;
    w->lambda = next, next += 2L * t->widest;
    w->sum = next, next += t->widest;
    w->stack = next, next += t->deepest_stack;
    w->z = next, next += G * H;
    w->dz = next, next += G * H;
    w->noise = next, next += G * H;
    w->dh = next, next += H;
    w->dc = next, next += H;
    w->x = next, next += 2 * H;
    w->theta = next, next += angles;
    w->phi = next, next += angles;
    w->encoded = (Encoded *)next;
    return 0;
}

/* where the rows of one step begin in x, y or a gradient of theirs, and how far apart they are */
INLINE long step_at(const Model *m, int step, int width) { return (long)step * (m->batch_first ? 1 : m->batch) * width; }
INLINE long row_stride(const Model *m, int width) { return (long)(m->batch_first ? m->steps : 1) * width; }

/* rows `block * LANES ...` of width entries, `stride` apart, transposed to vectors; missing samples, or all, are zero */
INLINE void load_rows(const REAL *rows, long stride, int batch, int width, int block, vec *out) {
    const int first = block * LANES, lanes = batch - first < LANES ? batch - first : LANES;
    for (int j = 0; j < width; j++) {
        vec v = {0};
        if (rows)
            for (int l = 0; l < lanes; l++) v[l] = rows[(first + l) * stride + j];
        out[j] = v;
    }
}

/* the inverse; nothing where nobody wants the rows */
INLINE void store_rows(const vec *in, REAL *rows, long stride, int batch, int width, int block) {
    if (!rows) return;
    const int first = block * LANES, lanes = batch - first < LANES ? batch - first : LANES;
    for (int l = 0; l < lanes; l++)
        for (int j = 0; j < width; j++) rows[(first + l) * stride + j] = in[j][l];
}

/* trigonometry of one input of one upload */
INLINE Encoded encode(const Shape *f, vec v) {
    Encoded e = {{0}, {0}, {0}, {0}};
    if (!f->phases) {
        vsincos((REAL)0.5 * v, &e.s, &e.c);
        return e;
    }
    v = clamp(v, ARCTAN_LIMIT);
    const vec square = v * v;
    const vec cosine = (REAL)1 / vsqrt((REAL)1 + square); /* of arctan v */
    e.c = vsqrt((REAL)0.5 + (REAL)0.5 * cosine);
    e.s = (REAL)0.5 * v * cosine / e.c;
    e.cp = (REAL)1 / vsqrt((REAL)1 + square * square); /* of arctan v^2 */
    e.sp = square * e.cp;
    return e;
}

INLINE vec input_of(const Model *m, const Arrays *a, const Tables *t, int part, int gate, int upload, int k, const vec *v) {
    const vec entry = v[t->index[part][k]];
    if (!m->affine_in) return entry;
    const long at = t->affine[part] + ((long)gate * m->uploads + upload) * t->shape[part].n_in + k;
    return a->scale[at] * entry + a->bias[at];
}

INLINE void encode_part(const Shape *f, const Model *m, const Arrays *a, const Tables *t, int part, int gate, const vec *v,
                        Work *w) {
    for (int u = 0; u < m->uploads; u++)
        for (int k = 0; k < f->n_in; k++) {
            if (u && !m->affine_in)
                w->encoded[u * f->n_in + k] = w->encoded[k];
            else
                w->encoded[u * f->n_in + k] = encode(f, input_of(m, a, t, part, gate, u, k, v));
        }
    product_state(f, w->encoded, w->product);
}

INLINE void expectations(const Shape *f, const Trig *trig, const vec *last, vec *x, vec *z) {
    const REAL *c = trig->cosine + (f->layers - 1) * f->q, *s = trig->sine + (f->layers - 1) * f->q;
    measure(f, last, x, z);
    for (int j = 0; j < f->n_out; j++) {
        const vec raw = z[j];
        z[j] = c[j] * raw - s[j] * x[j];
        x[j] = -s[j] * raw - c[j] * x[j]; /* d<Z>/db */
    }
}

/* the shot noise of one step: (gates, hidden) */
static void load_noise(const Model *m, const Arrays *a, int step, int block, vec *noise) {
    const long rows = (long)m->batch * m->hidden;
    for (int g = 0; g < m->gates; g++)
        load_rows(a->noise + ((long)step * m->gates + g) * rows, m->hidden, m->batch, m->hidden, block, noise + g * m->hidden);
}

/* <Z> as a finite number of shots would estimate it: variance (1 - <Z>^2) / shots */
INLINE vec estimate(vec z, vec noise) {
    const vec variance = (REAL)1 - z * z;
    return z + noise * vsqrt(choose(variance > 0, variance, splat(0)));
}

INLINE vec gate_function(int gate, vec z) { return gate == G_GATE ? vtanh(z) : vsigmoid(z); }

INLINE void forward_sized(const Shape *f, const Model *m, const Arrays *a, const Tables *t, int p, int out, Work *w) {
    for (int g = 0; g < m->gates; g++) {
        if (g == 0 || m->affine_in) encode_part(f, m, a, t, p, g, w->v, w);
        const Trig *trig = t->trig + (long)p * m->gates + g;
        const vec *last = evolve(f, trig, w->encoded, w->product, w->stack);
        expectations(f, trig, last, w->x, w->z + g * m->hidden + out);
    }
}

static void forward_part(const Model *m, const Arrays *a, const Tables *t, int p, int out, Work *w) {
    const Shape *f = t->shape + p;
    WITH_KNOWN_SIZE(forward_sized, f, m, a, t, p, out, w)
}

static void forward_block(const Model *m, const Arrays *a, const Tables *t, int block, Work *w) {
    const int H = m->hidden, B = m->batch;
    vec *state = a->saved + (long)block * (m->steps + 1) * 6 * H;
    load_rows(a->c0, H, B, H, block, state + 4 * H);
    load_rows(a->h0, H, B, H, block, state + 5 * H);
    for (int n = 0; n < m->steps; n++) {
        const int step = m->reverse ? m->steps - 1 - n : n;
        memcpy(w->v, state + 5 * H, sizeof(vec) * H);
        load_rows(a->x + step_at(m, step, m->inputs), row_stride(m, m->inputs), B, m->inputs, block, w->v + H);
        for (int p = 0, out = 0; p < m->parts; out += m->n_out[p++]) forward_part(m, a, t, p, out, w);
        if (a->noise) {
            load_noise(m, a, step, block, w->noise);
            for (int k = 0; k < m->gates * H; k++) w->z[k] = estimate(w->z[k], w->noise[k]);
        }
        const vec *c_before = state + 4 * H;
        state += 6 * H;
        for (int g = 0; g < 4; g++)
            for (int j = 0; j < H; j++) {
                vec z = w->z[g * H + j];
                if (m->affine_out) z = a->gain[g * H + j] * z + a->offset[g * H + j];
                state[g * H + j] = gate_function(g, z);
            }
        for (int j = 0; j < H; j++) {
            const vec c = state[F_GATE * H + j] * c_before[j] + state[I_GATE * H + j] * state[G_GATE * H + j];
            state[4 * H + j] = c;
            state[5 * H + j] = state[O_GATE * H + j] * vtanh(c);
        }
        store_rows(state + 5 * H, a->y + step_at(m, step, H), row_stride(m, H), B, H, block);
    }
    store_rows(state + 4 * H, a->c_last, H, B, H, block);
    store_rows(state + 5 * H, a->h_last, H, B, H, block);
}
