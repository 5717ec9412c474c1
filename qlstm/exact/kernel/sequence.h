/* The LSTM recurrence over a whole sequence (Eqs. 2-5, 7, 8), forward and adjoint, one block of samples at a time.
 *
 * Forward keeps h, c and the activated gates of every step; backward evolves each circuit again (cheaper than
 * reading its states back from memory). Blocks are independent, so they are spread over threads; gradients are
 * summed per chunk of blocks and the chunks in order, so results do not depend on the number of threads. */

enum { I_GATE, F_GATE, G_GATE, O_GATE };

typedef struct { /* arrays of one call; x (steps, batch, inputs), h0, c0 (batch, hidden), y (steps, batch, hidden) */
    const REAL *x, *h0, *c0, *weights, *scale, *bias, *gain, *offset;
    REAL *y, *c_last;
    vec *saved; /* (blocks, steps + 1, 6, hidden): i, f, g, o, c, h after each step; the first entry is the start */
    const REAL *grad_y, *grad_c;
    REAL *grad_x, *grad_h0, *grad_c0, *grad_weights, *grad_scale, *grad_bias, *grad_gain, *grad_offset;
} Arrays;

typedef struct { /* scratch of one thread */
    vec *v, *product, *stack, *lambda, *z, *dz, *dh, *dc, *dv, *x, *theta, *phi, *sum;
    Encoded *encoded;
    void *memory;
} Work;

static int make_work(const Model *m, const Tables *t, Work *w) {
    const long D = m->inputs + m->hidden, H = m->hidden, G = m->gates, angles = (long)m->uploads * D;
    const long count = 2 * D + 3L * t->widest + t->deepest_stack + 2 * G * H + 2 * H + 2 * H + 2 * angles + t->widest + 4 * angles;
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
    w->dh = next, next += H;
    w->dc = next, next += H;
    w->x = next, next += 2 * H;
    w->theta = next, next += angles;
    w->phi = next, next += angles;
    w->encoded = (Encoded *)next;
    return 0;
}

/* rows `block * LANES ...` of a (batch, width) array, transposed to vectors; missing samples are zero */
INLINE void load_rows(const REAL *rows, int batch, int width, int block, vec *out) {
    const int first = block * LANES, lanes = batch - first < LANES ? batch - first : LANES;
    for (int j = 0; j < width; j++) {
        vec v = {0};
        if (rows)
            for (int l = 0; l < lanes; l++) v[l] = rows[(long)(first + l) * width + j];
        out[j] = v;
    }
}

INLINE void store_rows(const vec *in, REAL *rows, int batch, int width, int block) {
    const int first = block * LANES, lanes = batch - first < LANES ? batch - first : LANES;
    for (int l = 0; l < lanes; l++)
        for (int j = 0; j < width; j++) rows[(long)(first + l) * width + j] = in[j][l];
}

