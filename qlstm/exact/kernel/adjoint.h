/* The adjoint of the sequence: gradients of x, h0, c0 and every weight, one block of samples at a time. */

typedef struct { /* gradients of one chunk, lane by lane */
    Grad *grad;                          /* (parts, gates) */
    vec *scale, *bias, *gain, *offset;
    void *vectors;
} Sums;

static long sums_vectors(const Model *m, const Tables *t) {
    const long layers = (long)m->uploads * m->depth;
    long count = 2 * t->affine[m->parts] + 2L * m->gates * m->hidden;
    for (int p = 0; p < m->parts; p++) {
        const Shape *f = t->shape + p;
        count += m->gates * (layers * f->q + ((f->diagonals ? layers : 0) + (m->rot ? m->uploads : 0)) * f->n);
    }
    return count;
}

static void free_sums(Sums *s) {
    free(s->grad), free(s->vectors);
    memset(s, 0, sizeof *s);
}

static int make_sums(const Model *m, const Tables *t, Sums *s) {
    const long layers = (long)m->uploads * m->depth, count = sums_vectors(m, t);
    s->grad = calloc((size_t)m->parts * (size_t)m->gates, sizeof *s->grad);
    s->vectors = aligned_alloc(VECTOR_BYTES, sizeof(vec) * (size_t)count);
    if (!s->grad || !s->vectors) return free_sums(s), 1;
    memset(s->vectors, 0, sizeof(vec) * (size_t)count);
    vec *next = s->vectors;
    for (int p = 0; p < m->parts; p++)
        for (int g = 0; g < m->gates; g++) {
            const Shape *f = t->shape + p;
            Grad *grad = s->grad + (long)p * m->gates + g;
            grad->ry = next, next += layers * f->q;
            grad->diagonal = next, next += f->diagonals ? layers * f->n : 0;
            grad->closing = next, next += m->rot ? (long)m->uploads * f->n : 0;
        }
    s->scale = next, next += t->affine[m->parts];
    s->bias = next, next += t->affine[m->parts];
    s->gain = next, next += (long)m->gates * m->hidden;
    s->offset = next;
    return 0;
}

/* dL/dv from dL/dtheta and dL/dphi of one gate (or of all gates when the encoding is shared) */
INLINE void encoding_gradient(const Shape *f, const Model *m, const Arrays *a, const Tables *t, int p, int gate, const vec *v,
                              Work *w, Sums *s) {
    for (int u = 0; u < m->uploads; u++)
        for (int k = 0; k < f->n_in; k++) {
            const int entry = t->index[p][k];
            vec d = w->theta[u * f->n_in + k];
            if (f->phases) {
                const vec x = clamp(input_of(m, a, t, p, gate, u, k, v), ARCTAN_LIMIT), square = x * x;
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

INLINE void backward_sized(const Shape *f, const Model *m, const Arrays *a, const Tables *t, int p, int out, Work *w, Sums *s) {
    const int H = m->hidden;
    const size_t angles = sizeof(vec) * (size_t)m->uploads * (size_t)f->n_in;
    for (int g = 0; g < m->gates; g++) {
        const Trig *trig = t->trig + (long)p * m->gates + g;
        Grad *grad = s->grad + (long)p * m->gates + g;
        if (g == 0 || m->affine_in) {
            encode_part(f, m, a, t, p, g, w->v, w);
            memset(w->theta, 0, angles), memset(w->phi, 0, angles);
        }
        vec *last = evolve(f, trig, w->encoded, w->product, w->stack);
        vec *z = w->z, *slope = w->x, *dz = w->dz + g * H + out, *gx = w->x + H, *gz = w->z + H;
        expectations(f, trig, last, slope, z);
        for (int j = 0; j < f->n_out; j++) {
            if (m->affine_out) {
                const vec seen = a->noise ? estimate(z[j], w->noise[g * H + out + j]) : z[j];
                s->gain[g * H + out + j] += dz[j] * seen;
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
        encoding_gradient(f, m, a, t, p, g, w->v, w, s);
    }
}

static void backward_part(const Model *m, const Arrays *a, const Tables *t, int p, int out, Work *w, Sums *s) {
    const Shape *f = t->shape + p;
    WITH_KNOWN_SIZE(backward_sized, f, m, a, t, p, out, w, s)
}

static void backward_block(const Model *m, const Arrays *a, const Tables *t, int block, Work *w, Sums *s) {
    const int H = m->hidden, B = m->batch;
    vec *state = a->saved + ((long)block * (m->steps + 1) + m->steps) * 6 * H;
    load_rows(a->grad_h, H, B, H, block, w->dh);
    load_rows(a->grad_c, H, B, H, block, w->dc);
    for (int n = m->steps - 1; n >= 0; n--, state -= 6 * H) {
        const int step = m->reverse ? m->steps - 1 - n : n;
        const vec *before = state - 6 * H;
        load_rows(a->grad_y ? a->grad_y + step_at(m, step, H) : 0, row_stride(m, H), B, H, block, w->dz);
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
        load_rows(a->x + step_at(m, step, m->inputs), row_stride(m, m->inputs), B, m->inputs, block, w->v + H);
        if (a->noise) load_noise(m, a, step, block, w->noise);
        memset(w->dv, 0, sizeof(vec) * (size_t)(H + m->inputs));
        for (int p = 0, out = 0; p < m->parts; out += m->n_out[p++]) backward_part(m, a, t, p, out, w, s);
        memcpy(w->dh, w->dv, sizeof(vec) * H);
        if (a->grad_x)
            store_rows(w->dv + H, a->grad_x + step_at(m, step, m->inputs), row_stride(m, m->inputs), B, m->inputs, block);
    }
    store_rows(w->dh, a->grad_h0, H, B, H, block);
    store_rows(w->dc, a->grad_c0, H, B, H, block);
}
