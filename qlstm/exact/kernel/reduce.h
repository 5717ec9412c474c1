/* From lane sums to gradients: every chunk's sums are added in order, whatever thread made them. */

INLINE REAL total(vec v) {
    REAL sum = 0;
    for (int l = 0; l < LANES; l++) sum += v[l];
    return sum;
}

/* Add one chunk's lane sums to the gradients of the weights. The sums under a diagonal become those of its RZ
 * angles: dL/da_k = sum_i (+-)_k(i) grad[i], minus where bit k of i is 1; of a bridge minus where its bits differ. */
static void reduce_weights(const Shape *f, const Grad *grad, REAL *out, REAL *flat) {
    const int q = f->q, angles = f->rot ? 3 : 1;
    for (int layer = 0; layer < f->layers; layer++)
        for (int k = 0; k < q; k++) out[(layer * q + k) * angles + (f->rot ? 1 : 0)] += total(grad->ry[layer * q + k]);
    if (!f->diagonals) return;
    REAL *bridge = out + count_rotations(f);
    for (int layer = 0; layer < f->layers; layer++) {
        for (int i = 0; i < f->n; i++) flat[i] = total(grad->diagonal[layer * f->n + i]);
        for (int b = 0; b < f->bridges; b++) {
            REAL sum = 0;
            for (int i = 0; i < f->n; i++)
                sum += ((i >> f->bridge[2 * b]) ^ (i >> f->bridge[2 * b + 1])) & 1 ? -flat[i] : flat[i];
            bridge[layer * f->bridges + b] += sum;
        }
        if (!f->rot) continue;
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