/* trigonometry of one input of one upload */
INLINE Encoded encode(const Shape *f, vec v) {
    Encoded e = {{0}, {0}, {0}, {0}};
    if (!f->phases) {
        vsincos((REAL)0.5 * v, &e.s, &e.c);
        return e;
    }
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

INLINE void encode_part(const Model *m, const Arrays *a, const Tables *t, int part, int gate, const vec *v, Work *w) {
    const Shape *f = t->shape + part;
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

INLINE vec gate_function(int gate, vec z) { return gate == G_GATE ? vtanh(z) : vsigmoid(z); }

static void forward_part(const Model *m, const Arrays *a, const Tables *t, int p, int out, Work *w) {
    const Shape *f = t->shape + p;
    for (int g = 0; g < m->gates; g++) {
        if (g == 0 || m->affine_in) encode_part(m, a, t, p, g, w->v, w);
        const Trig *trig = t->trig + (long)p * m->gates + g;
        const vec *last = evolve(f, trig, w->encoded, w->product, w->stack);
        expectations(f, trig, last, w->x, w->z + g * m->hidden + out);
    }
}

static void forward_block(const Model *m, const Arrays *a, const Tables *t, int block, Work *w) {
    const int H = m->hidden, B = m->batch;
    vec *state = a->saved + (long)block * (m->steps + 1) * 6 * H;
    load_rows(a->c0, B, H, block, state + 4 * H);
    load_rows(a->h0, B, H, block, state + 5 * H);
    for (int n = 0; n < m->steps; n++) {
        const int step = m->reverse ? m->steps - 1 - n : n;
        memcpy(w->v, state + 5 * H, sizeof(vec) * H);
        load_rows(a->x + (long)step * B * m->inputs, B, m->inputs, block, w->v + H);
        for (int p = 0, out = 0; p < m->parts; out += m->n_out[p++]) forward_part(m, a, t, p, out, w);
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
        store_rows(state + 5 * H, a->y + (long)step * B * H, B, H, block);
    }
    store_rows(state + 4 * H, a->c_last, B, H, block);
}

/* --- adjoint -------------------------------------------------------------------------------------------- */

typedef struct { /* gradients of one chunk, lane by lane */
    Grad *grad;                          /* (parts, gates) */
    vec *scale, *bias, *gain, *offset;
    void *memory, *vectors;
} Sums;

static long sums_vectors(const Model *m, const Tables *t) {
    const long layers = (long)m->uploads * m->depth;
    long count = 2 * t->affine[m->parts] + 2L * m->gates * m->hidden;
    for (int p = 0; p < m->parts; p++) {
        const Shape *f = t->shape + p;
        count += m->gates * (layers * f->q + (m->rot ? (layers + m->uploads) * f->n : 0));
    }
    return count;
}

static int make_sums(const Model *m, const Tables *t, Sums *s) {
    const long layers = (long)m->uploads * m->depth, count = sums_vectors(m, t);
    s->grad = calloc((size_t)m->parts * (size_t)m->gates, sizeof *s->grad);
    s->vectors = aligned_alloc(VECTOR_BYTES, sizeof(vec) * (size_t)count);
    if (!s->grad || !s->vectors) return free(s->grad), free(s->vectors), 1;
    memset(s->vectors, 0, sizeof(vec) * (size_t)count);
    vec *next = s->vectors;
    for (int p = 0; p < m->parts; p++)
        for (int g = 0; g < m->gates; g++) {
            const Shape *f = t->shape + p;
            Grad *grad = s->grad + (long)p * m->gates + g;
            grad->ry = next, next += layers * f->q;
            grad->diagonal = next, next += m->rot ? layers * f->n : 0;
            grad->closing = next, next += m->rot ? (long)m->uploads * f->n : 0;
        }
    s->scale = next, next += t->affine[m->parts];
    s->bias = next, next += t->affine[m->parts];
    s->gain = next, next += (long)m->gates * m->hidden;
    s->offset = next;
    return 0;
}

/* dL/dv from dL/dtheta and dL/dphi of one gate (or of all gates when the encoding is shared) */
INLINE void encoding_gradient(const Model *m, const Arrays *a, const Tables *t, int p, int gate, const vec *v, Work *w, Sums *s) {
    const Shape *f = t->shape + p;
    for (int u = 0; u < m->uploads; u++)
        for (int k = 0; k < f->n_in; k++) {
            const int entry = t->index[p][k];
            vec d = w->theta[u * f->n_in + k];
            if (f->phases) {
                const vec x = input_of(m, a, t, p, gate, u, k, v), square = x * x;
                d = d / ((REAL)1 + square) + w->phi[u * f->n_in + k] * (REAL)2 * x / ((REAL)1 + square * square);
            }
            if (m->affine_in) {
                const long at = t->affine[p] + ((long)gate * m->uploads + u) * f->n_in + k;
                s->scale[at] += d * v[entry];
                s->bias[at] += d;
                d *= a->scale[at];
            }
            w->dv[entry] += d;
        }
}

static void backward_part(const Model *m, const Arrays *a, const Tables *t, int p, int out, Work *w, Sums *s) {
    const Shape *f = t->shape + p;
    const int H = m->hidden;
    const size_t angles = sizeof(vec) * (size_t)m->uploads * (size_t)f->n_in;
    for (int g = 0; g < m->gates; g++) {
        const Trig *trig = t->trig + (long)p * m->gates + g;
        Grad *grad = s->grad + (long)p * m->gates + g;
        if (g == 0 || m->affine_in) {
            encode_part(m, a, t, p, g, w->v, w);
            memset(w->theta, 0, angles), memset(w->phi, 0, angles);
        }
        vec *last = evolve(f, trig, w->encoded, w->product, w->stack);
        vec *z = w->z, *slope = w->x, *dz = w->dz + g * H + out, *gx = w->x + H, *gz = w->z + H;
        expectations(f, trig, last, slope, z);
        for (int j = 0; j < f->n_out; j++) {
            if (m->affine_out) {
                s->gain[g * H + out + j] += dz[j] * z[j];
                s->offset[g * H + out + j] += dz[j];
                dz[j] *= a->gain[g * H + out + j];
            }
            grad->ry[(f->layers - 1) * f->q + j] += dz[j] * slope[j];
            gz[j] = dz[j] * trig->cosine[(f->layers - 1) * f->q + j];
            gx[j] = -dz[j] * trig->sine[(f->layers - 1) * f->q + j];
        }
        costate(f, last, gx, gz, w->lambda + f->len, w->lambda);
        evolve_backward(f, trig, w->encoded, last, w->lambda, grad, w->theta, w->phi);
        if (!m->affine_in) {
            for (int i = 0; i < f->len; i++) w->sum[i] = g ? w->sum[i] + w->lambda[i] : w->lambda[i];
            if (g < m->gates - 1) continue;
        }
        encode_backward(f, w->encoded, w->product, m->affine_in ? w->lambda : w->sum, w->theta, w->phi, 0);
        encoding_gradient(m, a, t, p, g, w->v, w, s);
    }
}

static void backward_block(const Model *m, const Arrays *a, const Tables *t, int block, Work *w, Sums *s) {
    const int H = m->hidden, B = m->batch;
    vec *state = a->saved + ((long)block * (m->steps + 1) + m->steps) * 6 * H;
    memset(w->dh, 0, sizeof(vec) * H);
    load_rows(a->grad_c, B, H, block, w->dc);
    for (int n = m->steps - 1; n >= 0; n--, state -= 6 * H) {
        const int step = m->reverse ? m->steps - 1 - n : n;
        const vec *before = state - 6 * H;
        load_rows(a->grad_y + (long)step * B * H, B, H, block, w->dz);
        for (int j = 0; j < H; j++) {
            const vec i = state[j], f = state[H + j], g = state[2 * H + j], o = state[3 * H + j];
            const vec tanh_c = vtanh(state[4 * H + j]), dh = w->dh[j] + w->dz[j];
            const vec dc = w->dc[j] + dh * o * ((REAL)1 - tanh_c * tanh_c);
            w->dz[j] = dc * g * i * ((REAL)1 - i);
            w->dz[H + j] = dc * before[4 * H + j] * f * ((REAL)1 - f);
            w->dz[2 * H + j] = dc * i * ((REAL)1 - g * g);
            w->dz[3 * H + j] = dh * tanh_c * o * ((REAL)1 - o);
            w->dc[j] = dc * f;
        }
        memcpy(w->v, before + 5 * H, sizeof(vec) * H);
        load_rows(a->x + (long)step * B * m->inputs, B, m->inputs, block, w->v + H);
        memset(w->dv, 0, sizeof(vec) * (size_t)(H + m->inputs));
        for (int p = 0, out = 0; p < m->parts; out += m->n_out[p++]) backward_part(m, a, t, p, out, w, s);
        memcpy(w->dh, w->dv, sizeof(vec) * H);
        store_rows(w->dv + H, a->grad_x + (long)step * B * m->inputs, B, m->inputs, block);
    }
    store_rows(w->dh, a->grad_h0, B, H, block);
    store_rows(w->dc, a->grad_c0, B, H, block);
}

INLINE REAL total(vec v) {
    REAL sum = 0;
    for (int l = 0; l < LANES; l++) sum += v[l];
    return sum;
}

/* Add one chunk's lane sums to the gradients of the weights. The sums under a diagonal become those of its RZ
 * angles: dL/da_k = sum_i (+-)_k(i) grad[i], minus where bit k of i is 1. */
static void reduce_weights(const Shape *f, const Grad *grad, REAL *out, REAL *flat) {
    const int q = f->q, angles = f->rot ? 3 : 1;
    for (int layer = 0; layer < f->layers; layer++)
        for (int k = 0; k < q; k++) out[(layer * q + k) * angles + (f->rot ? 1 : 0)] += total(grad->ry[layer * q + k]);
    if (!f->rot) return;
    for (int layer = 0; layer < f->layers; layer++) {
        for (int i = 0; i < f->n; i++) flat[i] = total(grad->diagonal[layer * f->n + i]);
        const int encoding_before = layer && layer % f->depth == 0;
        for (int k = 0; k < q; k++) {
            REAL a = 0, c = 0;
            for (int i = 0; i < f->n; i++) {
                a += (i >> k) & 1 ? -flat[i] : flat[i];
                c += (f->source[i] >> k) & 1 ? -flat[i] : flat[i];
            }
            out[(layer * q + k) * 3] += a;
            if (layer && !encoding_before) out[((layer - 1) * q + k) * 3 + 2] += c;
        }
        if (!encoding_before) continue;
        for (int i = 0; i < f->n; i++) flat[i] = total(grad->closing[(layer / f->depth - 1) * f->n + i]);
        for (int k = 0; k < q; k++) {
            REAL c = 0;
            for (int i = 0; i < f->n; i++) c += (i >> k) & 1 ? -flat[i] : flat[i];
            out[((layer - 1) * q + k) * 3 + 2] += c;
        }
    }
}

static void reduce(const Model *m, const Arrays *a, const Tables *t, const Sums *s, REAL *flat) {
    for (int p = 0; p < m->parts; p++)
        for (int g = 0; g < m->gates; g++)
            reduce_weights(t->shape + p, s->grad + (long)p * m->gates + g,
                           a->grad_weights + t->weight[p] + (t->weight[p + 1] - t->weight[p]) / m->gates * g, flat);
    if (m->affine_in)
        for (long k = 0; k < t->affine[m->parts]; k++) a->grad_scale[k] += total(s->scale[k]), a->grad_bias[k] += total(s->bias[k]);
    if (m->affine_out)
        for (int k = 0; k < m->gates * m->hidden; k++) a->grad_gain[k] += total(s->gain[k]), a->grad_offset[k] += total(s->offset[k]);
}

/* --- entry points: 0 done, 1 out of memory ---------------------------------------------------------------- */

int NAME(forward)(const Model *m, const Arrays *a, int threads) {
    Tables t;
    if (make_tables(m, a->weights, &t)) return 1;
    const int blocks = (m->batch + LANES - 1) / LANES;
    int failed = 0;
#pragma omp parallel num_threads(threads < blocks ? threads : blocks) if (threads > 1 && blocks > 1)
    {
        Work w;
        const int missing = make_work(m, &t, &w);
        if (missing) {
#pragma omp atomic write
            failed = 1;
        }
#pragma omp for schedule(static)
        for (int block = 0; block < blocks; block++)
            if (!missing) forward_block(m, a, &t, block, &w);
        if (!missing) free(w.memory);
    }
    free_tables(&t);
    return failed;
}

enum { CHUNKS = 32 };

int NAME(backward)(const Model *m, const Arrays *a, int threads) {
    Tables t;
    if (make_tables(m, a->weights, &t)) return 1;
    const int blocks = (m->batch + LANES - 1) / LANES, chunks = blocks < CHUNKS ? blocks : CHUNKS;
    Sums sums[CHUNKS];
    memset(sums, 0, sizeof sums);
    int failed = 0;
#pragma omp parallel num_threads(threads < chunks ? threads : chunks) if (threads > 1 && chunks > 1)
    {
        Work w;
        const int missing = make_work(m, &t, &w);
        if (missing) {
#pragma omp atomic write
            failed = 1;
        }
#pragma omp for schedule(static)
        for (int chunk = 0; chunk < chunks; chunk++) {
            if (missing || make_sums(m, &t, sums + chunk)) {
#pragma omp atomic write
                failed = 1;
                continue;
            }
            for (int block = (int)((long)blocks * chunk / chunks); block < (int)((long)blocks * (chunk + 1) / chunks); block++)
                backward_block(m, a, &t, block, &w, sums + chunk);
        }
        if (!missing) free(w.memory);
    }
    for (int chunk = 0; chunk < chunks; chunk++) {
        if (!failed) reduce(m, a, &t, sums + chunk, t.memory);
        free(sums[chunk].grad), free(sums[chunk].vectors);
    }
    free_tables(&t);
    return failed;
}
